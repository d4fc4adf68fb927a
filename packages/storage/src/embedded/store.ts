/**
 * The embedded store: LMDB in one folder, with etcd's revisions.
 *
 * A write is checked against memory and the index, given its revision, queued, and committed with others; it resolves,
 * and watchers see it, when the disk has it. Reads see exactly what is durable. History is kept for a while, then swept.
 */
import { mkdirSync } from 'node:fs';
import { StorageError } from '../errors.js';
import type {
  GetResult,
  KeyValue,
  KeyValueStore,
  PutOptions,
  RangeOptions,
  RangeResult,
  RestoreOptions,
  RestoreResult,
  WatchHandle,
  WatchOptions,
  WriteResult,
} from '../key-value-store.js';
import { CommitQueue } from './commit-queue.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { History } from './history.js';
import type { EmbeddedStoreOptions } from './options.js';
import { rangeAt, versionAt } from './read-at.js';
import { toKeyValue, type VersionRecord } from './record.js';
import { restoreRows } from './restore.js';
import { type IndexEntry, KEY_BYTES_MAX, readFault, Tables } from './tables.js';
import { WatchList } from './watch-list.js';

/** Expired keys deleted per look. */
const EXPIRE_COUNT = 1000;
const EMPTY = Buffer.alloc(0);

