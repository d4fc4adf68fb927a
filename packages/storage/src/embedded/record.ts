/**
 * The stored form of one version of one key:
 *
 *   bytes 0-3    CRC-32 of all that follows
 *   byte  4      1 = put, 0 = deletion
 *   bytes 5-8    length of the key (uint32)
 *   bytes 9-16   create revision (float64, exact up to 2^53)
 *   bytes 17-24  mod revision
 *   bytes 25-32  mod revision of the version before, 0 = none
 *   bytes 33-40  expiry in milliseconds since the epoch, 0 = never
 *   …            key (UTF-8), value
 *
 * All numbers are big-endian. Data on disk has this form: a change needs a new format version.
 */
import { crc32 } from 'node:zlib';
import { StorageError } from '../errors.js';
import type { KeyValue } from '../key-value-store.js';

/** One version of one key. */
export interface VersionRecord {
  key: string;
  createRevision: number;
  modRevision: number;
  previousRevision: number;
  expiresAtMs: number;
  isPut: boolean;
  value: Buffer;
}

const HEAD_BYTES = 41;

/** Encodes a record into one buffer. */
export function encodeRecord(record: VersionRecord): Buffer {
  const keyBytes = Buffer.byteLength(record.key);
  const out = Buffer.allocUnsafe(HEAD_BYTES + keyBytes + record.value.length);
  out[4] = record.isPut ? 1 : 0;
  out.writeUInt32BE(keyBytes, 5);
  out.writeDoubleBE(record.createRevision, 9);
  out.writeDoubleBE(record.modRevision, 17);
  out.writeDoubleBE(record.previousRevision, 25);
  out.writeDoubleBE(record.expiresAtMs, 33);
  out.write(record.key, HEAD_BYTES, 'utf8');
  out.set(record.value, HEAD_BYTES + keyBytes);
  out.writeUInt32BE(crc32(out.subarray(4)), 0);
  return out;
}

/**
 * Decodes a record; the value is a view of `bytes`.
 *
 * @throws StorageError `STORAGE_CORRUPT` when the checksum does not match.
 */
export function decodeRecord(bytes: Buffer): VersionRecord {
  if (bytes.length < HEAD_BYTES || crc32(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {
    throw new StorageError('STORAGE_CORRUPT', 'a record of the embedded store is damaged: its checksum does not match', { key: '' });
  }
  const valueStart = HEAD_BYTES + bytes.readUInt32BE(5);
  return {
    createRevision: bytes.readDoubleBE(9),
    modRevision: bytes.readDoubleBE(17),
    previousRevision: bytes.readDoubleBE(25),
    expiresAtMs: bytes.readDoubleBE(33),
    isPut: bytes[4] === 1,
    key: bytes.toString('utf8', HEAD_BYTES, valueStart),
    value: bytes.subarray(valueStart),
  };
}

/** What a reader gets; `null` for a deletion. */
export function toKeyValue(record: VersionRecord | null): KeyValue | null {
  if (record === null || !record.isPut) return null;
  const { key, value, createRevision, modRevision, expiresAtMs } = record;
  return expiresAtMs > 0 ? { key, value, createRevision, modRevision, expiresAtMs } : { key, value, createRevision, modRevision };
}
