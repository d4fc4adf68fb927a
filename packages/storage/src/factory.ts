import { CachedResource } from './cache/cached-resource.js';
import type { KeyValueStore } from './key-value-store.js';
import type { ResourceStorage, ResourceStorageOptions, StorageFactory } from './resource-storage.js';

/** What a factory is made with. */
export interface StorageFactoryOptions {
  store: KeyValueStore;
}

/** Opens watch caches on one store; the store stays the caller's to close. */
export function createStorageFactory(options: StorageFactoryOptions): StorageFactory {
  const { store } = options;
  const open: ResourceStorage[] = [];
  let next: Promise<number> | null = null;
  let running: Promise<number> | null = null;
  /** A read may use a probe that starts after it arrived, never one that was already under way. */
  const currentRevision = (): Promise<number> => {
    if (running === null) {
      running = store.currentRevision().finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running
      .catch(() => 0)
      .then(() => {
        next = null;
        return currentRevision();
      });
    return next;
  };
  return {
    store,
    currentRevision,
    open(resource: ResourceStorageOptions): ResourceStorage {
      const storage = new CachedResource(store, resource, currentRevision);
      open.push(storage);
      return storage;
    },
    async close() {
      await Promise.all(open.map((storage) => storage.close()));
    },
  };
}
