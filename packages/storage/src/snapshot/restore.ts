import { StorageError } from '../errors.js';
import type { KeyValue, KeyValueStore, PutOptions } from '../key-value-store.js';
import { readSnapshot } from './format.js';
import type { SnapshotProgress } from './save.js';
import { snapshotStatus } from './status.js';

/** Writes under way at a time, for engines that take rows one by one. */
const WRITES_AT_ONCE = 64;

/** How a snapshot is restored. */
export interface RestoreSnapshotOptions {
  /** Replace what the store holds. Default false: a store that is not empty is refused. */
  force?: boolean;
  /**
   * Seconds to live for keys whose expiry the snapshot does not know, because its source did not tell; absent or
   * `undefined` = for ever.
   */
  ttlSecondsFor?: (key: string) => number | undefined;
  onProgress?: (progress: SnapshotProgress) => void;
}

/** What a restore has done. */
export interface RestoreSnapshotResult {
  /** The store's revision after it. */
  revision: number;
  /** Rows written. */
  count: number;
  /** Rows left out because their time was over. */
  expired: number;
  /** True when create and mod revisions are those of the snapshot: resourceVersions that clients know stay good. */
  keptRevisions: boolean;
}

/**
 * Puts a snapshot into a store, from any engine into any engine.
 *
 * The whole file is checked before the first write. The embedded store takes over revisions; etcd gives out new ones, so
 * that clients have to list anew. On etcd a restore that is broken off leaves what it has written: run it again with
 * `force`.
 *
 * @throws StorageError `STORAGE_SNAPSHOT_INVALID`, `STORAGE_NOT_EMPTY`, and what the store reports.
 */
export async function restoreSnapshot(
  path: string,
  store: KeyValueStore,
  options: RestoreSnapshotOptions = {},
): Promise<RestoreSnapshotResult> {
  const { force = false, onProgress } = options;
  const { prefix, count: total } = await snapshotStatus(path);
  const { count: present } = await store.range({ prefix, countOnly: true });
  if (present > 0 && !force) {
    throw new StorageError('STORAGE_NOT_EMPTY', `the store already holds ${present} keys under "${prefix}": a restore would replace them`, {
      count: present,
    });
  }
  const reading = await readSnapshot(path);
  let expired = 0;
  let seen = 0;
  async function* rows(): AsyncGenerator<KeyValue> {
    const now = Date.now();
    for await (const kv of reading.rows) {
      if (++seen % 1000 === 0 || seen === total) onProgress?.({ count: seen, total });
      const ttlSeconds = kv.expiresAtMs === undefined ? (options.ttlSecondsFor?.(kv.key) ?? 0) : 0;
      if (kv.expiresAtMs !== undefined && kv.expiresAtMs <= now) expired++;
      else yield ttlSeconds > 0 ? { ...kv, expiresAtMs: now + ttlSeconds * 1000 } : kv;
    }
  }
  try {
    if (store.restore !== undefined) {
      const result = await store.restore(rows(), { revision: reading.head.revision });
      return { revision: result.revision, count: result.count, expired, keptRevisions: result.renumbered === 0 };
    }
    if (present > 0) await deleteAll(store, prefix);
    const count = await createAll(store, rows());
    return { revision: await store.currentRevision(), count, expired, keptRevisions: false };
  } finally {
    await reading.close();
  }
}

async function createAll(store: KeyValueStore, rows: AsyncGenerator<KeyValue>): Promise<number> {
  let count = 0;
  // Several workers share one reader, which hands each row to one of them.
  const worker = async (): Promise<void> => {
    for (;;) {
      const next = await rows.next();
      if (next.done) return;
      const { key, value, expiresAtMs } = next.value;
      const put: PutOptions = expiresAtMs === undefined ? {} : { ttlSeconds: Math.max(1, Math.ceil((expiresAtMs - Date.now()) / 1000)) };
      const result = await store.create(key, value, put);
      if (!result.ok) throw new StorageError('STORAGE_NOT_EMPTY', `"${key}" was written by someone else during the restore`, { count: 1 });
      count++;
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, worker));
  return count;
}

async function deleteAll(store: KeyValueStore, prefix: string): Promise<void> {
  for (;;) {
    const { kvs } = await store.range({ prefix, limit: 1000, keysOnly: true });
    if (kvs.length === 0) return;
    for (let i = 0; i < kvs.length; i += WRITES_AT_ONCE) {
      await Promise.all(kvs.slice(i, i + WRITES_AT_ONCE).map((kv) => store.delete(kv.key, kv.modRevision)));
    }
  }
}
