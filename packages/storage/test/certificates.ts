import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** Files of a pair of PEMs. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

/** An authority for one test; everything it makes lies in `dir`. */
export class TestAuthority {
  readonly caFile: string;
  readonly #dir: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;

  private constructor(dir: string, keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#dir = dir;
    this.#keys = keys;
    this.#certificate = certificate;
    this.caFile = join(dir, `${certificate.serialNumber}.ca.crt`);
    writeFileSync(this.caFile, certificate.toString('pem'));
  }

  static async create(dir: string): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...common(),
      name: 'CN=test authority',
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(dir, keys, certificate);
  }

  /** Issues a certificate for 127.0.0.1, for servers and clients alike. */
  async issue(name: string): Promise<CertificateFiles> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...common(),
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
      ],
    });
    const files = { certFile: join(this.#dir, `${name}.crt`), keyFile: join(this.#dir, `${name}.key`) };
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    writeFileSync(files.certFile, certificate.toString('pem'));
    writeFileSync(files.keyFile, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }));
    return files;
  }
}

function common(): { serialNumber: string; notBefore: Date; notAfter: Date; signingAlgorithm: typeof ALGORITHM } {
  return {
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
