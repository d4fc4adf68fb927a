import type { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { AuthenticationResult, Authenticator } from '../interface.js';
import { commonNameOf, parseAuthorities, verifyClientCertificate } from './certificate-chain.js';

/** How client certificates are checked. */
export interface ClientCertificateOptions {
  /** PEM of one or more CAs. */
  clientCa: string;
}

/** The attribute of a subject that holds the user's uid. */
const UID_ATTRIBUTE = '1.3.6.1.4.1.57683.2';

/**
 * Recognises TLS client certificates signed by the given CA, also over intermediates that the client sends: the common
 * name is the user, organizations are groups. The verdict is kept with the connection, for as long as the certificate
 * is in force.
 *
 * @throws {Error} when `clientCa` holds no certificate.
 */
export function createClientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  const authorities = parseAuthorities(options.clientCa, 'clientCa');
  const verdicts = new WeakMap<TLSSocket, { result: AuthenticationResult | null; endsMs: number }>();
  const check = (socket: TLSSocket): { result: AuthenticationResult | null; endsMs: number } => {
    const verified = verifyClientCertificate(socket, authorities);
    if (verified === null) return { result: null, endsMs: Number.POSITIVE_INFINITY };
    const { peer, certificate } = verified;
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
  const username = commonNameOf(peer);
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
