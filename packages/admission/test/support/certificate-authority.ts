import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate with its key, PEM. */
export interface ServingCertificate {
  cert: string;
  key: string;
}

/** An authority of one test. */
export interface CertificateAuthority {
  /** The field of a webhook's configuration: PEM in base64. */
  readonly caBundle: string;
  /** @param names - DNS names and addresses. @param endsMs - From now, negative = it has expired. Default one day. */
  issue(names: readonly string[], endsMs?: number): Promise<ServingCertificate>;
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

export async function createAuthority(): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const notBefore = new Date(Date.now() - 2 * DAY_MS);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=k-test-authority',
    notBefore,
    notAfter: new Date(Date.now() + DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    caBundle: Buffer.from(authority.toString('pem')).toString('base64'),
    async issue(names, endsMs = DAY_MS) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: 'CN=webhook',
        issuer: authority.subject,
        notBefore,
        notAfter: new Date(Date.now() + endsMs),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) > 0 ? 'ip' : 'dns', value }))),
          new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
        ],
      });
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { cert: certificate.toString('pem'), key };
    },
  };
}
