/**
 * The stored form of one version of one key:
 *
 *   bytes 0-7    create revision (float64, exact up to 2^53)
 *   bytes 8-15   mod revision
 *   bytes 16-23  revision of the version before, 0 = none
 *   bytes 24-31  expiry in milliseconds since the epoch, 0 = never
 *   byte  32     1 = put, 0 = deletion
 *   bytes 33-36  length of the key (uint32)
 *   …            key (UTF-8), value
 */
export interface VersionRecord {
  key: string;
  createRevision: number;
  modRevision: number;
  previousRevision: number;
  expiresAtMs: number;
  isPut: boolean;
  value: Buffer;
}

const HEAD_BYTES = 37;

/** Encodes a record into one buffer. */
export function encodeRecord(record: VersionRecord): Buffer {
  const keyBytes = Buffer.byteLength(record.key);
  const out = Buffer.allocUnsafe(HEAD_BYTES + keyBytes + record.value.length);
  out.writeDoubleBE(record.createRevision, 0);
  out.writeDoubleBE(record.modRevision, 8);
  out.writeDoubleBE(record.previousRevision, 16);
  out.writeDoubleBE(record.expiresAtMs, 24);
  out[32] = record.isPut ? 1 : 0;
  out.writeUInt32BE(keyBytes, 33);
  out.write(record.key, HEAD_BYTES, 'utf8');
  out.set(record.value, HEAD_BYTES + keyBytes);
  return out;
}

/** Decodes a record; the value is a copy, since LMDB reuses its pages. */
export function decodeRecord(bytes: Buffer, withValue = true): VersionRecord {
  const keyBytes = bytes.readUInt32BE(33);
  const valueStart = HEAD_BYTES + keyBytes;
  return {
    createRevision: bytes.readDoubleBE(0),
    modRevision: bytes.readDoubleBE(8),
    previousRevision: bytes.readDoubleBE(16),
    expiresAtMs: bytes.readDoubleBE(24),
    isPut: bytes[32] === 1,
    key: bytes.toString('utf8', HEAD_BYTES, valueStart),
    value: withValue ? Buffer.from(bytes.subarray(valueStart)) : Buffer.alloc(0),
  };
}
