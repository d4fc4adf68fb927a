/**
 * The one interface of the storage engines, with etcd's semantics.
 *
 * A store holds keys (strings) and values (bytes) at a single revision that every write raises by one. Reads and
 * watches may name an older revision until compaction has dropped it. Every method is safe to call concurrently.
 */

/** One key at one revision. The store keeps no reference to `value` after handing it out. */
export interface KeyValue {
  key: string;
  value: Buffer;
  createRevision: number;
  modRevision: number;
  /** Milliseconds since the epoch at which the key deletes itself; absent = never, or the engine does not tell. */
  expiresAtMs?: number;
}

/** The result of {@link KeyValueStore.get}. `revision` is the store's when the read was answered. */
export interface GetResult {
  kv: KeyValue | null;
  revision: number;
}

/** What {@link KeyValueStore.range} reads. */
export interface RangeOptions {
  /** Every key that starts with it. */
  prefix: string;
  /** Start at this key (inclusive) instead of the prefix's first. */
  startKey?: string;
  /** Rows at most; 0 or absent = all. */
  limit?: number;
  /** Read as of this revision; absent = now (linearizable). */
  revision?: number;
  /** Leave values empty. */
  keysOnly?: boolean;
  /** Return no rows, only `count`. */
  countOnly?: boolean;
}

/** The result of {@link KeyValueStore.range}: rows in key order, and how many keys match from `startKey` on. */
export interface RangeResult {
  kvs: KeyValue[];
  count: number;
  more: boolean;
  revision: number;
}

/** The result of a guarded write: done at a revision, or refused with what is there now. */
export type WriteResult = { ok: true; revision: number } | { ok: false; current: KeyValue | null; revision: number };

/** Options of a write. */
export interface PutOptions {
  /** Seconds after which the key deletes itself; absent or 0 = never. The deletion is an event like any other. */
  ttlSeconds?: number;
}

/** One change. For a deletion `kv.value` is empty and `kv.modRevision` is the deletion's revision. */
export interface WatchChange {
  type: 'put' | 'delete';
  kv: KeyValue;
  /** What the key held before; absent when it did not exist or `prevKv` was not asked for. */
  prev?: KeyValue;
}

/** What a watch delivers, in revision order, never split inside one revision. */
export interface WatchBatch {
  changes: WatchChange[];
  /** All changes up to and including this revision have been delivered. A batch without changes is a progress mark. */
  revision: number;
}

/** What a watch follows. */
export interface WatchOptions {
  prefix: string;
  /** First revision to deliver. */
  startRevision: number;
  prevKv?: boolean;
  /** Called in order, never concurrently. It must not throw. */
  onBatch: (batch: WatchBatch) => void;
  /**
   * Called once when the watch has ended for good: `STORAGE_COMPACTED` when history is gone, `STORAGE_CLOSED` after
   * the store was closed. Lost connections are not an end: the store resumes without losing or repeating a change.
   */
  onEnd: (error: Error) => void;
}

/** A running watch. */
export interface WatchHandle {
  /** Asks for a progress mark soon; it arrives as an empty batch. */
  requestProgress(): void;
  close(): void;
}

/** What a restore is told. */
export interface RestoreOptions {
  /** The store's revision when the rows were read; the restored store starts at this revision or above. */
  revision: number;
}

/** What a restore has done. */
export interface RestoreResult {
  /** The store's revision now. */
  revision: number;
  count: number;
  /** Rows that could not keep their mod revision. */
  renumbered: number;
}

/** A key-value store with revisions: etcd, or the embedded store. */
export interface KeyValueStore {
  get(key: string, options?: { revision?: number }): Promise<GetResult>;
  range(options: RangeOptions): Promise<RangeResult>;
  /** Puts the key if it does not exist. Resolves when the write is durable. */
  create(key: string, value: Uint8Array, options?: PutOptions): Promise<WriteResult>;
  /** Puts the key if its mod revision is `modRevision`. Resolves when the write is durable. */
  update(key: string, value: Uint8Array, modRevision: number, options?: PutOptions): Promise<WriteResult>;
  /** Deletes the key if its mod revision is `modRevision`. `revision` in the result is the deletion's. */
  delete(key: string, modRevision: number): Promise<WriteResult>;
  watch(options: WatchOptions): WatchHandle;
  /** The current revision, linearizable: every write acknowledged before the call is at or below it. */
  currentRevision(): Promise<number>;
  /** The same without waiting, where the engine lives in this process; absent for engines that must ask. */
  localRevision?(): number;
  /** Drops history below `revision`: older reads and watches fail with `STORAGE_COMPACTED`. */
  compact(revision: number): Promise<void>;
  /**
   * Replaces everything in the store by `rows`, keeping their create and mod revisions; watches end with
   * `STORAGE_COMPACTED`. Absent where the engine gives out revisions by itself (etcd).
   */
  restore?(rows: AsyncIterable<KeyValue> | Iterable<KeyValue>, options: RestoreOptions): Promise<RestoreResult>;
  /** Resolves when the store can serve, else throws a {@link StorageError}. */
  checkHealth(): Promise<void>;
  /** Finishes writes, ends watches with `STORAGE_CLOSED`. */
  close(): Promise<void>;
}
