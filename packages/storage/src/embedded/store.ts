/**
 * The embedded store: LMDB in one folder, with etcd's revisions.
 *
 * Two tables: `current` holds the latest version of each key, `log` every version by revision until compaction. Writes
 * are checked against memory, queued, and committed together: while one transaction is on its way to the disk the next
 * one fills (group commit). A write resolves, and its event is delivered, when the disk has it.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { StorageError } from '../errors.js';
import type {
  GetResult,
  KeyValue,
  KeyValueStore,
  PutOptions,
  RangeOptions,
  RangeResult,
  WatchBatch,
  WatchChange,
  WatchHandle,
  WatchOptions,
  WriteResult,
} from '../key-value-store.js';
import { decodeRecord, encodeRecord, type VersionRecord } from './record.js';

/** How the embedded store is opened. */
export interface EmbeddedStoreOptions {
  /** Folder of the store; made when missing. */
  dir: string;
  /** Bytes of address space that the map may grow to. Default 64 GiB. */
  mapSizeBytes?: number;
  /** Milliseconds between looks for expired keys. Default 1_000. */
  expiryIntervalMs?: number;
}

/** After every possible key with a prefix: keys are UTF-8, where no byte is 0xff. */
const AFTER = '\uffff';

interface Pending {
  record: VersionRecord;
  previous: KeyValue | null;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Opens a store.
 *
 * @throws StorageError `STORAGE_LOCKED` when another process has it, `STORAGE_CORRUPT` when its files cannot be read.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<KeyValueStore> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(options.dir);
  try {
    const root = open({
      path: join(options.dir, 'data.mdb'),
      mapSize: options.mapSizeBytes ?? 64 * 2 ** 30,
      maxDbs: 4,
      noMemInit: true,
      encoding: 'binary',
    } as Parameters<typeof open>[0]) as RootDatabase<Buffer>;
    return new EmbeddedStore(root, options, unlock);
  } catch (error) {
    unlock();
    throw new StorageError(
      'STORAGE_CORRUPT',
      `the embedded store in "${options.dir}" cannot be opened`,
      { key: options.dir },
      { cause: error },
    );
  }
}

/** Holds a folder for this process by a file with its pid; a dead owner's file is taken over. */
function lockFolder(dir: string): () => void {
  const path = join(dir, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(readFileSync(path, 'utf8'));
      if (pid > 0 && pid !== process.pid && isAlive(pid)) {
        throw new StorageError('STORAGE_LOCKED', `the data folder "${dir}" is in use by process ${pid}`, { path: dir });
      }
      if (pid === process.pid)
        throw new StorageError('STORAGE_LOCKED', `the data folder "${dir}" is already open in this process`, { path: dir });
      rmSync(path, { force: true });
    }
  }
  throw new StorageError('STORAGE_LOCKED', `the data folder "${dir}" could not be locked`, { path: dir });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface Watcher {
  options: WatchOptions;
  /** Next revision that it wants. */
  next: number;
  closed: boolean;
}

class EmbeddedStore implements KeyValueStore {
  readonly #root: RootDatabase<Buffer>;
  readonly #current: Database<Buffer, string>;
  readonly #log: Database<Buffer, number>;
  readonly #meta: Database<Buffer, string>;
  readonly #unlock: () => void;
  readonly #expiryTimer: NodeJS.Timeout;
  readonly #watchers = new Set<Watcher>();
  /** Versions on their way to the disk, newest per key. */
  readonly #overlay = new Map<string, VersionRecord>();
  readonly #expiries = new Map<string, number>();
  #queue: Pending[] = [];
  #flushing: Promise<void> | null = null;
  /** Of the newest write, durable or not. */
  #assigned = 1;
  /** Of the newest durable write. */
  #durable = 1;
  #compacted = 0;
  #closed = false;
  #failure: unknown = null;

