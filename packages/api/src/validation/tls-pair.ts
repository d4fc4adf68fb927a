/** Whether a certificate and a key belong together; the texts are those of Go's TLS library. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type PemBlock, pemBlocks } from './pem.js';

const list = (blocks: readonly PemBlock[]): string => `[${blocks.map(({ type }) => type).join(' ')}]`;

function certificateFault(skipped: readonly PemBlock[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (skipped.length === 1 && skipped[0]?.type.endsWith('PRIVATE KEY') === true) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${list(skipped)}`;
}

function keyFault(skipped: readonly PemBlock[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in key input';
  if (skipped.length === 1 && skipped[0]?.type === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${list(skipped)}`;
}

const isKey = ({ type }: PemBlock): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

/** The fault of a pair, or none. */
function pairFault(certificatePem: string, keyPem: string): string | null {
  const certificates = pemBlocks(certificatePem);
  const first = certificates.find(({ type }) => type === 'CERTIFICATE');
  if (first === undefined) return certificateFault(certificates);
  const keys = pemBlocks(keyPem);
  const keyBlock = keys.find(isKey);
  if (keyBlock === undefined) return keyFault(keys);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(first.text);
  } catch {
    return 'x509: malformed certificate';
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(keyBlock.text);
  } catch {
    return 'tls: failed to parse private key';
  }
  if (key.asymmetricKeyType !== certificate.publicKey.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return certificate.checkPrivateKey(key) ? null : 'tls: private key does not match public key';
}

/** One warning at most about a certificate and its key, both in PEM. */
export function keyPairWarnings(certificatePem: string, keyPem: string): string[] {
  const fault = pairFault(certificatePem, keyPem);
  return fault === null ? [] : [fault];
}
