import { createPrivateKey, createPublicKey, X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { JsonGeneralName } from '@peculiar/x509';

type X509 = typeof import('@peculiar/x509');

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;

/** A certificate with its private key, PEM. */
export interface KeyAndCertificate {
  cert: string;
  key: string;
}

/** Everything that the server needs to be trusted and to trust its administrator. */
export interface ServerCertificates {
  ca: string;
  serving: KeyAndCertificate;
  /** Common name `kubernetes-admin`, organization `system:masters`. */
  admin: KeyAndCertificate;
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']) as Promise<webcrypto.CryptoKey>;
}

/** Loads the X.509 library, which only a start that makes a certificate needs. */
async function loadX509(): Promise<X509> {
  // The library looks for this polyfill as it loads.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function serial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

/** An authority that lasts ten years. @param name - Its common name, before the time at which it was made. */
export async function createCa(name: string): Promise<KeyAndCertificate> {
  const x509 = await loadX509();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}@${Math.floor(Date.now() / 1000)}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** A certificate that an authority issues for a year. */
export async function createLeaf(
  ca: KeyAndCertificate,
  subject: string,
  usage: 'serverAuth' | 'clientAuth',
  names: JsonGeneralName[],
): Promise<KeyAndCertificate> {
  const x509 = await loadX509();
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(ca.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: issuer.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + LEAF_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** True when a pair exists, was issued by the CA, has a month left and covers the names. */
export function isUsable(pair: KeyAndCertificate | null, ca: string, names: readonly JsonGeneralName[]): pair is KeyAndCertificate {
  if (pair === null) return false;
  const certificate = new NodeCertificate(pair.cert);
  if (Date.parse(certificate.validTo) < Date.now() + 30 * DAY_MS || !certificate.verify(createPublicKey(ca))) return false;
  return names.every(({ type, value }) => (type === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value)) !== undefined);
}

function readPair(dir: string, name: string): KeyAndCertificate | null {
  const cert = join(dir, `${name}.crt`);
  const key = join(dir, `${name}.key`);
  return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : null;
}

function writePair(dir: string, name: string, pair: KeyAndCertificate): void {
  writeFileSync(join(dir, `${name}.key`), pair.key, { mode: 0o600 });
  chmodSync(join(dir, `${name}.key`), 0o600);
  writeFileSync(join(dir, `${name}.crt`), pair.cert, { mode: 0o644 });
}

/**
 * A certificate by which kubelets know the server that the folder is of: they must trust its CA, and the rights that its
 * administrators have suffice there.
 *
 * @throws {Error} when the folder has no CA.
 */
export async function createKubeletClient(dir: string): Promise<KeyAndCertificate> {
  const ca = readPair(dir, 'ca');
  if (ca === null) throw new Error(`"${dir}" has no ca.crt and ca.key`);
  return createLeaf(ca, 'O=system:masters, CN=kube-apiserver-kubelet-client', 'clientAuth', []);
}

/**
 * Reads the certificates of a folder, making what is missing, expired or for other names.
 *
 * @param options - `addresses` are IPs and host names that clients will use.
 */
export async function ensureCertificates(options: { dir: string; addresses: readonly string[] }): Promise<ServerCertificates> {
  const { dir } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let ca = readPair(dir, 'ca');
  if (ca === null) {
    ca = await createCa('k-ca');
    writePair(dir, 'ca', ca);
  }
  const dns = [
    'localhost',
    hostname(),
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const isIp = (address: string): boolean => /^[\d.]+$/.test(address) || address.includes(':');
  const ips = ['127.0.0.1', '::1', ...options.addresses.filter(isIp)].filter((ip) => ip !== '0.0.0.0' && ip !== '::');
  const hosts = [...dns, ...options.addresses.filter((address) => !isIp(address))];
  const names: JsonGeneralName[] = [
    ...[...new Set(hosts)].map((value) => ({ type: 'dns' as const, value })),
    ...[...new Set(ips)].map((value) => ({ type: 'ip' as const, value })),
  ];
  let serving = readPair(dir, 'apiserver');
  if (!isUsable(serving, ca.cert, names)) {
    serving = await createLeaf(ca, 'CN=kube-apiserver', 'serverAuth', names);
    writePair(dir, 'apiserver', serving);
  }
  let admin = readPair(dir, 'admin');
  if (!isUsable(admin, ca.cert, [])) {
    admin = await createLeaf(ca, 'O=system:masters, CN=kubernetes-admin', 'clientAuth', []);
    writePair(dir, 'admin', admin);
  }
  return { ca: ca.cert, serving, admin };
}
