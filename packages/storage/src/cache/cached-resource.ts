/**
 * The watch cache of one resource: the objects as bytes, indexes, a ring of recent changes, watchers.
 *
 * Filled on first use by one list, then by one watch of the store. Reads wait until the cache has reached the revision
 * they ask for; writes return when the cache has seen them. When the watch ends for good (history compacted while the
 * store was away), watchers end with its error and the cache fills anew.
 */
import { StorageError } from '../errors.js';
import type { KeyValueStore, WatchHandle } from '../key-value-store.js';
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
import type { RevisionProbe } from '../revision-probe.js';
import { CacheContents } from './cache-contents.js';
import { ChangeDecoder, type DecodedBatch } from './change-decoder.js';
import { DirectReader } from './direct-reader.js';
import { KeyGeneration } from './key-generation.js';
import { ResourceCodec, UnreadableObject } from './resource-codec.js';
import { ResourceWriter } from './resource-writer.js';
import { RevisionWaiters } from './revision-waiters.js';
import { SlabAllocator } from './slab.js';
import { type CacheSource, WatchHub } from './watch-hub.js';

/** A read that asks for a revision not yet here waits this long. */
const FRESHNESS_WAIT_MS = 3000;
const HISTORY_COUNT = 10_000;
const HISTORY_BYTES = 32 * 2 ** 20;
/** Between attempts to fill again after the watch has ended. */
const REFILL_DELAY_MIN_MS = 100;
const REFILL_DELAY_MAX_MS = 5000;
/** A list that is compacted under way starts again this often. */
const LOAD_TRIES = 5;

