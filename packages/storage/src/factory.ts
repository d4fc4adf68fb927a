import { CachedResource } from './cache/cached-resource.js';
import { UncachedResource } from './cache/uncached-resource.js';
import type { KeyValueStore } from './key-value-store.js';
import type { ResourceStorage, ResourceStorageOptions, StorageFactory } from './resource-storage.js';
import { RevisionProbe } from './revision-probe.js';

/** What a factory is made with. */
export interface StorageFactoryOptions {
  store: KeyValueStore;
}

/** Opens the storage of resources on one store; the store stays the caller's to close. */
export function createStorageFactory(options: StorageFactoryOptions): StorageFactory {
  const { store } = options;
  const probe = new RevisionProbe(store);
  const open = new Set<ResourceStorage>();
  const onClose = (storage: ResourceStorage): void => {
    open.delete(storage);
  };
  return {
    store,
    async currentRevision() {
      return probe.local() ?? probe.current();
    },
    open(resource: ResourceStorageOptions): ResourceStorage {
      const storage =
        resource.cache === false ? new UncachedResource(store, resource, onClose) : new CachedResource(store, resource, probe, onClose);
      open.add(storage);
      return storage;
    },
    async close() {
      await Promise.all([...open].map((storage) => storage.close()));
    },
  };
}
