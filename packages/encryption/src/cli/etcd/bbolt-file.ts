/**
 * Reads bbolt files, the format of etcd's database and its snapshots: a B+tree of pages per bucket, buckets in a root
 * bucket, two meta pages of which the valid one with the higher transaction counts. Reads only, page by page, so that
 * the file may be larger than memory; whatever is damaged is an error, never a hang.
 *
 * @see https://github.com/etcd-io/bbolt for the layout; all numbers little-endian.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xed0cdaed;
const VERSION = 2;
const PAGE_HEADER_BYTES = 16;
const META_BYTES = 64;
const BRANCH_ELEMENT_BYTES = 16;
const LEAF_ELEMENT_BYTES = 16;
const BUCKET_HEADER_BYTES = 16;
const IS_BRANCH = 0x01;
const IS_LEAF = 0x02;
const IS_BUCKET = 0x01;
/** A tree of this depth would not fit on any disk. */
const DEPTH_MAX = 64;
const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** One entry of a bucket; its value is read when asked for. */
export interface BboltEntry {
  key: Buffer;
  valueOffset: number;
  valueBytes: number;
  isBucket: boolean;
}

/** An open file. */
export class BboltFile {
  readonly #descriptor: number;
  readonly #name: string;
  readonly #sizeBytes: number;
  readonly #pageBytes: number;
  readonly #rootPage: number;

  /** @throws {Error} when the file is missing or no bbolt file. */
  static open(file: string): BboltFile {
    return new BboltFile(openSync(file, 'r'), file);
  }

  private constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor;
    this.#name = name;
    this.#sizeBytes = fstatSync(descriptor).size;
    try {
      const meta = this.#findMeta();
      this.#pageBytes = meta.pageBytes;
      this.#rootPage = meta.rootPage;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The entries of a bucket of the root, in the order of their keys. */
  *bucket(name: string): Generator<BboltEntry> {
    for (const entry of this.#walk(this.#rootPage, 0)) {
      if (!entry.isBucket || entry.key.toString('utf8') !== name) continue;
      const header = this.read(entry.valueOffset, entry.valueBytes);
      if (header.length < BUCKET_HEADER_BYTES) throw this.#damage(`bucket "${name}" has no header`);
      const page = Number(header.readBigUInt64LE(0));
      // A small bucket lies inside the value that names it.
      if (page === 0) yield* this.#leaf(header.subarray(BUCKET_HEADER_BYTES), entry.valueOffset + BUCKET_HEADER_BYTES);
      else yield* this.#walk(page, 0);
      return;
    }
    throw this.#damage(`it has no bucket "${name}"`);
  }

  /** Bytes of the file. */
  read(offset: number, count: number): Buffer {
    if (offset < 0 || count < 0 || offset + count > this.#sizeBytes) throw this.#damage(`it ends before byte ${offset + count}`);
    const bytes = Buffer.allocUnsafe(count);
    for (let done = 0; done < count; ) {
      const got = readSync(this.#descriptor, bytes, done, count - done, offset + done);
      if (got === 0) throw this.#damage(`it ends before byte ${offset + count}`);
      done += got;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #damage(what: string): Error {
    return new Error(`"${this.#name}" is damaged or no bbolt file: ${what}`);
  }

  #findMeta(): { pageBytes: number; rootPage: number } {
    let best: { pageBytes: number; rootPage: number; transaction: bigint } | null = null;
    // The second meta page begins where the first page ends, which only a meta page tells: try every page size.
    for (const offset of [0, ...Array.from({ length: 8 }, (_, i) => 512 << i)]) {
      if (offset + PAGE_HEADER_BYTES + META_BYTES > this.#sizeBytes) break;
      const meta = this.read(offset + PAGE_HEADER_BYTES, META_BYTES);
      if (meta.readUInt32LE(0) !== MAGIC || meta.readUInt32LE(4) !== VERSION) continue;
      if (meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) continue;
      const transaction = meta.readBigUInt64LE(48);
      const pageBytes = meta.readUInt32LE(8);
      if (offset !== 0 && offset !== pageBytes) continue;
      if (best === null || transaction > best.transaction) best = { pageBytes, rootPage: Number(meta.readBigUInt64LE(16)), transaction };
    }
    if (best === null || best.pageBytes < 512) throw this.#damage('no valid meta page');
    return best;
  }

  *#walk(page: number, depth: number): Generator<BboltEntry> {
    if (depth > DEPTH_MAX) throw this.#damage('its pages form a circle');
    const offset = page * this.#pageBytes;
    const header = this.read(offset, PAGE_HEADER_BYTES);
    const flags = header.readUInt16LE(8);
    const bytes = this.read(offset, (header.readUInt32LE(12) + 1) * this.#pageBytes);
    if ((flags & IS_LEAF) !== 0) yield* this.#leaf(bytes, offset);
    else if ((flags & IS_BRANCH) !== 0) {
      const count = bytes.readUInt16LE(10);
      if (PAGE_HEADER_BYTES + count * BRANCH_ELEMENT_BYTES > bytes.length) throw this.#damage(`page ${page} is too full`);
      for (let i = 0; i < count; i++) {
        yield* this.#walk(Number(bytes.readBigUInt64LE(PAGE_HEADER_BYTES + i * BRANCH_ELEMENT_BYTES + 8)), depth + 1);
      }
    } else throw this.#damage(`page ${page} is neither branch nor leaf`);
  }

  *#leaf(bytes: Buffer, offset: number): Generator<BboltEntry> {
    if (bytes.length < PAGE_HEADER_BYTES) throw this.#damage('a page has no header');
    const count = bytes.readUInt16LE(10);
    for (let i = 0; i < count; i++) {
      const at = PAGE_HEADER_BYTES + i * LEAF_ELEMENT_BYTES;
      if (at + LEAF_ELEMENT_BYTES > bytes.length) throw this.#damage('a page is too full');
      const keyAt = at + bytes.readUInt32LE(at + 4);
      const keyBytes = bytes.readUInt32LE(at + 8);
      const valueBytes = bytes.readUInt32LE(at + 12);
      if (keyAt + keyBytes + valueBytes > bytes.length) throw this.#damage('an entry reaches over the end of its page');
      yield {
        key: bytes.subarray(keyAt, keyAt + keyBytes),
        valueOffset: offset + keyAt + keyBytes,
        valueBytes,
        isBucket: (bytes.readUInt32LE(at) & IS_BUCKET) !== 0,
      };
    }
  }
}

/** The checksum of meta pages, 64 bits. */
function fnv1a(bytes: Uint8Array): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}
