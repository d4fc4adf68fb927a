/**
 * The watch cache of one resource: the objects as bytes, an index by namespace, a ring of recent changes, watchers.
 *
 * Filled by one list and one watch of the store; writes of this process are applied as soon as they are durable, so
 * that a client reads its own writes without waiting for the watch.
 */
import { StorageError } from '../errors.js';
import type { KeyValue, KeyValueStore, WatchBatch, WatchHandle } from '../key-value-store.js';
import type {
  Freshness,
  ListOptions,
  ListResult,
  ResourceEvent,
  ResourceStorage,
  ResourceStorageOptions,
  ResourceWatchOptions,
  ResourceWriteResult,
  SelectableFields,
  StoredObject,
} from '../resource-storage.js';
import { OrderedObjects } from './ordered-objects.js';
import { spliceResourceVersion } from './splice-resource-version.js';

/** A read that asks for a revision not yet here waits this long. */
const FRESHNESS_WAIT_MS = 3000;
const HISTORY_SIZE = 10_000;
const NOTHING: SelectableFields = { labels: {}, fields: {} };

interface Watcher {
  options: ResourceWatchOptions;
  after: number;
  closed: boolean;
}

/** Opens the cache of a resource; it fills on first use. */
export class CachedResource implements ResourceStorage {
  readonly options: ResourceStorageOptions;
  readonly #store: KeyValueStore;
  readonly #currentRevision: () => Promise<number>;
  readonly #prefix: string;
  readonly #objects = new OrderedObjects();
  readonly #watchers = new Set<Watcher>();
  readonly #waiters: { revision: number; resolve: () => void }[] = [];
  #history: ResourceEvent[] = [];
  /** Changes at or below this revision are forgotten. */
  #historyFloor = 0;
  /** Everything up to here is in the cache. */
  #revision = 0;
  #filling: Promise<void> | null = null;
  #watch: WatchHandle | null = null;
  #applying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(store: KeyValueStore, options: ResourceStorageOptions, currentRevision: () => Promise<number>) {
    this.#store = store;
    this.options = options;
    this.#currentRevision = currentRevision;
    this.#prefix = `${options.keyPrefix}/`;
  }

  async get(namespace: string, name: string, freshness: Freshness): Promise<StoredObject | null> {
    if (freshness.kind === 'exact') {
      const { kv } = await this.#store.get(this.#key(namespace, name), { revision: freshness.revision });
      return kv === null ? null : this.#decode(kv);
    }
    await this.#reach(freshness);
    return this.#objects.get(this.#key(namespace, name)) ?? null;
  }

  async list(options: ListOptions): Promise<ListResult> {
    if (options.freshness.kind === 'exact') return this.#listExact(options, options.freshness.revision);
    await this.#reach(options.freshness);
    const { namespace = '', name, select, limit = 0, startAfter } = options;
    const source = this.#objects.list(namespace);
    let from = 0;
    if (startAfter !== undefined) from = this.#objects.indexAfter(source, `${this.#prefix}${startAfter}`);
    if (from === 0 && limit === 0 && select === undefined && name === undefined) {
      return { items: source as StoredObject[], revision: this.#revision };
    }
    const items: StoredObject[] = [];
    for (let i = from; i < source.length; i++) {
      const object = source[i] as StoredObject;
      if (name !== undefined && object.name !== name) continue;
      if (select !== undefined && !select(object.selectable)) continue;
      if (limit > 0 && items.length === limit) {
        const last = items[items.length - 1] as StoredObject;
        const isSelective = select !== undefined || name !== undefined;
        return {
          items,
          revision: this.#revision,
          nextAfter: last.key.slice(this.#prefix.length),
          ...(isSelective ? {} : { remaining: source.length - i }),
        };
      }
      items.push(object);
    }
    return { items, revision: this.#revision };
  }

  async #listExact(options: ListOptions, revision: number): Promise<ListResult> {
    const { namespace = '', name, select, limit = 0, startAfter } = options;
    const prefix = namespace === '' || !this.options.namespaced ? this.#prefix : `${this.#prefix}${namespace}/`;
    const items: StoredObject[] = [];
    let startKey = startAfter === undefined ? undefined : `${this.#prefix}${startAfter}\u0000`;
    for (;;) {
      const page = await this.#store.range({
        prefix,
        revision,
        ...(startKey === undefined ? {} : { startKey }),
        ...(limit > 0 ? { limit: limit + 1 } : {}),
      });
      for (let i = 0; i < page.kvs.length; i++) {
        const kv = page.kvs[i] as KeyValue;
        const object = await this.#decode(kv);
        if (name !== undefined && object.name !== name) continue;
        if (select !== undefined && !select(object.selectable)) continue;
        if (limit > 0 && items.length === limit) {
          const last = items[items.length - 1] as StoredObject;
          const isSelective = select !== undefined || name !== undefined;
          return { items, revision, nextAfter: last.key.slice(this.#prefix.length), ...(isSelective ? {} : { remaining: page.count - i }) };
        }
        items.push(object);
      }
      const last = page.kvs[page.kvs.length - 1];
      if (!page.more || last === undefined) return { items, revision };
      startKey = `${last.key}\u0000`;
    }
  }

  async watch(options: ResourceWatchOptions): Promise<{ close(): void }> {
    const { start } = options;
    const watcher: Watcher = { options, after: 0, closed: false };
    const handle = {
      close: () => {
        watcher.closed = true;
        this.#watchers.delete(watcher);
      },
    };
    if (start.kind === 'initial') {
      await this.#reach(start.freshness);
      for (const object of this.#objects.list(options.namespace ?? '')) {
        if (options.name !== undefined && object.name !== options.name) continue;
        options.onEvent({ type: 'ADDED', object, revision: object.modRevision, memo: new Map() });
      }
      watcher.after = this.#revision;
      this.#watchers.add(watcher);
      options.onInitialEnd?.(this.#revision);
      return handle;
    }
    await this.#reach({ kind: 'any' });
    const after = Number.isFinite(start.revision) ? start.revision : this.#revision;
    if (after < this.#historyFloor) {
      throw new StorageError('STORAGE_COMPACTED', `revision ${after} is no longer in the watch cache`, {
        requestedRevision: after,
        compactRevision: this.#historyFloor,
      });
    }
    for (const event of this.#history) if (event.revision > after) this.#send(watcher, event);
    watcher.after = Math.max(after, this.#revision);
    if (after > this.#revision) watcher.after = after;
    this.#watchers.add(watcher);
    return handle;
  }

  async create(namespace: string, name: string, object: Record<string, unknown>): Promise<ResourceWriteResult> {
    return this.#write(namespace, name, object, null);
  }

  async update(namespace: string, name: string, object: Record<string, unknown>, modRevision: number): Promise<ResourceWriteResult> {
    return this.#write(namespace, name, object, modRevision);
  }

  async #write(namespace: string, name: string, object: Record<string, unknown>, modRevision: number | null): Promise<ResourceWriteResult> {
    const key = this.#key(namespace, name);
    const json = Buffer.from(toJson(object));
    const { transformer, ttlSeconds } = this.options;
    const value = transformer === undefined ? json : await transformer.encrypt(json, key);
    const putOptions = ttlSeconds === undefined ? undefined : { ttlSeconds };
    await this.#fill();
    const result =
      modRevision === null
        ? await this.#store.create(key, value, putOptions)
        : await this.#store.update(key, value, modRevision, putOptions);
    if (!result.ok) return { ok: false, current: result.current === null ? null : await this.#decode(result.current) };
    const stored: StoredObject = {
      key,
      namespace,
      name,
      json: spliceResourceVersion(json, result.revision),
      modRevision: result.revision,
      selectable: this.options.selectable(object),
      stale: false,
    };
    await this.#awaitRevision(result.revision);
    return { ok: true, object: stored };
  }

  async delete(namespace: string, name: string, modRevision: number): Promise<ResourceWriteResult> {
    const key = this.#key(namespace, name);
    await this.#fill();
    const before = this.#objects.get(key);
    const result = await this.#store.delete(key, modRevision);
    if (!result.ok) return { ok: false, current: result.current === null ? null : await this.#decode(result.current) };
    await this.#awaitRevision(result.revision);
    const last: StoredObject = before ?? { key, namespace, name, json: Buffer.from('{}'), modRevision, selectable: NOTHING, stale: false };
    return { ok: true, object: atRevision(last, result.revision) };
  }

  count(): number {
    return this.#objects.size;
  }

  async ready(): Promise<void> {
    await this.#fill();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch?.close();
    const error = new StorageError('STORAGE_CLOSED', 'the storage is closed', {});
    for (const watcher of [...this.#watchers]) watcher.options.onEnd(error);
    this.#watchers.clear();
  }

  #key(namespace: string, name: string): string {
    return this.options.namespaced && namespace !== '' ? `${this.#prefix}${namespace}/${name}` : `${this.#prefix}${name}`;
  }

  /** Waits until the cache is as fresh as asked. */
  async #reach(freshness: Freshness): Promise<void> {
    if (this.#filling === null || this.#revision === 0) await this.#fill();
    if (freshness.kind === 'any') return;
    if (freshness.kind === 'latest') {
      const revision = await this.#currentRevision();
      if (revision > this.#revision) await this.#awaitRevision(revision);
      return;
    }
    if (freshness.kind === 'notOlderThan' && freshness.revision > this.#revision) {
      const current = await this.#currentRevision();
      if (freshness.revision > current) await this.#awaitRevision(freshness.revision);
      else await this.#awaitRevision(freshness.revision);
    }
  }

  #awaitRevision(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = {
        revision,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(
          new StorageError('STORAGE_FUTURE_REVISION', `revision ${revision} has not been reached`, {
            requestedRevision: revision,
            currentRevision: this.#revision,
          }),
        );
      }, FRESHNESS_WAIT_MS);
      this.#waiters.push(waiter);
      this.#watch?.requestProgress();
    });
  }

  #fill(): Promise<void> {
    if (this.#closed) return Promise.reject(new StorageError('STORAGE_CLOSED', 'the storage is closed', {}));
    this.#filling ??= this.#load().catch((error: unknown) => {
      this.#filling = null;
      throw error;
    });
    return this.#filling;
  }

  /** Lists everything and follows from there. */
  async #load(): Promise<void> {
    const { kvs, revision } = await this.#store.range({ prefix: this.#prefix });
    for (const kv of kvs) this.#objects.set(await this.#decode(kv));
    this.#historyFloor = revision;
    this.#revision = revision;
    this.#follow(revision + 1);
  }

  #follow(startRevision: number): void {
    this.#watch = this.#store.watch({
      prefix: this.#prefix,
      startRevision,
      onBatch: (batch) => this.#onBatch(batch),
      onEnd: (error) => this.#onEnd(error),
    });
  }

  /** History below the watch was compacted, or the store closed: watchers start again, the cache fills anew. */
  #onEnd(error: Error): void {
    if (this.#closed) return;
    for (const watcher of [...this.#watchers]) watcher.options.onEnd(error);
    this.#watchers.clear();
    this.#history = [];
    this.#objects.clear();
    this.#revision = 0;
    this.#filling = null;
  }

  /** Applies changes in order, although decrypting may take time. */
  #onBatch(batch: WatchBatch): void {
    const decoded = batch.changes.map((change) => (change.type === 'put' ? this.#decode(change.kv) : null));
    if (decoded.every((item) => !(item instanceof Promise)) && this.#applyingIdle) {
      this.#apply(batch, decoded as (StoredObject | null)[]);
      return;
    }
    this.#applyingIdle = false;
    this.#applying = this.#applying.then(async () => {
      this.#apply(batch, await Promise.all(decoded));
    });
    const mine = this.#applying;
    void mine.then(() => {
      if (this.#applying === mine) this.#applyingIdle = true;
    });
  }
  #applyingIdle = true;

  #apply(batch: WatchBatch, decoded: (StoredObject | null)[]): void {
    batch.changes.forEach((change, i) => {
      if (change.kv.modRevision <= this.#revision) return;
      const before = this.#objects.get(change.kv.key);
      const object = decoded[i] ?? null;
      let event: ResourceEvent | null = null;
      const revision = change.kv.modRevision;
      if (object !== null) {
        this.#objects.set(object);
        event = before
          ? { type: 'MODIFIED', object, previous: before.selectable, previousObject: before, revision, memo: new Map() }
          : { type: 'ADDED', object, revision, memo: new Map() };
      } else if (before) {
        this.#objects.delete(before.key);
        event = {
          type: 'DELETED',
          object: atRevision(before, revision),
          previous: before.selectable,
          previousObject: before,
          revision,
          memo: new Map(),
        };
      }
      if (event !== null) this.#record(event);
    });
    if (batch.revision > this.#revision) this.#revision = batch.revision;
    if (batch.changes.length === 0) for (const watcher of this.#watchers) watcher.options.onProgress?.(this.#revision);
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      const waiter = this.#waiters[i] as { revision: number; resolve: () => void };
      if (waiter.revision <= this.#revision) {
        this.#waiters.splice(i, 1);
        waiter.resolve();
      }
    }
  }

  #record(event: ResourceEvent): void {
    this.#history.push(event);
    const max = this.options.historySize ?? HISTORY_SIZE;
    if (this.#history.length > max + 100) {
      const gone = this.#history.splice(0, this.#history.length - max);
      this.#historyFloor = (gone[gone.length - 1] as ResourceEvent).revision;
    }
    for (const watcher of [...this.#watchers]) this.#send(watcher, event);
  }

  #send(watcher: Watcher, event: ResourceEvent): void {
    if (watcher.closed || event.revision <= watcher.after) return;
    const { namespace = '', name } = watcher.options;
    if (namespace !== '' && event.object.namespace !== namespace) return;
    if (name !== undefined && event.object.name !== name) return;
    watcher.options.onEvent(event);
  }

  #decode(kv: KeyValue): StoredObject | Promise<StoredObject> {
    const { transformer } = this.options;
    if (transformer === undefined) return this.#toObject(kv, kv.value, false);
    const decrypted = transformer.decrypt(kv.value, kv.key);
    if (decrypted instanceof Promise) return decrypted.then(({ data, stale }) => this.#toObject(kv, data, stale));
    return this.#toObject(kv, decrypted.data, decrypted.stale);
  }

  #toObject(kv: KeyValue, data: Uint8Array, stale: boolean): StoredObject {
    const json = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    let parsed: Record<string, unknown>;
    try {
      parsed = JSON.parse(json.toString('utf8')) as Record<string, unknown>;
    } catch (error) {
      throw new StorageError('STORAGE_CORRUPT', `the value of "${kv.key}" is not JSON`, { key: kv.key }, { cause: error });
    }
    const path = kv.key.slice(this.#prefix.length);
    const slash = this.options.namespaced ? path.indexOf('/') : -1;
    return {
      key: kv.key,
      namespace: slash < 0 ? '' : path.slice(0, slash),
      name: path.slice(slash + 1),
      json: spliceResourceVersion(json, kv.modRevision),
      modRevision: kv.modRevision,
      selectable: this.options.selectable(parsed),
      stale,
    };
  }
}

/** The last state of a deleted object, at the deletion's revision. */
function atRevision(object: StoredObject, revision: number): StoredObject {
  const text = object.json.toString('utf8').replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${revision}"`);
  return { ...object, json: Buffer.from(text), modRevision: revision };
}

/** JSON that keeps 64-bit integers. */
function toJson(object: Record<string, unknown>): string {
  return JSON.stringify(object, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}
