import { StorageError } from '../errors.js';
import type { KeyValueStore } from '../key-value-store.js';
import type {
  Freshness,
  ListOptions,
  ListResult,
  ResourceStorage,
  ResourceStorageOptions,
  ResourceWatchHandle,
  ResourceWatchOptions,
  ResourceWriteResult,
  StoredObject,
} from '../resource-storage.js';
import { DirectReader } from './direct-reader.js';
import { ResourceChange } from './event-ring.js';
import { ResourceCodec } from './resource-codec.js';
import { ResourceWriter } from './resource-writer.js';
import { StoreFeed } from './store-feed.js';

/** A resource without a watch cache: every read and every watch goes to the store. */
export class UncachedResource implements ResourceStorage {
  readonly options: ResourceStorageOptions;
  readonly #store: KeyValueStore;
  readonly #onClose: (storage: ResourceStorage) => void;
  readonly #codec: ResourceCodec;
  readonly #reader: DirectReader;
  readonly #writer: ResourceWriter;
  readonly #watches = new Map<StoreFeed, ResourceWatchOptions>();
  #closed = false;

  constructor(store: KeyValueStore, options: ResourceStorageOptions, onClose: (storage: ResourceStorage) => void = () => {}) {
    this.#onClose = onClose;
    this.options = options;
    this.#store = store;
    this.#codec = new ResourceCodec(options);
    this.#reader = new DirectReader(store, this.#codec, options);
    this.#writer = new ResourceWriter(store, this.#codec, options, { cached: () => undefined, settle: () => null });
  }

  async get(namespace: string, name: string, freshness: Freshness): Promise<StoredObject | null> {
    const { object, revision } = await this.#reader.get(namespace, name, freshness.kind === 'exact' ? freshness.revision : undefined);
    checkReached(freshness, revision);
    return object;
  }

  async list(options: ListOptions): Promise<ListResult> {
    const { freshness } = options;
    const result = await this.#reader.list(options, freshness.kind === 'exact' ? freshness.revision : undefined);
    checkReached(freshness, result.revision);
    return result;
  }

  async watch(options: ResourceWatchOptions): Promise<ResourceWatchHandle> {
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'the storage is closed', {});
    const { namespace = '', name, start } = options;
    let { after, asked } = { after: 0, asked: 0 };
    if (start.kind === 'initial') {
      const { items, revision } = await this.list({
        namespace,
        freshness: start.freshness,
        ...(name === undefined ? {} : { name }),
      });
      for (const object of items) {
        options.onEvent(new ResourceChange('ADDED', object, null, object.modRevision));
        const pause = options.pace?.();
        if (pause !== undefined) await pause;
      }
      options.onInitialEnd?.(revision);
      after = revision;
    } else if (Number.isFinite(start.revision)) {
      asked = start.revision;
      after = start.revision;
    } else after = await this.#store.currentRevision();
    const feed = new StoreFeed({
      store: this.#store,
      codec: this.#codec,
      prefix:
        name === undefined || (namespace === '' && this.options.namespaced)
          ? this.#codec.spacePrefix(namespace)
          : this.#codec.key(namespace, name),
      after,
      accepts: (object) => (namespace === '' || object.namespace === namespace) && (name === undefined || object.name === name),
      onEvent: options.onEvent,
      onRevision: (revision) => {
        if (revision > asked) options.onProgress?.(revision);
      },
      onEnd: (error) => {
        this.#watches.delete(feed);
        options.onEnd(error);
      },
    });
    this.#watches.set(feed, options);
    try {
      await feed.start();
    } catch (error) {
      this.#watches.delete(feed);
      throw error;
    }
    return {
      get revision() {
        return feed.revision > asked ? feed.revision : 0;
      },
      close: () => {
        this.#watches.delete(feed);
        feed.close();
      },
    };
  }

  create(namespace: string, name: string, object: Record<string, unknown>): Promise<ResourceWriteResult> {
    return this.#writer.put(namespace, name, object, null);
  }

  update(namespace: string, name: string, object: Record<string, unknown>, modRevision: number): Promise<ResourceWriteResult> {
    return this.#writer.put(namespace, name, object, modRevision);
  }

  delete(namespace: string, name: string, modRevision: number): Promise<ResourceWriteResult> {
    return this.#writer.delete(namespace, name, modRevision);
  }

  /** Nothing is cached. */
  count(): number {
    return 0;
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
    this.#onClose(this);
    const watches = [...this.#watches];
    this.#watches.clear();
    for (const [feed, options] of watches) {
      feed.close();
      options.onEnd(new StorageError('STORAGE_CLOSED', 'the storage is closed', {}));
    }
  }
}

function checkReached(freshness: Freshness, currentRevision: number): void {
  if (freshness.kind !== 'notOlderThan' || freshness.revision <= currentRevision) return;
  throw new StorageError('STORAGE_FUTURE_REVISION', `revision ${freshness.revision} has not been reached`, {
    requestedRevision: freshness.revision,
    currentRevision,
  });
}