  constructor(root: RootDatabase<Buffer>, options: EmbeddedStoreOptions, unlock: () => void) {
    this.#root = root;
    this.#current = root.openDB<Buffer, string>({ name: 'current', encoding: 'binary' });
    this.#log = root.openDB<Buffer, number>({ name: 'log', encoding: 'binary', keyEncoding: 'ordered-binary' });
    this.#meta = root.openDB<Buffer, string>({ name: 'meta', encoding: 'binary' });
    this.#unlock = unlock;
    const revision = this.#meta.get('revision');
    if (revision) this.#assigned = this.#durable = Buffer.from(revision).readDoubleBE(0);
    const compacted = this.#meta.get('compacted');
    if (compacted) this.#compacted = Buffer.from(compacted).readDoubleBE(0);
    for (const { key, value } of this.#current.getRange({})) {
      const expiresAtMs = value.readDoubleBE(24);
      if (expiresAtMs > 0) this.#expiries.set(key, expiresAtMs);
    }
    this.#expiryTimer = setInterval(() => void this.#expire(), options.expiryIntervalMs ?? 1000);
    this.#expiryTimer.unref();
  }

  async get(key: string, options?: { revision?: number }): Promise<GetResult> {
    this.#check();
    const { revision } = options ?? {};
    if (revision !== undefined && revision !== this.#durable) {
      const { kvs } = await this.range({ prefix: key, startKey: key, limit: 1, revision });
      return { kv: kvs[0]?.key === key ? kvs[0] : null, revision: this.#durable };
    }
    return { kv: toKeyValue(this.#latest(key)), revision: this.#durable };
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    this.#check();
    const revision = options.revision ?? this.#durable;
    this.#checkRevision(revision);
    const start = options.startKey !== undefined && options.startKey > options.prefix ? options.startKey : options.prefix;
    const old = revision < this.#durable ? this.#versionsAt(options.prefix, revision) : null;
    const kvs: KeyValue[] = [];
    let count = 0;
    const limit = options.limit ?? 0;
    const take = (record: VersionRecord): void => {
      count++;
      if (options.countOnly || (limit > 0 && kvs.length >= limit)) return;
      kvs.push(toKeyValue(record) as KeyValue);
    };
    const withValue = !options.keysOnly && !options.countOnly;
    if (old === null && this.#overlay.size === 0) {
      for (const { value } of this.#current.getRange({ start, end: options.prefix + AFTER }))
        take(decodeRecord(value, withValue && (limit === 0 || kvs.length < limit)));
    } else {
      const merged = new Map<string, VersionRecord>();
      for (const { value } of this.#current.getRange({ start, end: options.prefix + AFTER })) {
        const record = decodeRecord(value, withValue);
        if (record.modRevision <= revision) merged.set(record.key, record);
      }
      if (old !== null) for (const [key, record] of old) if (key >= start) record === null ? merged.delete(key) : merged.set(key, record);
      for (const key of [...merged.keys()].sort(compareKeys)) take(merged.get(key) as VersionRecord);
    }
    return { kvs, count, more: limit > 0 && count > kvs.length, revision: options.revision ?? this.#durable };
  }

  create(key: string, value: Uint8Array, options?: PutOptions): Promise<WriteResult> {
    return this.#put(key, value, 0, options);
  }

  update(key: string, value: Uint8Array, modRevision: number, options?: PutOptions): Promise<WriteResult> {
    return this.#put(key, value, modRevision, options);
  }

  delete(key: string, modRevision: number): Promise<WriteResult> {
    this.#check();
    const previous = this.#newest(key);
    if (previous === null || previous.modRevision !== modRevision) return this.#refused(previous);
    return this.#enqueue(previous, {
      key,
      createRevision: previous.createRevision,
      modRevision: 0,
      previousRevision: previous.modRevision,
      expiresAtMs: 0,
      isPut: false,
      value: Buffer.alloc(0),
    });
  }

  #put(key: string, value: Uint8Array, modRevision: number, options: PutOptions | undefined): Promise<WriteResult> {
    this.#check();
    const previous = this.#newest(key);
    if ((previous?.modRevision ?? 0) !== modRevision) return this.#refused(previous);
    return this.#enqueue(previous, {
      key,
      createRevision: previous?.createRevision ?? 0,
      modRevision: 0,
      previousRevision: previous?.modRevision ?? 0,
      expiresAtMs: options?.ttlSeconds ? Date.now() + options.ttlSeconds * 1000 : 0,
      isPut: true,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    });
  }

