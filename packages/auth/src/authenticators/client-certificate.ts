import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { AuthenticationResult, Authenticator } from '../interface.js';

/** How client certificates are checked. */
export interface ClientCertificateOptions {
  /** PEM of one or more CAs. */
  clientCa: string;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** PEM blocks of a bundle. */
function splitPem(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

/**
 * Recognises TLS client certificates signed by the given CA: the common name is the user, organizations are groups.
 * The verdict is kept with the connection.
 */
export function createClientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  const authorities = splitPem(options.clientCa).map((pem) => new X509Certificate(pem));
  if (authorities.length === 0) throw new Error('clientCa holds no certificate');
  const verdicts = new WeakMap<TLSSocket, AuthenticationResult | null>();
  const check = (socket: TLSSocket): AuthenticationResult | null => {
    const peer = socket.getPeerCertificate?.(true);
    if (peer === undefined || peer === null || !peer.raw) return null;
    const certificate = new X509Certificate(peer.raw);
    const now = Date.now();
    if (Date.parse(certificate.validTo) < now || Date.parse(certificate.validFrom) > now) {
      throw new Error('the client certificate has expired or is not yet valid');
    }
    if (!authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey))) {
      throw new Error('the client certificate is signed by an unknown authority');
    }
    const usages = certificate.keyUsage as string[] | undefined;
    if (usages !== undefined && !usages.includes(CLIENT_AUTH))
      throw new Error('the client certificate may not be used for client authentication');
    const subject = peer.subject as unknown as Record<string, string | string[] | undefined>;
    const username = [subject['CN'] ?? ''].flat()[0] ?? '';
    if (username === '') return null;
    const groups = [subject['O'] ?? []].flat();
    return { user: { username, groups } };
  };
  return {
    name: 'x509',
    authenticate(request) {
      const { socket } = request;
      if (socket === undefined || typeof socket.getPeerCertificate !== 'function') return null;
      const known = verdicts.get(socket);
      if (known !== undefined) return known;
      const verdict = check(socket);
      verdicts.set(socket, verdict);
      return verdict;
    },
  };
}
