/** Whether a certificate that a client shows leads to an authority, and may be shown by clients. */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** Extended key usages that let a certificate stand for a client: client authentication, and any. */
const CLIENT_USAGES: readonly string[] = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];
/** Certificates between a client's and a CA that are looked at. */
const INTERMEDIATES_MAX = 8;

/** A client's certificate that holds. */
export interface VerifiedCertificate {
  readonly peer: DetailedPeerCertificate;
  readonly certificate: X509Certificate;
}

/** The certificates of a bundle. @throws {Error} naming `what` when it holds none. */
export function parseAuthorities(pem: string, what: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`${what} holds no certificate`);
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * Checks the certificate of a connection.
 *
 * @returns Null when the client showed none.
 * @throws {Error} that says why it does not hold.
 */
export function verifyClientCertificate(socket: TLSSocket, authorities: readonly X509Certificate[]): VerifiedCertificate | null {
  const peer = socket.getPeerCertificate(true);
  if (!peer?.raw) return null;
  const certificate = new X509Certificate(peer.raw);
  if (!isInForce(certificate)) throw new Error('the client certificate has expired or is not yet valid');
  if (!isTrusted(peer, authorities)) throw new Error('the client certificate is signed by an unknown authority');
  const usages = certificate.keyUsage as string[] | undefined;
  if (usages !== undefined && !usages.some((usage) => CLIENT_USAGES.includes(usage)))
    throw new Error('the client certificate may not be used for client authentication');
  return { peer, certificate };
}

/** The first common name of a certificate; '' for none. */
export function commonNameOf(peer: DetailedPeerCertificate): string {
  return [(peer.subject as unknown as Record<string, string | string[] | undefined>)['CN'] ?? ''].flat()[0] ?? '';
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
