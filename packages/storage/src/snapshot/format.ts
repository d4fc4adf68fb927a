/**
 * The snapshot file: one revision of a store, readable front to back without knowing its size.
 *
 *   8 bytes      "k-snap1\n"
 *   uint32       length of the head, then the head: JSON {@link SnapshotHead}
 *   per row      uint32 length of the row, then
 *                  uint16 length of the key, float64 create revision, float64 mod revision,
 *                  float64 expiry in milliseconds since the epoch (0 = never), key (UTF-8), value
 *   uint32       0
 *   float64      number of rows
 *   32 bytes     SHA-256 of all that stands before
 *
 * All numbers are big-endian. Values are the stored bytes: what is encrypted at rest stays encrypted.
 */
import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { StorageError } from '../errors.js';
import type { KeyValue } from '../key-value-store.js';

const MAGIC = Buffer.from('k-snap1\n');
const ROW_HEAD_BYTES = 26;
const TRAILER_BYTES = 8 + 32;
/** Longer rows do not occur: a length beyond it is damage, not a reason to allocate. */
const ROW_BYTES_MAX = 256 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;

/** What a snapshot says of itself. */
export interface SnapshotHead {
  /** The store's revision that it shows. */
  revision: number;
  /** When it was begun, RFC 3339. */
  createdAt: string;
  /** Keys begin with it. */
  prefix: string;
}

/** The file is no snapshot, or a damaged one. */
export function invalidSnapshot(path: string, reason: string): StorageError<'STORAGE_SNAPSHOT_INVALID'> {
  return new StorageError('STORAGE_SNAPSHOT_INVALID', `"${path}" is not a usable snapshot: ${reason}`, { path, reason });
}

/** Makes the bytes of a snapshot, in order. */
export class SnapshotEncoder {
  readonly #hash: Hash = createHash('sha256');
  #count = 0;

  get count(): number {
    return this.#count;
  }

  head(head: SnapshotHead): Buffer {
    const json = Buffer.from(JSON.stringify(head));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(json.length);
    return this.#hashed(Buffer.concat([MAGIC, length, json]));
  }

  row(kv: KeyValue): Buffer {
    const keyBytes = Buffer.byteLength(kv.key);
    const out = Buffer.allocUnsafe(4 + ROW_HEAD_BYTES + keyBytes + kv.value.length);
    out.writeUInt32BE(out.length - 4, 0);
    out.writeUInt16BE(keyBytes, 4);
    out.writeDoubleBE(kv.createRevision, 6);
    out.writeDoubleBE(kv.modRevision, 14);
    out.writeDoubleBE(kv.expiresAtMs ?? 0, 22);
    out.write(kv.key, 4 + ROW_HEAD_BYTES, 'utf8');
    out.set(kv.value, 4 + ROW_HEAD_BYTES + keyBytes);
    this.#count++;
    return this.#hashed(out);
  }

  trailer(): { bytes: Buffer; checksum: string } {
    const end = Buffer.alloc(12);
    end.writeDoubleBE(this.#count, 4);
    this.#hashed(end);
    const digest = this.#hash.digest();
    return { bytes: Buffer.concat([end, digest]), checksum: digest.toString('hex') };
  }

  #hashed(bytes: Buffer): Buffer {
    this.#hash.update(bytes);
    return bytes;
  }
}

/** One pass over a snapshot file. */
export interface SnapshotReading {
  head: SnapshotHead;
  /** Throws `STORAGE_SNAPSHOT_INVALID` at the first damage, at the latest after the last row. */
  rows: AsyncIterable<KeyValue>;
  /** After the last row: SHA-256 as hex. */
  checksum(): string;
  close(): Promise<void>;
}

/** @throws StorageError `STORAGE_SNAPSHOT_INVALID` when it does not begin like a snapshot. */
export async function readSnapshot(path: string): Promise<SnapshotReading> {
  const file = await open(path, 'r');
  const hash = createHash('sha256');
  let buffered = Buffer.alloc(0);
  let checksum = '';

  /** The next `length` bytes; fewer at the end of the file. */
  const take = async (length: number): Promise<Buffer> => {
    if (buffered.length < length) {
      const parts = [buffered];
      for (let have = buffered.length; have < length; ) {
        const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length - have));
        const { bytesRead } = await file.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        parts.push(chunk.subarray(0, bytesRead));
        have += bytesRead;
      }
      buffered = Buffer.concat(parts);
    }
    const out = buffered.subarray(0, length);
    buffered = buffered.subarray(out.length);
    return out;
  };
  const need = async (length: number): Promise<Buffer> => {
    const bytes = await take(length);
    if (bytes.length < length) throw invalidSnapshot(path, 'it ends too early');
    return bytes;
  };
  const hashed = async (length: number): Promise<Buffer> => {
    const bytes = await need(length);
    hash.update(bytes);
    return bytes;
  };

  async function* rows(): AsyncGenerator<KeyValue> {
    let count = 0;
    for (;;) {
      const length = (await hashed(4)).readUInt32BE(0);
      if (length === 0) break;
      if (length < ROW_HEAD_BYTES || length > ROW_BYTES_MAX) throw invalidSnapshot(path, `row ${count + 1} has an impossible length`);
      const row = await hashed(length);
      const keyEnd = ROW_HEAD_BYTES + row.readUInt16BE(0);
      if (keyEnd > length) throw invalidSnapshot(path, `row ${count + 1} has an impossible key`);
      const expiresAtMs = row.readDoubleBE(18);
      count++;
      yield {
        key: row.toString('utf8', ROW_HEAD_BYTES, keyEnd),
        value: row.subarray(keyEnd),
        createRevision: row.readDoubleBE(2),
        modRevision: row.readDoubleBE(10),
        ...(expiresAtMs > 0 ? { expiresAtMs } : {}),
      };
    }
    const trailer = await need(TRAILER_BYTES);
    hash.update(trailer.subarray(0, 8));
    const digest = hash.digest();
    if (!digest.equals(trailer.subarray(8))) throw invalidSnapshot(path, 'its checksum does not match');
    if (trailer.readDoubleBE(0) !== count) throw invalidSnapshot(path, `it has ${count} rows instead of ${trailer.readDoubleBE(0)}`);
    if ((await take(1)).length > 0) throw invalidSnapshot(path, 'something follows its end');
    checksum = digest.toString('hex');
  }

  try {
    const magic = await take(MAGIC.length);
    if (!magic.equals(MAGIC)) throw invalidSnapshot(path, 'it does not begin like one');
    hash.update(magic);
    const headLength = (await hashed(4)).readUInt32BE(0);
    if (headLength > 65536) throw invalidSnapshot(path, 'its head has an impossible length');
    const head = parseHead(await hashed(headLength), path);
    return { head, rows: rows(), checksum: () => checksum, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function parseHead(json: Buffer, path: string): SnapshotHead {
  try {
    const { revision, createdAt, prefix } = JSON.parse(json.toString('utf8')) as Partial<SnapshotHead>;
    if (Number.isSafeInteger(revision) && typeof createdAt === 'string' && typeof prefix === 'string') {
      return { revision: revision as number, createdAt, prefix };
    }
  } catch {
    // Said below.
  }
  throw invalidSnapshot(path, 'its head makes no sense');
}