  /** A refusal is answered after what it is based on has become durable. */
  async #refused(previous: VersionRecord | null): Promise<WriteResult> {
    while (previous !== null && previous.modRevision > this.#durable && this.#flushing) await this.#flushing;
    return { ok: false, current: toKeyValue(previous), revision: this.#durable };
  }

  #enqueue(previous: VersionRecord | null, record: VersionRecord): Promise<WriteResult> {
    const revision = ++this.#assigned;
    record.modRevision = revision;
    if (record.createRevision === 0) record.createRevision = revision;
    this.#overlay.set(record.key, record);
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, previous: toKeyValue(previous), resolve: () => resolve({ ok: true, revision }), reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  async #flushAll(): Promise<void> {
    // One turn of the event loop lets writes that are ready now share the first transaction.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#commit(batch);
      } catch (error) {
        this.#failure = error;
        for (const pending of [...batch, ...this.#queue]) pending.reject(writeFault(error));
        this.#queue = [];
        break;
      }
      this.#durable = (batch[batch.length - 1] as Pending).record.modRevision;
      for (const { record } of batch) if (this.#overlay.get(record.key) === record) this.#overlay.delete(record.key);
      this.#deliver(batch);
      for (const pending of batch) pending.resolve();
    }
    this.#flushing = null;
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const revision = Buffer.allocUnsafe(8);
    revision.writeDoubleBE((batch[batch.length - 1] as Pending).record.modRevision, 0);
    await this.#root.transaction(() => {
      for (const { record } of batch) {
        const bytes = encodeRecord(record);
        void this.#log.put(record.modRevision, bytes);
        if (record.isPut) void this.#current.put(record.key, bytes);
        else void this.#current.remove(record.key);
      }
      void this.#meta.put('revision', revision);
    });
    await this.#root.flushed;
    for (const { record } of batch) {
      if (record.isPut && record.expiresAtMs > 0) this.#expiries.set(record.key, record.expiresAtMs);
      else this.#expiries.delete(record.key);
    }
  }

  #deliver(batch: readonly Pending[]): void {
    if (this.#watchers.size === 0) return;
    for (const watcher of [...this.#watchers]) {
      const changes: WatchChange[] = [];
      for (const { record, previous } of batch) {
        if (record.modRevision < watcher.next || !record.key.startsWith(watcher.options.prefix)) continue;
        changes.push(toChange(record, watcher.options.prevKv ? previous : null));
      }
      watcher.next = Math.max(watcher.next, this.#durable + 1);
      watcher.options.onBatch({ changes, revision: this.#durable });
    }
  }

  watch(options: WatchOptions): WatchHandle {
    const watcher: Watcher = { options, next: options.startRevision, closed: false };
    // Never before the caller has its handle.
    queueMicrotask(() => {
      if (watcher.closed) return;
      if (this.#closed) return options.onEnd(closedError());
      if (options.startRevision <= this.#compacted) {
        options.onEnd(
          new StorageError('STORAGE_COMPACTED', `revision ${options.startRevision} was compacted`, {
            requestedRevision: options.startRevision,
            compactRevision: this.#compacted,
          }),
        );
        return;
      }
      if (options.startRevision <= this.#durable) {
        const changes: WatchChange[] = [];
        for (const { value } of this.#log.getRange({ start: options.startRevision, end: this.#durable + 1 })) {
          const record = decodeRecord(value);
          if (!record.key.startsWith(options.prefix)) continue;
          const before = options.prevKv && record.previousRevision > 0 ? this.#log.get(record.previousRevision) : undefined;
          changes.push(toChange(record, before ? toKeyValue(decodeRecord(before)) : null));
        }
        watcher.next = this.#durable + 1;
        options.onBatch({ changes, revision: this.#durable });
      }
      this.#watchers.add(watcher);
    });
    return {
      requestProgress: () => {
        queueMicrotask(() => {
          if (!watcher.closed && !this.#closed) options.onBatch({ changes: [], revision: this.#durable } satisfies WatchBatch);
        });
      },
      close: () => {
        watcher.closed = true;
        this.#watchers.delete(watcher);
      },
    };
  }

  async currentRevision(): Promise<number> {
    this.#check();
    return this.#durable;
  }

  async compact(revision: number): Promise<void> {
    this.#check();
    if (revision <= this.#compacted) return;
    if (revision > this.#durable) throw this.#future(revision);
    // Versions that a read at or after `revision` still needs: those that a later change replaced.
    const needed = new Set<number>();
    for (const { value } of this.#log.getRange({ start: revision + 1 })) {
      const previous = value.readDoubleBE(16);
      if (previous > 0 && previous <= revision) needed.add(previous);
    }
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(revision, 0);
    const gone: number[] = [];
    for (const key of this.#log.getKeys({ end: revision + 1 })) if (!needed.has(key)) gone.push(key);
    await this.#root.transaction(() => {
      for (const key of gone) void this.#log.remove(key);
      void this.#meta.put('compacted', bytes);
    });
    this.#compacted = revision;
  }

  async checkHealth(): Promise<void> {
    this.#check();
    this.#meta.get('revision');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#flushing) await this.#flushing;
    this.#closed = true;
    clearInterval(this.#expiryTimer);
    for (const watcher of this.#watchers) watcher.options.onEnd(closedError());
    this.#watchers.clear();
    await this.#root.close();
    this.#unlock();
  }

  #check(): void {
    if (this.#closed) throw closedError();
    if (this.#failure !== null) throw writeFault(this.#failure);
  }

  #checkRevision(revision: number): void {
    if (revision > this.#durable) throw this.#future(revision);
    if (revision < this.#compacted) {
      throw new StorageError('STORAGE_COMPACTED', `revision ${revision} was compacted`, {
        requestedRevision: revision,
        compactRevision: this.#compacted,
      });
    }
  }

  #future(revision: number): StorageError {
    return new StorageError('STORAGE_FUTURE_REVISION', `revision ${revision} lies in the future`, {
      requestedRevision: revision,
      currentRevision: this.#durable,
    });
  }

  /** The newest version, durable or not; what writes are checked against. */
  #newest(key: string): VersionRecord | null {
    const pending = this.#overlay.get(key);
    if (pending !== undefined) return pending.isPut ? pending : null;
    return this.#latest(key);
  }

  /** The newest durable version. */
  #latest(key: string): VersionRecord | null {
    const bytes = this.#current.get(key);
    return bytes ? decodeRecord(bytes) : null;
  }

  /** Keys of a prefix that have changed since `revision`, with the version they had then (null = none). */
  #versionsAt(prefix: string, revision: number): Map<string, VersionRecord | null> {
    const out = new Map<string, VersionRecord | null>();
    for (const { value } of this.#log.getRange({ start: revision + 1, end: this.#durable + 1 })) {
      const record = decodeRecord(value, false);
      if (!record.key.startsWith(prefix) || out.has(record.key)) continue;
      const before = record.previousRevision > 0 ? this.#log.get(record.previousRevision) : undefined;
      out.set(record.key, before ? decodeRecord(before) : null);
    }
    return out;
  }

  async #expire(): Promise<void> {
    const now = Date.now();
    for (const [key, at] of this.#expiries) {
      if (at > now || this.#closed) continue;
      this.#expiries.delete(key);
      const record = this.#newest(key);
      if (record !== null && record.expiresAtMs === at) await this.delete(key, record.modRevision).catch(() => {});
    }
  }
}

/** Byte order of keys, as LMDB has it. */
function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toKeyValue(record: VersionRecord | null): KeyValue | null {
  if (record === null || !record.isPut) return null;
  return { key: record.key, value: record.value, createRevision: record.createRevision, modRevision: record.modRevision };
}

function toChange(record: VersionRecord, previous: KeyValue | null): WatchChange {
  const kv = { key: record.key, value: record.value, createRevision: record.createRevision, modRevision: record.modRevision };
  return { type: record.isPut ? 'put' : 'delete', kv, ...(previous ? { prev: previous } : {}) };
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the store is closed', {});
}

function writeFault(error: unknown): StorageError {
  const text = error instanceof Error ? error.message : String(error);
  if (/MDB_MAP_FULL|ENOSPC|No space/.test(text))
    return new StorageError('STORAGE_FULL', 'the disk of the embedded store is full', { path: '' }, { cause: error });
  return new StorageError('STORAGE_UNAVAILABLE', 'the embedded store cannot write', { operation: 'write' }, { cause: error });
}