/**
 * Opens a store.
 *
 * @throws StorageError `STORAGE_LOCKED` when another process has the folder, `STORAGE_CORRUPT` when its file cannot be
 *   used. Both name the folder.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<KeyValueStore> {
  const { dir } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(dir);
  let tables: Tables | null = null;
  try {
    tables = await Tables.open(dir, options.mapSizeBytes ?? 16 * 2 ** 30);
    if (tables.meta('restoring') !== null) {
      if (options.discardUnfinishedRestore !== true) {
        const reason = 'a restore into it was broken off; restore again';
        throw new StorageError('STORAGE_CORRUPT', `the data folder "${dir}" cannot be used: ${reason}`, { key: dir, reason });
      }
      await restoreRows(tables, [], { revision: tables.meta('revision') ?? 1 });
    }
    const store = new EmbeddedStore(tables, options, lock);
    store.start();
    return store;
  } catch (error) {
    await tables?.close();
    lock.release();
    throw error;
  }
}

class EmbeddedStore implements KeyValueStore {
  readonly #tables: Tables;
  readonly #options: EmbeddedStoreOptions;
  readonly #lock: FolderLock;
  readonly #queue: CommitQueue;
  readonly #watches: WatchList;
  readonly #history: History;
  #expiring = false;
  #expiryTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(tables: Tables, options: EmbeddedStoreOptions, lock: FolderLock) {
    this.#tables = tables;
    this.#options = options;
    this.#lock = lock;
    this.#queue = new CommitQueue(tables, tables.meta('revision') ?? 1, (records, revision) => {
      this.#watches.deliver(records, revision);
      this.#history.advanced(revision);
    });
    this.#history = new History(tables, this.#queue, {
      intervalMs: options.compactionIntervalMs ?? 300_000,
      countMax: options.historyCountMax ?? 500_000,
    });
    const self = this;
    this.#watches = new WatchList(tables, {
      get durableRevision() {
        return self.#queue.durableRevision;
      },
      get compactedRevision() {
        return self.#history.compactedRevision;
      },
    });
  }

  /** Starts the timers, and finishes what a crash may have left. */
  start(): void {
    this.#expiryTimer = setInterval(() => this.#expire(), this.#options.expiryIntervalMs ?? 1000);
    this.#expiryTimer.unref();
    this.#expire();
    this.#history.start();
  }

  async get(key: string, options?: { revision?: number }): Promise<GetResult> {
    return this.#read(() => {
      const revision = this.#queue.durableRevision;
      if (options?.revision !== undefined) this.#history.check(options.revision);
      return { kv: toKeyValue(versionAt(this.#tables, key, options?.revision ?? revision)), revision };
    });
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    return this.#read(() => {
      const revision = this.#queue.durableRevision;
      if (options.revision !== undefined) this.#history.check(options.revision);
      return { ...rangeAt(this.#tables, options, options.revision ?? revision), revision: options.revision ?? revision };
    });
  }

  create(key: string, value: Uint8Array, options?: PutOptions): Promise<WriteResult> {
    return this.#put(key, value, 0, options);
  }

  update(key: string, value: Uint8Array, modRevision: number, options?: PutOptions): Promise<WriteResult> {
    return this.#put(key, value, modRevision, options);
  }

  async delete(key: string, modRevision: number): Promise<WriteResult> {
    const previous = this.#newest(key);
    if (previous === null || previous.modRevision !== modRevision) return this.#refused(key);
    return this.#write(previous, {
      key,
      createRevision: previous.createRevision,
      modRevision: 0,
      previousRevision: previous.modRevision,
      expiresAtMs: 0,
      isPut: false,
      value: EMPTY,
    });
  }

  async #put(key: string, value: Uint8Array, modRevision: number, options: PutOptions | undefined): Promise<WriteResult> {
    this.#checkSize(key, value);
    const previous = this.#newest(key);
    if ((previous?.modRevision ?? 0) !== modRevision) return this.#refused(key);
    return this.#write(previous, {
      key,
      createRevision: previous?.createRevision ?? 0,
      modRevision: 0,
      previousRevision: previous?.modRevision ?? 0,
      expiresAtMs: options?.ttlSeconds ? Date.now() + options.ttlSeconds * 1000 : 0,
      isPut: true,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    });
  }

  async #write(previous: IndexEntry | null, record: VersionRecord): Promise<WriteResult> {
    return { ok: true, revision: await this.#queue.add(record, previous) };
  }

  /** A refusal is answered when what it is based on has been decided, with what is there then. */
  async #refused(key: string): Promise<WriteResult> {
    await this.#queue.decided(key);
    const { kv, revision } = await this.get(key);
    return { ok: false, current: kv, revision };
  }

  watch(options: WatchOptions): WatchHandle {
    if (this.#closed) {
      queueMicrotask(() => options.onEnd(closedError()));
      return { requestProgress() {}, close() {} };
    }
    return this.#watches.watch(options);
  }

  async currentRevision(): Promise<number> {
    return this.localRevision();
  }

  localRevision(): number {
    if (this.#closed) throw closedError();
    return this.#queue.durableRevision;
  }

  async compact(revision: number): Promise<void> {
    if (this.#closed) throw closedError();
    await this.#history.compact(revision);
  }

  async restore(rows: AsyncIterable<KeyValue> | Iterable<KeyValue>, options: RestoreOptions): Promise<RestoreResult> {
    if (this.#closed) throw closedError();
    return this.#queue.exclusive(async () => {
      const floor = this.#queue.durableRevision;
      const revision = Math.max(options.revision, floor);
      const begin = (result: RestoreResult): RestoreResult => {
        this.#queue.reset(result.revision);
        this.#history.reset(result.revision);
        const data = { requestedRevision: floor, compactRevision: result.revision };
        this.#watches.end(new StorageError('STORAGE_COMPACTED', 'a snapshot was restored', data));
        return result;
      };
      try {
        return begin(await restoreRows(this.#tables, rows, { revision }));
      } catch (error) {
        // Half a restore is worse than none: what the source could not deliver leaves an empty store.
        begin(await restoreRows(this.#tables, [], { revision }));
        throw error;
      }
    });
  }

  async checkHealth(): Promise<void> {
    await this.#read(() => this.#tables.meta('revision'));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#expiryTimer !== null) clearInterval(this.#expiryTimer);
    await this.#history.stop();
    await this.#queue.settled();
    this.#watches.close(closedError());
    await this.#tables.close();
    this.#lock.release();
  }

  #read<T>(read: () => T): T {
    if (this.#closed) throw closedError();
    try {
      return read();
    } catch (error) {
      throw readFault(error, this.#tables.path);
    }
  }

  #checkSize(key: string, value: Uint8Array): void {
    const valueBytesMax = this.#options.valueBytesMax ?? 1.5 * 2 ** 20;
    if (value.byteLength > valueBytesMax) {
      const message = `the value of "${key}" has ${value.byteLength} bytes, more than the ${valueBytesMax} allowed`;
      throw new StorageError('STORAGE_TOO_LARGE', message, { sizeBytes: value.byteLength });
    }
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes > KEY_BYTES_MAX) {
      throw new StorageError('STORAGE_TOO_LARGE', `a key has ${keyBytes} bytes, more than the ${KEY_BYTES_MAX} allowed`, {
        sizeBytes: keyBytes,
      });
    }
    if (keyBytes === 0 || key.includes('\0')) throw new RangeError('"key" expected a non-empty string without NUL');
  }

  /** The newest version of a key, durable or not: what writes are checked against. */
  #newest(key: string): IndexEntry | null {
    if (this.#closed) throw closedError();
    const pending = this.#queue.pending(key);
    if (pending !== undefined) return pending.isPut ? pending : null;
    return this.#read(() => this.#tables.entry(key));
  }

  #expire(): void {
    if (this.#closed || this.#expiring) return;
    let expired: { key: string; expiresAtMs: number }[];
    try {
      expired = this.#tables.expired(Date.now(), EXPIRE_COUNT);
    } catch {
      // Damage is for readers to hear of, not for a timer to die of.
      return;
    }
    this.#expiring = true;
    const deletions = expired.map(async ({ key, expiresAtMs }) => {
      const record = this.#newest(key);
      if (record !== null && record.expiresAtMs === expiresAtMs) await this.delete(key, record.modRevision);
    });
    // What could not be deleted now (a full disk) is found again at the next look.
    void Promise.allSettled(deletions).then(() => {
      this.#expiring = false;
      if (deletions.length === EXPIRE_COUNT) this.#expire();
    });
  }
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the store is closed', {});
}