/** Opens the cache of a resource; it fills on first use. */
export class CachedResource implements ResourceStorage {
  readonly options: ResourceStorageOptions;
  readonly #store: KeyValueStore;
  readonly #probe: RevisionProbe;
  readonly #onClose: (storage: ResourceStorage) => void;
  readonly #codec: ResourceCodec;
  readonly #reader: DirectReader;
  readonly #writer: ResourceWriter;
  readonly #keys: KeyGeneration;
  readonly #contents: CacheContents;
  readonly #hub: WatchHub;
  readonly #waiters = new RevisionWaiters(() => this.#watch?.requestProgress());
  /** Everything up to here is in the cache; 0 while it is not filled. */
  #revision = 0;
  #loading: Promise<void> | null = null;
  #watch: WatchHandle | null = null;
  #decoder: ChangeDecoder | null = null;
  #slabs = new SlabAllocator();
  #refillTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(
    store: KeyValueStore,
    options: ResourceStorageOptions,
    probe: RevisionProbe,
    onClose: (storage: ResourceStorage) => void = () => {},
  ) {
    this.#onClose = onClose;
    this.#store = store;
    this.options = options;
    this.#probe = probe;
    this.#codec = new ResourceCodec(options);
    this.#reader = new DirectReader(store, this.#codec, options);
    this.#contents = new CacheContents(this.#codec, {
      countMax: options.historySize ?? HISTORY_COUNT,
      bytesMax: options.historyBytesMax ?? HISTORY_BYTES,
    });
    this.#keys = new KeyGeneration(options.transformer);
    this.#writer = new ResourceWriter(store, this.#codec, options, {
      cached: (namespace, name) => this.#contents.get(namespace, name),
      settle: (revision) => this.#settle(revision),
    });
    const self = this;
    const source: CacheSource = {
      get revision() {
        return self.#revision;
      },
      ring: this.#contents.ring,
      filled: () => this.#fill(),
      objects: (watch) => {
        this.#contents.checkReadable(watch.namespace ?? '', watch.name);
        return this.#contents.source(watch);
      },
      reach: (freshness) => this.#reachOrFail(freshness),
      requestProgress: () => this.#watch?.requestProgress(),
    };
    this.#hub = new WatchHub(store, this.#codec, options, source);
  }

  async get(namespace: string, name: string, freshness: Freshness): Promise<StoredObject | null> {
    if (freshness.kind === 'exact') return (await this.#reader.get(namespace, name, freshness.revision)).object;
    const wait = this.#reach(freshness);
    if (wait !== null && !(await wait)) return (await this.#reader.get(namespace, name)).object;
    const object = this.#contents.get(namespace, name);
    if (object === undefined) {
      this.#contents.checkReadable(namespace, name);
      return null;
    }
    return this.#keys.isStale(object, this.#revision) ? { ...object, stale: true } : object;
  }

  async list(options: ListOptions): Promise<ListResult> {
    const { freshness } = options;
    if (freshness.kind === 'exact') {
      const { revision } = freshness;
      return (revision <= this.#revision ? this.#contents.pageAt(options, revision) : null) ?? this.#reader.list(options, revision);
    }
    const wait = this.#reach(freshness);
    if (wait !== null && !(await wait)) return this.#reader.list(options);
    return this.#contents.page(options, this.#revision);
  }

  watch(options: ResourceWatchOptions): Promise<ResourceWatchHandle> {
    return this.#hub.watch(options);
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

  count(): number {
    return this.#contents.size;
  }

  async ready(): Promise<void> {
    await this.#fill();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unfollow();
    if (this.#refillTimer !== null) clearTimeout(this.#refillTimer);
    this.#hub.end(closedError());
    this.#waiters.giveUp();
    this.#revision = 0;
    this.#contents.clear();
    this.#onClose(this);
  }

  /** Waits until the cache is as fresh as asked: `null` = it is; else true, or false when it did not get there in time. */
  #reach(freshness: Freshness): Promise<boolean> | null {
    const filling = this.#fill();
    if (filling !== null) return filling.then(() => this.#reach(freshness) ?? true);
    if (freshness.kind === 'latest') {
      const revision = this.#probe.local();
      if (revision !== undefined) return revision <= this.#revision ? null : this.#await(revision);
      return this.#probe.current().then((current) => current <= this.#revision || this.#await(current));
    }
    if (freshness.kind !== 'notOlderThan' || freshness.revision <= this.#revision) return null;
    return this.#await(freshness.revision).then((reached) => {
      if (reached) return true;
      throw new StorageError('STORAGE_FUTURE_REVISION', `revision ${freshness.revision} has not been reached`, {
        requestedRevision: freshness.revision,
        currentRevision: this.#revision,
      });
    });
  }

  async #reachOrFail(freshness: Freshness): Promise<void> {
    const wait = this.#reach(freshness);
    if (wait === null || (await wait)) return;
    throw new StorageError('STORAGE_UNAVAILABLE', `the watch cache of ${this.options.resource} is behind the store`, {
      operation: 'watch',
    });
  }

  async #await(revision: number): Promise<boolean> {
    const reached = await this.#waiters.wait(revision, FRESHNESS_WAIT_MS);
    if (this.#closed) throw closedError();
    // While it waited the cache may have been lost: its state counts, not the mark.
    if (reached && this.#revision < revision) await this.#fill();
    return reached;
  }

  /** After a write: the cache has it before the writer goes on. A cache that nobody uses is not filled for it. */
  #settle(revision: number): Promise<void> | null {
    if (this.#revision >= revision || this.#closed) return null;
    if (this.#revision === 0 && this.#loading === null) return null;
    const done = (): void => {};
    return this.#waiters.wait(revision, FRESHNESS_WAIT_MS).then(done);
  }

  #fill(): Promise<void> | null {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#revision > 0) return null;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Lists everything and follows from there. */
  async #load(): Promise<void> {
    let revision = 0;
    for (let attempt = 1; ; attempt++) {
      this.#contents.clear();
      this.#slabs = new SlabAllocator();
      const { allocate } = this.#slabs;
      try {
        for await (const page of this.#reader.pages()) {
          revision = page.revision;
          for (const decoded of await Promise.all(page.kvs.map((kv) => this.#codec.decode(kv, allocate)))) this.#contents.put(decoded);
        }
        break;
      } catch (error) {
        if (attempt >= LOAD_TRIES || !StorageError.is(error, 'STORAGE_COMPACTED')) throw error;
      }
    }
    if (this.#closed) throw closedError();
    this.#contents.ring.reset(revision);
    this.#revision = revision;
    this.#follow(revision + 1);
    this.#waiters.reached(revision);
  }

  #follow(startRevision: number): void {
    const decoder = new ChangeDecoder(
      this.#codec,
      (batch) => this.#apply(batch),
      (error) => this.#lost(error),
      this.#slabs.allocate,
    );
    this.#decoder = decoder;
    this.#watch = this.#store.watch({
      prefix: this.#codec.prefix,
      startRevision,
      onBatch: (batch) => decoder.push(batch),
      onEnd: (error) => {
        if (this.#decoder === decoder) this.#lost(error);
      },
    });
  }

  #unfollow(): void {
    this.#decoder?.stop();
    this.#decoder = null;
    this.#watch?.close();
    this.#watch = null;
  }

  /** The store's watch has ended: changes have been missed. Watchers end, the cache fills anew. */
  #lost(error: Error): void {
    if (this.#closed) return;
    this.#unfollow();
    this.#revision = 0;
    this.#hub.end(error);
    if (!StorageError.is(error, 'STORAGE_CLOSED')) this.#refill(REFILL_DELAY_MIN_MS);
  }

  #refill(delayMs: number): void {
    this.#fill()?.catch(() => {
      if (this.#closed) return;
      this.#refillTimer = setTimeout(() => this.#refill(Math.min(delayMs * 2, REFILL_DELAY_MAX_MS)), delayMs);
      this.#refillTimer.unref();
    });
  }

  #apply(batch: DecodedBatch): void {
    for (const change of batch.changes) {
      if (change.kv.modRevision <= this.#revision) continue;
      const event = this.#contents.apply(change);
      if (event instanceof UnreadableObject) this.#hub.fail(event);
      else if (event !== null) {
        this.#hub.deliver(event);
        event.release();
      }
    }
    if (batch.revision > this.#revision) this.#revision = batch.revision;
    this.#contents.tidy(this.#slabs);
    this.#waiters.reached(this.#revision);
    this.#hub.advanced();
  }
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the storage is closed', {});
}
