import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { AuthenticationResult, Authenticator } from '../interface.js';

/** How client certificates are checked. */
export interface ClientCertificateOptions {
  /** PEM of one or more CAs. */
  clientCa: string;
}

/** Extended key usages that let a certificate stand for a client: client authentication, and any. */
const CLIENT_USAGES: readonly string[] = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];
/** The attribute of a subject that holds the user's uid. */
const UID_ATTRIBUTE = '1.3.6.1.4.1.57683.2';
/** Certificates between a client's and a CA that are looked at. */
const INTERMEDIATES_MAX = 8;

/** PEM blocks of a bundle. */
function splitPem(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

function isInForce(certificate: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

function isSignedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return ca.ca && isInForce(ca) && certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

/** Follows the certificates that the client sent up to one of the authorities. */
function isTrusted(peer: DetailedPeerCertificate, authorities: readonly X509Certificate[]): boolean {
  let current = peer;
  for (let i = 0; i <= INTERMEDIATES_MAX; i++) {
    const certificate = new X509Certificate(current.raw);
    if (authorities.some((ca) => isSignedBy(certificate, ca))) return true;
    const next = current.issuerCertificate;
    if (!next?.raw || next === current || !isSignedBy(certificate, new X509Certificate(next.raw))) return false;
    current = next;
  }
  return false;
}

/**
 * Recognises TLS client certificates signed by the given CA, also over intermediates that the client sends: the common
 * name is the user, organizations are groups. The verdict is kept with the connection, for as long as the certificate
 * is in force.
 *
 * @throws {Error} when `clientCa` holds no certificate.
 */
export function createClientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  const authorities = splitPem(options.clientCa).map((pem) => new X509Certificate(pem));
  if (authorities.length === 0) throw new Error('clientCa holds no certificate');
  const verdicts = new WeakMap<TLSSocket, { result: AuthenticationResult | null; endsMs: number }>();
  const check = (socket: TLSSocket): { result: AuthenticationResult | null; endsMs: number } => {
    const peer = socket.getPeerCertificate(true);
    if (!peer?.raw) return { result: null, endsMs: Number.POSITIVE_INFINITY };
    const certificate = new X509Certificate(peer.raw);
    if (!isInForce(certificate)) throw new Error('the client certificate has expired or is not yet valid');
    if (!isTrusted(peer, authorities)) throw new Error('the client certificate is signed by an unknown authority');
    const usages = certificate.keyUsage as string[] | undefined;
    if (usages !== undefined && !usages.some((usage) => CLIENT_USAGES.includes(usage)))
      throw new Error('the client certificate may not be used for client authentication');
    return { result: identityOf(peer, certificate), endsMs: Date.parse(certificate.validTo) };
  };
  return {
    name: 'x509',
    authenticate(request) {
      const { socket } = request;
      if (socket === undefined || typeof socket.getPeerCertificate !== 'function') return null;
      const known = verdicts.get(socket);
      if (known !== undefined && Date.now() <= known.endsMs) return known.result;
      const verdict = check(socket);
      verdicts.set(socket, verdict);
      return verdict.result;
    },
  };
}

/** The user that a certificate names; null without a common name. */
function identityOf(peer: DetailedPeerCertificate, certificate: X509Certificate): AuthenticationResult | null {
  const subject = peer.subject as unknown as Record<string, string | string[] | undefined>;
  const username = [subject['CN'] ?? ''].flat()[0] ?? '';
  if (username === '') return null;
  const uids = [subject[UID_ATTRIBUTE] ?? []].flat();
  if (uids.length > 1) throw new Error('the client certificate names more than one uid');
  const [uid] = uids;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    user: {
      username,
      ...(uid === undefined ? {} : { uid }),
      groups: [subject['O'] ?? []].flat(),
      extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
    },
  };
}
