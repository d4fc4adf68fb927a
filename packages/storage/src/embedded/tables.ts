/**
 * The embedded store's tables in one LMDB file:
 *
 *   log      revision → record of the change (record.ts); versions that compaction has dropped are gone
 *   index    key → create and mod revision of the live version, and its expiry
 *   old      key, 0, revision of a replaced version → revision that replaced it
 *   expiry   expiry time, key → nothing
 *   meta     format, revision, compacted, swept, restoring
 *
 * Revisions and times are big-endian float64, which sort like the numbers they are.
 */
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { StorageError } from '../errors.js';
import { checkDataFile } from './data-file.js';
import { decodeRecord, type VersionRecord } from './record.js';

/** Raised when the tables or records change; an older program must not open a newer folder. */
const FORMAT = 1;
/** LMDB's limit is 1,978; the old table adds nine bytes to a key. */
export const KEY_BYTES_MAX = 1900;

export type MetaName = 'format' | 'revision' | 'compacted' | 'swept' | 'restoring';

/** A live key. */
export interface IndexEntry {
  key: string;
  createRevision: number;
  modRevision: number;
  /** Milliseconds since the epoch, 0 = never. */
  expiresAtMs: number;
}

/** A version that was replaced. */
export interface OldEntry {
  key: string;
  revision: number;
  replacedBy: number;
}

type Table = Database<Buffer, Buffer>;

const NOTHING = (): void => {};
/** LMDB's declarations know this option of the synchronous call alone. */
const APPEND = { append: true } as unknown as number;

/** Reads and writes of the tables; knows nothing of queues or watches. */
export class Tables {
  readonly path: string;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #log: Table;
  readonly #index: Table;
  readonly #old: Table;
  readonly #expiry: Table;
  readonly #meta: Table;
  /** Of the newest record that is there, or was to be. */
  #lastRevision = 0;

  private constructor(path: string, root: RootDatabase<Buffer, Buffer>) {
    this.path = path;
    this.#root = root;
    const table = (name: string): Table => root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
    this.#log = table('log');
    this.#index = table('index');
    this.#old = table('old');
    this.#expiry = table('expiry');
    this.#meta = table('meta');
    for (const key of this.#log.getKeys({ reverse: true, limit: 1 })) this.#lastRevision = key.readDoubleBE(0);
  }

  /** @throws StorageError `STORAGE_CORRUPT` when the file is not ours, damaged, or of another format. */
  static async open(dir: string, mapSizeBytes: number): Promise<Tables> {
    const path = join(dir, 'store.mdb');
    const wasCut = checkDataFile(path);
    let tables: Tables | null = null;
    try {
      const root = open({
        path,
        mapSize: mapSizeBytes,
        maxDbs: 8,
        noMemInit: false,
        encoding: 'binary',
        // A transaction is reported when it is on the disk, and its failure to the one who made it.
        overlappingSync: false,
        eventTurnBatching: false,
        txnStartThreshold: 1,
      } as Parameters<typeof open>[0]) as RootDatabase<Buffer, Buffer>;
      tables = new Tables(path, root);
      if (wasCut) tables.readAll();
      await tables.#checkFormat();
      return tables;
    } catch (error) {
      await tables?.close();
      throw readFault(error, path);
    }
  }

  async #checkFormat(): Promise<void> {
    const found = this.meta('format');
    if (found === FORMAT) return;
    if (found !== null) {
      const reason = `it has format ${found}, this version reads format ${FORMAT}`;
      throw new StorageError('STORAGE_CORRUPT', `the data file "${this.path}" cannot be used: ${reason}`, { key: this.path, reason });
    }
    await this.write(() => {
      this.putMeta('format', FORMAT);
      this.putMeta('revision', 1);
    });
  }

