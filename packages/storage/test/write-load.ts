import { type KeyValueStore, StorageError } from '../src/index.js';

/** What a load of writes knows for certain. */
export interface WriteLoad {
  /** Values of keys whose creation was acknowledged, by key. */
  acknowledged: Map<string, { value: string; revision: number }>;
  /** Writes without an answer. */
  unknownCount: number;
  /** Longest time that one write took to succeed or fail, in milliseconds. */
  longestMs: number;
  stop: () => Promise<void>;
}

/** Creates keys below a prefix, one after the other in each of `writerCount` loops, until stopped. */
export function startWriteLoad(store: KeyValueStore, prefix: string, writerCount: number): WriteLoad {
  let isStopped = false;
  const load: WriteLoad = { acknowledged: new Map(), unknownCount: 0, longestMs: 0, stop: async () => {} };
  const write = async (key: string): Promise<void> => {
    const startedAt = performance.now();
    try {
      const result = await store.create(key, Buffer.from(key));
      if (!result.ok) throw new Error(`${key} was there before it was created`);
      load.acknowledged.set(key, { value: key, revision: result.revision });
    } catch (error) {
      // A test that failed closes its store under the load; what counts is the failure before that.
      if (StorageError.is(error, 'STORAGE_CLOSED')) isStopped = true;
      else if (!StorageError.is(error, 'STORAGE_UNAVAILABLE')) throw error;
      load.unknownCount++;
    } finally {
      load.longestMs = Math.max(load.longestMs, performance.now() - startedAt);
    }
  };
  const loops = Array.from({ length: writerCount }, async (_, writer) => {
    for (let i = 0; !isStopped; i++) await write(`${prefix}${writer}/${String(i).padStart(5, '0')}`);
  });
  load.stop = async () => {
    isStopped = true;
    await Promise.all(loops);
  };
  return load;
}
