import { StorageError } from '../errors.js';
import type { KeyValueStore } from '../key-value-store.js';
import type { Freshness, ResourceStorageOptions, ResourceWatchHandle, ResourceWatchOptions, StoredObject } from '../resource-storage.js';
import { type EventRing, ResourceChange } from './event-ring.js';
import type { ResourceCodec, UnreadableObject } from './resource-codec.js';
import { StoreFeed } from './store-feed.js';
import { sendEvent, type Watcher, WatcherSet } from './watcher-set.js';

/** Initial events between two looks at the client's pace. */
const INITIAL_GROUP_COUNT = 100;
/** Progress of a quiet resource is told this long after it was made, so that many writes elsewhere cost little here. */
const PROGRESS_DELAY_MS = 500;
/** The store is asked for progress this often while there are watchers. */
const PROGRESS_ASK_MS = 10_000;

/** What the hub needs of the cache. */
export interface CacheSource {
  /** Everything up to here is in the cache; 0 while it is not filled. */
  readonly revision: number;
  readonly ring: EventRing;
  /** `null` when the cache is filled, else when it will be. */
  filled(): Promise<void> | null;
  /** A superset of the objects a watch wants, in key order; throws when one of them cannot be read. */
  objects(watch: ResourceWatchOptions): readonly StoredObject[];
  reach(freshness: Freshness): Promise<void>;
  requestProgress(): void;
}

/** The watchers of one cached resource: where they start, what they get, and when they end. */
export class WatchHub {
  readonly #store: KeyValueStore;
  readonly #codec: ResourceCodec;
  readonly #options: ResourceStorageOptions;
  readonly #source: CacheSource;
  readonly #watchers = new WatcherSet();
  /** Watchers that still read history from the store. */
  readonly #replaying = new Map<Watcher, StoreFeed>();
  #progressTimer: NodeJS.Timeout | null = null;
  #askTimer: NodeJS.Timeout | null = null;
  #toldRevision = 0;

  constructor(store: KeyValueStore, codec: ResourceCodec, options: ResourceStorageOptions, source: CacheSource) {
    this.#store = store;
    this.#codec = codec;
    this.#options = options;
    this.#source = source;
  }

  async watch(options: ResourceWatchOptions): Promise<ResourceWatchHandle> {
    const watcher: Watcher = { options, after: 0, closed: false };
    const { start } = options;
    let asked = 0;
    if (start.kind === 'initial') {
      await this.#source.reach(start.freshness);
      await this.#sendInitial(watcher);
    } else {
      const isNow = !Number.isFinite(start.revision);
      if (isNow) await this.#source.reach({ kind: 'latest' });
      asked = isNow ? 0 : start.revision;
      await this.#resume(watcher, isNow ? this.#source.revision : start.revision);
    }
    const self = this;
    return {
      get revision() {
        const revision = self.#replaying.get(watcher)?.revision ?? self.#source.revision;
        return revision > asked ? revision : 0;
      },
      close: () => this.#drop(watcher),
    };
  }

