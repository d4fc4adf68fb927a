/** The last state in an etcd snapshot (`etcdctl snapshot save`) or database file (`member/snap/db`), for reading. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { KeyValueSchema } from '../../gen/etcd_pb.js';
import { BboltFile } from '../etcd/bbolt-file.js';
import type { KeyValueSource, StoredEntry } from './key-value-source.js';

const REVISION_BYTES = 17;
const HASH_BYTES = 32;
/** Databases are whole pages; what is left over is the hash that a snapshot ends with. */
const SECTOR_BYTES = 512;
const CHUNK_BYTES = 1024 * 1024;

/** Where the newest version of a key lies in the file. */
interface Place {
  offset: number;
  bytes: number;
  revision: string;
}

/**
 * Opens a snapshot.
 *
 * @param options.skipHashCheck - Reads a snapshot whose hash does not fit, to save what can be saved. Default false.
 * @throws {Error} for files that are damaged or something else.
 */
export function openSnapshot(file: string, options: { skipHashCheck?: boolean } = {}): KeyValueSource {
  if (options.skipHashCheck !== true) checkHash(file);
  const database = BboltFile.open(file);
  let places: Map<string, Place>;
  try {
    places = newestVersions(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const keys = [...places.keys()].sort(compareBytes);
  const read = (key: string): StoredEntry | null => {
    const place = places.get(key);
    if (place === undefined) return null;
    return { key, value: fromBinary(KeyValueSchema, database.read(place.offset, place.bytes)).value, revision: place.revision };
  };
  return {
    async list(prefix, { after, limit }) {
      const page: StoredEntry[] = [];
      let at = firstAfter(keys, after === '' ? prefix : after, after !== '');
      for (; page.length < limit && at < keys.length; at++) {
        const key = keys[at] as string;
        if (!key.startsWith(prefix)) break;
        page.push(read(key) as StoredEntry);
      }
      return page;
    },
    count: async (prefix) => keys.reduce((sum, key) => sum + (key.startsWith(prefix) ? 1 : 0), 0),
    get: async (key) => read(key),
    close: async () => database.close(),
  };
}

/** Versions come in the order of their revisions: main, '_', sub; a 't' behind them is a deletion. */
function newestVersions(database: BboltFile): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { key: revision, valueOffset, valueBytes } of database.bucket('key')) {
    if (revision.length < REVISION_BYTES) throw new Error('the bucket of keys has an entry that is no revision');
    const { key } = fromBinary(KeyValueSchema, database.read(valueOffset, valueBytes));
    const name = Buffer.from(key).toString('utf8');
    if (revision.length > REVISION_BYTES) places.delete(name);
    else places.set(name, { offset: valueOffset, bytes: valueBytes, revision: revision.readBigUInt64BE(0).toString() });
  }
  return places;
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function firstAfter(keys: readonly string[], key: string, isExclusive: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareBytes(keys[middle] as string, key);
    if (order < 0 || (isExclusive && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkHash(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size % SECTOR_BYTES !== HASH_BYTES) return;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0; at < size - HASH_BYTES; ) {
      const got = readSync(descriptor, chunk, 0, Math.min(CHUNK_BYTES, size - HASH_BYTES - at), at);
      if (got === 0) break;
      hash.update(chunk.subarray(0, got));
      at += got;
    }
    const stored = Buffer.alloc(HASH_BYTES);
    readSync(descriptor, stored, 0, HASH_BYTES, size - HASH_BYTES);
    if (!hash.digest().equals(stored)) throw new Error(`snapshot "${file}" is damaged: its hash does not fit its contents`);
  } finally {
    closeSync(descriptor);
  }
}
