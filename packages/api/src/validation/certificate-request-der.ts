/** PKCS #10 requests: their outer structure and their signature. Fault texts are those of Go's libraries. */
import { createPublicKey, verify } from 'node:crypto';
import { pemBlocks } from './pem.js';

interface Element {
  tag: number;
  /** The element with its head, and what it holds. */
  whole: Buffer;
  content: Buffer;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/** Reads the element at the start of `der`; null when it is cut short. */
function readElement(der: Buffer): Element | null {
  const tag = der[0];
  let length = der[1];
  if (tag === undefined || length === undefined) return null;
  let start = 2;
  if (length >= 0x80) {
    const bytes = length & 0x7f;
    if (bytes === 0 || bytes > 4 || der.length < 2 + bytes) return null;
    length = der.readUIntBE(2, bytes);
    start = 2 + bytes;
  }
  const end = start + length;
  return end > der.length ? null : { tag, whole: der.subarray(0, end), content: der.subarray(start, end) };
}

/** The elements that a structure holds; null when one is cut short. */
function readAll(content: Buffer): Element[] | null {
  const out: Element[] = [];
  for (let rest = content; rest.length > 0; ) {
    const element = readElement(rest);
    if (element === null) return null;
    out.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return out;
}

const MALFORMED = 'asn1: structure error: malformed certificate request';

/** Go names the parts of the first byte when it is not that of a sequence. */
function tagFault(der: Buffer): string {
  const first = der[0] as number;
  const length = der[1] ?? 0;
  const found = `{class:${first >> 6} tag:${first & 0x1f} length:${length} isCompound:${(first & 0x20) !== 0}}`;
  const wanted =
    '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';
  return `asn1: structure error: tags don't match (16 vs ${found}) ${wanted} certificateRequest @2`;
}

/** Signature algorithms by the bytes of their identifiers, with the digest that the key is used with. */
const ALGORITHMS: Readonly<Record<string, readonly [name: 'RSA' | 'ECDSA' | 'Ed25519', digest: string | null]>> = {
  '2a864886f70d01010b': ['RSA', 'sha256'],
  '2a864886f70d01010c': ['RSA', 'sha384'],
  '2a864886f70d01010d': ['RSA', 'sha512'],
  '2a8648ce3d040302': ['ECDSA', 'sha256'],
  '2a8648ce3d040303': ['ECDSA', 'sha384'],
  '2a8648ce3d040304': ['ECDSA', 'sha512'],
  '2b6570': ['Ed25519', null],
};
const KEY_TYPES: Readonly<Record<string, string>> = { RSA: 'rsa', ECDSA: 'ec', Ed25519: 'ed25519' };

function derFault(der: Buffer): string | null {
  if (der.length === 0) return 'asn1: syntax error: sequence truncated';
  if (der[0] !== SEQUENCE) return tagFault(der);
  const request = readElement(der);
  if (request === null) return 'asn1: syntax error: data truncated';
  if (request.whole.length < der.length) return 'asn1: syntax error: trailing data';
  const [info, algorithm, signature] = readAll(request.content) ?? [];
  if (info?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return MALFORMED;
  const key = readAll(info.content)?.[2];
  if (key?.tag !== SEQUENCE) return MALFORMED;
  const [name, digest] = ALGORITHMS[readAll(algorithm.content)?.[0]?.content.toString('hex') ?? ''] ?? [];
  if (name === undefined) return 'x509: cannot verify signature: algorithm unimplemented';
  const fault = name === 'RSA' ? 'crypto/rsa: verification error' : `x509: ${name} verification failure`;
  try {
    const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' });
    if (publicKey.asymmetricKeyType !== KEY_TYPES[name]) {
      return `x509: signature algorithm specifies an ${name} public key, but have public key of another type`;
    }
    return verify(digest ?? null, info.whole, publicKey, signature.content.subarray(1)) ? null : fault;
  } catch {
    return MALFORMED;
  }
}

/** The fault of a request in PEM, or none: its frame, its structure, the proof that the sender has the key. */
export function certificateRequestFault(pem: string): string | null {
  const [first] = pemBlocks(pem);
  if (first?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  return derFault(first.der);
}
