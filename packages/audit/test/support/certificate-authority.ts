import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** PEM texts. */
export interface KeyPair {
  cert: string;
  key: string;
}

/** An authority of one test. */
export interface CertificateAuthority {
  readonly pem: string;
  /** @param names - DNS names and addresses. @param endsMs - From now; negative = it has expired. */
  issue(names: readonly string[], endsMs?: number): Promise<KeyPair>;
}

export async function createAuthority(name = 'audit-test-authority'): Promise<CertificateAuthority> {
  const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
  const keys = await newKeys();
  const span = (endsMs: number) => ({
    notBefore: new Date(Date.now() - 2 * DAY_MS),
    notAfter: new Date(Date.now() + endsMs),
    signingAlgorithm: ALGORITHM,
  });
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...span(DAY_MS),
    name: `CN=${name}`,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    pem: authority.toString('pem'),
    async issue(names, endsMs = DAY_MS) {
      const own = await newKeys();
      const leaf = await x509.X509CertificateGenerator.create({
        ...span(endsMs),
        subject: `CN=${names[0]}`,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) > 0 ? 'ip' : 'dns', value }))),
          new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
        ],
      });
      return {
        cert: leaf.toString('pem'),
        key: x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY'),
      };
    },
  };
}
