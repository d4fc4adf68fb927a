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
import { ChangeDecoder, type DecodedBatch, type DecodedChange } from './change-decoder.js';
import { DirectReader } from './direct-reader.js';
import { EventRing, ResourceChange } from './event-ring.js';
import { indexAfter, OrderedObjects } from './ordered-objects.js';
import { atRevision, type Decoded, ResourceCodec, UnreadableObject } from './resource-codec.js';
import { ResourceWriter } from './resource-writer.js';
import { RevisionWaiters } from './revision-waiters.js';
import { selectPage } from './select-page.js';
import { SlabAllocator } from './slab.js';
import { stateAt } from './state-at.js';
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
  readonly #ring: EventRing;
  readonly #hub: WatchHub;
  readonly #objects = new OrderedObjects();
  /** Values that cannot be read, by key. */
  readonly #unreadable = new Map<string, UnreadableObject>();
  readonly #waiters = new RevisionWaiters(() => this.#watch?.requestProgress());
  /** Everything up to here is in the cache; 0 while it is not filled. */
  #revision = 0;
  #loading: Promise<void> | null = null;
  #watch: WatchHandle | null = null;
  #decoder: ChangeDecoder | null = null;
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
    this.#ring = new EventRing({
      countMax: options.historySize ?? HISTORY_COUNT,
      bytesMax: options.historyBytesMax ?? HISTORY_BYTES,
    });
    this.#writer = new ResourceWriter(store, this.#codec, options, {
      cached: (namespace, name) => this.#objects.get(namespace, name),
      settle: (revision) => this.#settle(revision),
    });
    const self = this;
    const source: CacheSource = {
      get revision() {
        return self.#revision;
      },
      ring: this.#ring,
      filled: () => this.#fill(),
      objects: (watch) => {
        this.#checkReadable(watch.namespace ?? '', watch.name);
        return this.#sourceOf(watch);
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
    const object = this.#objects.get(namespace, name);
    if (object === undefined && this.#unreadable.size > 0) this.#checkReadable(namespace, name);
    return object ?? null;
  }

  async list(options: ListOptions): Promise<ListResult> {
    const { freshness, namespace = '', name, startAfter } = options;
    if (freshness.kind === 'exact') return this.#listAt(options, freshness.revision);
    const wait = this.#reach(freshness);
    if (wait !== null && !(await wait)) return this.#reader.list(options);
    this.#checkReadable(namespace, name);
    return this.#page(this.#sourceOf(options), this.#revision, startAfter, options);
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
    return this.#objects.size + this.#unreadable.size;
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
    this.#objects.clear();
    this.#ring.reset(0);
    this.#onClose(this);
  }

  /** The objects to look at: by name, by index, or all. */
  #sourceOf(options: Pick<ListOptions, 'namespace' | 'name' | 'equals'>): readonly StoredObject[] {
    const { namespace = '', name, equals } = options;
    if (name !== undefined) return this.#objects.named(namespace, name);
    const found = equals === undefined ? null : this.#objects.candidates(namespace, equals);
    return found ?? this.#objects.list(namespace);
  }

  #page(source: readonly StoredObject[], revision: number, startAfter: string | undefined, options: ListOptions): ListResult {
    const { prefix } = this.#codec;
    const from = startAfter === undefined ? 0 : indexAfter(source, `${prefix}${startAfter}`);
    return selectPage(source, { from, revision, prefix }, options);
  }

  /** At an exact revision: from memory while the ring reaches back, else from the store. */
  async #listAt(options: ListOptions, revision: number): Promise<ListResult> {
    if (revision <= this.#revision && this.#unreadable.size === 0) {
      const source = stateAt(this.#ring, revision, this.#objects.list(options.namespace ?? ''), options);
      if (source !== null) return this.#page(source, revision, options.startAfter, options);
    }
    return this.#reader.list(options, revision);
  }

  /** Throws when a value in the read's reach cannot be read: a list without it would be a lie. */
  #checkReadable(namespace: string, name: string | undefined): void {
    if (this.#unreadable.size === 0) return;
    for (const object of this.#unreadable.values()) {
      if ((namespace === '' || object.namespace === namespace) && (name === undefined || object.name === name)) throw object.error;
    }
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
      this.#objects.clear();
      this.#unreadable.clear();
      const slab = new SlabAllocator();
      try {
        for await (const page of this.#reader.pages()) {
          revision = page.revision;
          for (const decoded of await Promise.all(page.kvs.map((kv) => this.#codec.decode(kv, slab.allocate)))) this.#put(decoded);
        }
        break;
      } catch (error) {
        if (attempt >= LOAD_TRIES || !StorageError.is(error, 'STORAGE_COMPACTED')) throw error;
      }
    }
    if (this.#closed) throw closedError();
    this.#ring.reset(revision);
    this.#revision = revision;
    this.#follow(revision + 1);
    this.#waiters.reached(revision);
  }

  #follow(startRevision: number): void {
    const decoder = new ChangeDecoder(
      this.#codec,
      (batch) => this.#apply(batch),
      (error) => this.#lost(error),
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
    for (const change of batch.changes) if (change.kv.modRevision > this.#revision) this.#applyChange(change);
    if (batch.revision > this.#revision) this.#revision = batch.revision;
    this.#waiters.reached(this.#revision);
    this.#hub.advanced();
  }

  #applyChange({ kv, object }: DecodedChange): void {
    const revision = kv.modRevision;
    if (object instanceof UnreadableObject) {
      this.#put(object);
      // Whoever resumes from before this point meets the value in the store.
      this.#ring.reset(revision);
      this.#hub.fail(object);
      return;
    }
    const at = this.#codec.parseKey(kv.key);
    const before = object === null ? this.#objects.delete(at.namespace, at.name) : this.#put(object);
    if (object === null) this.#unreadable.delete(kv.key);
    let event: ResourceChange;
    if (object !== null) event = new ResourceChange(before === undefined ? 'ADDED' : 'MODIFIED', object, before ?? null, revision);
    else if (before !== undefined) event = new ResourceChange('DELETED', atRevision(before, revision), before, revision);
    else return;
    this.#ring.push(event);
    this.#hub.deliver(event);
    event.release();
  }

  /** @returns The object that was there. */
  #put(decoded: Decoded): StoredObject | undefined {
    if (decoded instanceof UnreadableObject) {
      this.#unreadable.set(decoded.key, decoded);
      return this.#objects.delete(decoded.namespace, decoded.name);
    }
    if (this.#unreadable.size > 0) this.#unreadable.delete(decoded.key);
    return this.#objects.set(decoded);
  }
}

function closedError(): StorageError {
  return new StorageError('STORAGE_CLOSED', 'the storage is closed', {});
}
