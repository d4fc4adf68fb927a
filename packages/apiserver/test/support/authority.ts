/** Real authorities and the certificates that they issue. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

export interface Leaf {
  cert: string;
  key: string;
}

export interface Authority {
  readonly pem: string;
  /** For a client of that common name; with names, for a server. */
  issue(commonName: string, hosts?: readonly string[]): Promise<Leaf>;
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
const span = () => ({
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + 24 * HOUR_MS),
  signingAlgorithm: ALGORITHM,
});

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await newKeys();
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const ca = await x509.X509CertificateGenerator.createSelfSigned({ ...span(), name: `CN=${name}`, keys, extensions });
  return {
    pem: ca.toString('pem'),
    async issue(commonName, hosts = []) {
      const own = await newKeys();
      const usage = x509.ExtendedKeyUsage[hosts.length > 0 ? 'serverAuth' : 'clientAuth'];
      const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
      const leaf = await x509.X509CertificateGenerator.create({
        ...span(),
        subject: `CN=${commonName}`,
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.ExtendedKeyUsageExtension([usage]),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        ],
      });
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { cert: leaf.toString('pem'), key };
    },
  };
}