  /** Shows a change to everyone concerned. */
  deliver(event: ResourceChange): void {
    if (this.#watchers.size === 0) return;
    this.#watchers.visit(event.object, [event.object.selectable, event.previous], (watcher) => this.#send(watcher, event));
  }

  /** The cache has moved on. */
  advanced(): void {
    if (this.#watchers.size === 0 || this.#progressTimer !== null) return;
    this.#progressTimer = setTimeout(() => {
      this.#progressTimer = null;
      const { revision } = this.#source;
      if (revision === this.#toldRevision) return;
      this.#toldRevision = revision;
      for (const watcher of this.#watchers) if (revision > watcher.after) watcher.options.onProgress?.(revision);
    }, PROGRESS_DELAY_MS);
    this.#progressTimer.unref();
  }

  /** A change whose value cannot be read ends the watches that should have shown it. */
  fail(object: UnreadableObject): void {
    const concerned: Watcher[] = [];
    for (const watcher of this.#watchers) {
      const { namespace = '', name } = watcher.options;
      if ((namespace === '' || namespace === object.namespace) && (name === undefined || name === object.name)) concerned.push(watcher);
    }
    for (const watcher of concerned) this.#end(watcher, object.error);
  }

  /** Ends all watches. */
  end(error: Error): void {
    const all = [...this.#watchers.drain(), ...this.#replaying.keys()];
    for (const watcher of all) this.#end(watcher, error);
  }

  async #sendInitial(watcher: Watcher): Promise<void> {
    const { options } = watcher;
    const { namespace = '', name, pace } = options;
    const objects = this.#source.objects(options);
    const { revision } = this.#source;
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i] as StoredObject;
      if (namespace !== '' && object.namespace !== namespace) continue;
      if (name !== undefined && object.name !== name) continue;
      options.onEvent(new ResourceChange('ADDED', object, null, object.modRevision));
      if (pace === undefined || (i + 1) % INITIAL_GROUP_COUNT !== 0) continue;
      const pause = pace();
      if (pause !== undefined) await pause;
    }
    options.onInitialEnd?.(revision);
    // Nothing has changed meanwhile, unless there was a pause.
    if (this.#source.revision === revision) this.#join(watcher, revision);
    else await this.#resume(watcher, revision);
  }

  /** Goes on after a revision: from the ring, or from the store's history until the ring takes over. */
  async #resume(watcher: Watcher, after: number): Promise<void> {
    const filling = this.#source.filled();
    if (filling !== null) await filling;
    if (after >= this.#source.ring.floor) {
      this.#join(watcher, after);
      return;
    }
    const { namespace = '', name } = watcher.options;
    const wholeSpace = name === undefined || (namespace === '' && this.#options.namespaced);
    const feed = new StoreFeed({
      store: this.#store,
      codec: this.#codec,
      prefix: wholeSpace ? this.#codec.spacePrefix(namespace) : this.#codec.key(namespace, name),
      after,
      accepts: (object) => (namespace === '' || object.namespace === namespace) && (name === undefined || object.name === name),
      onEvent: (event) => {
        this.#send(watcher, event);
        event.release();
      },
      onRevision: (revision) => {
        if (watcher.closed || this.#source.revision === 0 || revision < this.#source.ring.floor) return;
        this.#replaying.delete(watcher);
        feed.close();
        this.#join(watcher, revision);
      },
      onEnd: (error) => this.#end(watcher, error),
    });
    this.#replaying.set(watcher, feed);
    try {
      await feed.start();
    } catch (error) {
      this.#replaying.delete(watcher);
      throw error;
    }
  }

  /** Sends what the ring has and adds the watcher to those that get what comes. */
  #join(watcher: Watcher, after: number): void {
    watcher.after = after;
    for (const event of this.#source.ring.after(after)) {
      this.#send(watcher, event);
      event.release();
    }
    if (watcher.closed) return;
    watcher.after = Math.max(after, this.#source.revision);
    this.#watchers.add(watcher);
    this.#askTimer ??= setInterval(() => this.#askProgress(), PROGRESS_ASK_MS).unref();
  }

  #askProgress(): void {
    if (this.#watchers.size > 0) {
      this.#source.requestProgress();
      return;
    }
    if (this.#askTimer !== null) clearInterval(this.#askTimer);
    this.#askTimer = null;
  }

  /** One watcher that throws must not keep the others from their events. */
  #send(watcher: Watcher, event: ResourceChange): void {
    try {
      sendEvent(watcher, event);
    } catch (error) {
      this.#end(watcher, error instanceof Error ? error : new StorageError('STORAGE_CLOSED', String(error), {}));
    }
  }

  #end(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#drop(watcher);
    watcher.options.onEnd(error);
  }

  #drop(watcher: Watcher): void {
    watcher.closed = true;
    this.#watchers.delete(watcher);
    this.#replaying.get(watcher)?.close();
    this.#replaying.delete(watcher);
  }
}