  /** Reads every row; throws at the first damage. */
  readAll(): void {
    for (const { value } of this.#log.getRange({})) decodeRecord(value);
    for (const table of [this.#index, this.#old, this.#expiry, this.#meta]) for (const _key of table.getKeys({})) void _key;
  }

  /**
   * Does the writes that `action` makes in one transaction; resolves when it is on the disk. `action` sees nothing of them,
   * and must not throw: it would be half done.
   *
   * They are handed to LMDB's thread as a list: a transaction that calls back would wait for two turns of the event loop
   * instead of one.
   *
   * @throws What LMDB reports; nothing has been written then.
   */
  async write(action: () => void): Promise<void> {
    try {
      const done = this.#root.batch(action);
      // LMDB begins at the end of the turn, or with a second list.
      this.#root.batch(NOTHING).catch(NOTHING);
      await done;
    } catch (error) {
      // The library keeps the reason in a promise of its own.
      throw await Promise.resolve((error as { commitError?: Promise<never> }).commitError).then(
        () => error,
        (reason: unknown) => reason,
      );
    }
  }

  /** Makes later reads of this turn see the newest transaction. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  meta(name: MetaName): number | null {
    const value = this.#meta.get(Buffer.from(name));
    return value === undefined ? null : value.readDoubleBE(0);
  }

  putMeta(name: MetaName, value: number): void {
    void this.#meta.put(Buffer.from(name), numberKey(value));
  }

  removeMeta(name: MetaName): void {
    void this.#meta.remove(Buffer.from(name));
  }

  record(revision: number): VersionRecord | null {
    const bytes = this.#log.get(numberKey(revision));
    return bytes === undefined ? null : decodeRecord(bytes);
  }

  putRecord(revision: number, bytes: Buffer): void {
    this.#lastRevision = Math.max(this.#lastRevision, revision);
    void this.#log.put(numberKey(revision), bytes);
  }

  /** A record behind all others: pages are filled, which in any other order stay half empty. */
  appendRecord(revision: number, bytes: Buffer): void {
    // Where a failed transaction has been before, it may not be the last one: LMDB would drop it.
    if (revision <= this.#lastRevision) {
      this.putRecord(revision, bytes);
      return;
    }
    this.#lastRevision = revision;
    // It fails with its transaction, which the writer hears of.
    this.#log.put(numberKey(revision), bytes, APPEND).catch(() => {});
  }

  removeRecord(revision: number): void {
    void this.#log.remove(numberKey(revision));
  }

  /** Records of `start` up to and without `end`, in order. */
  *records(start: number, end: number): IterableIterator<VersionRecord> {
    for (const { value } of this.#log.getRange({ start: numberKey(start), end: numberKey(end) })) yield decodeRecord(value);
  }

  entry(key: string): IndexEntry | null {
    const value = this.#index.get(Buffer.from(key));
    return value === undefined ? null : toEntry(key, value);
  }

  putEntry(entry: IndexEntry): void {
    const value = Buffer.allocUnsafe(24);
    value.writeDoubleBE(entry.createRevision, 0);
    value.writeDoubleBE(entry.modRevision, 8);
    value.writeDoubleBE(entry.expiresAtMs, 16);
    void this.#index.put(Buffer.from(entry.key), value);
  }

  removeEntry(key: string): void {
    void this.#index.remove(Buffer.from(key));
  }

  /** Live keys from `start` on that begin with `prefix`. */
  *entries(prefix: string, start: string): IterableIterator<IndexEntry> {
    for (const { key, value } of this.#index.getRange({ start: Buffer.from(start), end: afterPrefix(prefix) })) {
      yield toEntry(key.toString('utf8'), value);
    }
  }

  countEntries(prefix: string, start: string): number {
    return this.#index.getKeysCount({ start: Buffer.from(start), end: afterPrefix(prefix) });
  }

  putOld(entry: OldEntry): void {
    void this.#old.put(oldKey(entry.key, entry.revision), numberKey(entry.replacedBy));
  }

  removeOld(key: string, revision: number): void {
    void this.#old.remove(oldKey(key, revision));
  }

  /** Replaced versions of keys from `start` on that begin with `prefix`. */
  *oldEntries(prefix: string, start: string): IterableIterator<OldEntry> {
    const first = Buffer.from(start);
    for (const { key, value } of this.#old.getRange({ start: first, end: afterPrefix(prefix) })) {
      const bytes = key.subarray(0, key.length - 9);
      // `a` stands before `a\0`, its versions do not.
      if (Buffer.compare(bytes, first) < 0) continue;
      yield { key: bytes.toString('utf8'), revision: key.readDoubleBE(key.length - 8), replacedBy: value.readDoubleBE(0) };
    }
  }

  putExpiry(expiresAtMs: number, key: string): void {
    void this.#expiry.put(Buffer.concat([numberKey(expiresAtMs), Buffer.from(key)]), numberKey(0));
  }

  removeExpiry(expiresAtMs: number, key: string): void {
    void this.#expiry.remove(Buffer.concat([numberKey(expiresAtMs), Buffer.from(key)]));
  }

  /** Keys that have expired by `nowMs`, the oldest first. */
  expired(nowMs: number, limit: number): { key: string; expiresAtMs: number }[] {
    const out: { key: string; expiresAtMs: number }[] = [];
    for (const key of this.#expiry.getKeys({ end: numberKey(nowMs + 1), limit })) {
      out.push({ key: key.toString('utf8', 8), expiresAtMs: key.readDoubleBE(0) });
    }
    return out;
  }

  /** Empties every table but meta. */
  async clear(): Promise<void> {
    for (const table of [this.#log, this.#index, this.#old, this.#expiry]) await table.clearAsync();
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

function toEntry(key: string, value: Buffer): IndexEntry {
  return { key, createRevision: value.readDoubleBE(0), modRevision: value.readDoubleBE(8), expiresAtMs: value.readDoubleBE(16) };
}

function numberKey(value: number): Buffer {
  const out = Buffer.allocUnsafe(8);
  out.writeDoubleBE(value, 0);
  return out;
}

function oldKey(key: string, revision: number): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const out = Buffer.allocUnsafe(keyBytes + 9);
  out.write(key, 0, 'utf8');
  out[keyBytes] = 0;
  out.writeDoubleBE(revision, keyBytes + 1);
  return out;
}

/** After every possible key with a prefix: keys are UTF-8, where no byte is 0xff. */
function afterPrefix(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), Buffer.of(0xff)]);
}

/** A fault of a read or of opening, as the package's error. */
export function readFault(error: unknown, path: string): unknown {
  if (error instanceof Error && error.name === 'StorageError' && (error as { data?: { key?: string } }).data?.key !== '') return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `the data file "${path}" cannot be used: ${reason}`;
  return new StorageError('STORAGE_CORRUPT', message, { key: path, reason }, { cause: error });
}
