/** Real authorities and certificates of one test, and a TLS connection that shows one. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const ANY_USAGE = '2.5.29.37.0';

export interface Leaf {
  /** The certificate and, after it, what lies between it and the root. */
  cert: string;
  key: string;
}

export interface LeafOptions {
  /** `none` leaves the extension out. Default client authentication. */
  usages?: string[] | 'none';
  /** From now. Default an hour ago and in an hour. */
  startsMs?: number;
  endsMs?: number;
}

export interface Authority {
  readonly pem: string;
  issue(subject: x509.JsonName, options?: LeafOptions): Promise<Leaf>;
  /** An authority below this one; what it issues carries its certificate along. */
  intermediate(name: string, isCa?: boolean): Promise<Authority>;
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
const span = (startsMs = -HOUR_MS, endsMs = HOUR_MS) => ({
  notBefore: new Date(Date.now() + startsMs),
  notAfter: new Date(Date.now() + endsMs),
  signingAlgorithm: ALGORITHM,
});

function authorityOf(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair, chain: string): Authority {
  return {
    pem: certificate.toString('pem'),
    async issue(subject, { usages = [CLIENT_AUTH], startsMs, endsMs } = {}) {
      const own = await newKeys();
      const leaf = await x509.X509CertificateGenerator.create({
        ...span(startsMs, endsMs),
        subject: new x509.Name(subject).toString(),
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: usages === 'none' ? [] : [new x509.ExtendedKeyUsageExtension(usages)],
      });
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return { cert: `${leaf.toString('pem')}\n${chain}`, key };
    },
    async intermediate(name, isCa = true) {
      const own = await newKeys();
      const below = await x509.X509CertificateGenerator.create({
        ...span(),
        subject: `CN=${name}`,
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new x509.BasicConstraintsExtension(isCa, undefined, true)],
      });
      return authorityOf(below, own, `${below.toString('pem')}\n${chain}`);
    },
  };
}

export async function createAuthority(name: string, endsMs?: number): Promise<Authority> {
  const keys = await newKeys();
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...span(-2 * HOUR_MS, endsMs),
    name: `CN=${name}`,
    keys,
    extensions,
  });
  return authorityOf(certificate, keys, '');
}

/** Runs `use` with the server's end of a connection whose client shows the certificate, or none. */
export async function withConnection<T>(serving: Leaf, client: Leaf | null, use: (socket: TLSSocket) => T | Promise<T>): Promise<T> {
  const server = createServer({ ...serving, requestCert: true, rejectUnauthorized: false }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(client ?? {}) });
  try {
    const [accepted] = (await once(server, 'secureConnection')) as [TLSSocket];
    return await use(accepted);
  } finally {
    socket.destroy();
    server.close();
  }
}
