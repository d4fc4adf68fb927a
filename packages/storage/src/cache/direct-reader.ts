import type { KeyValue, KeyValueStore, RangeResult } from '../key-value-store.js';
import type { ListOptions, ListResult, ResourceStorageOptions, StoredObject } from '../resource-storage.js';
import { type Decoded, type ResourceCodec, UnreadableObject } from './resource-codec.js';

/** Rows read from the store at a time, so that a large collection never lies in memory twice. */
const PAGE_COUNT = 1000;

/** Reads that go to the store: at an exact revision, or without a cache. */
export class DirectReader {
  readonly #store: KeyValueStore;
  readonly #codec: ResourceCodec;
  readonly #options: ResourceStorageOptions;

  constructor(store: KeyValueStore, codec: ResourceCodec, options: ResourceStorageOptions) {
    this.#store = store;
    this.#codec = codec;
    this.#options = options;
  }

  /** @returns The object at `revision` (absent = now) and the store's revision at the time of the read. */
  async get(namespace: string, name: string, revision?: number): Promise<{ object: StoredObject | null; revision: number }> {
    const result = await this.#store.get(this.#codec.key(namespace, name), revision === undefined ? {} : { revision });
    return { object: result.kv === null ? null : readable(await this.#codec.decode(result.kv)), revision: result.revision };
  }

  /** One page of objects at `revision` (absent = now). The first value that cannot be read fails the whole list. */
  async list(options: ListOptions, revision?: number): Promise<ListResult> {
    const { namespace = '', name, select, limit = 0, startAfter } = options;
    if (name !== undefined && startAfter === undefined && (namespace !== '' || !this.#options.namespaced)) {
      return this.#single(options, name, revision);
    }
    const isSelective = select !== undefined || name !== undefined;
    const items: StoredObject[] = [];
    let at = revision;
    let startKey = startAfter === undefined ? undefined : `${this.#codec.prefix}${startAfter}\u0000`;
    for (;;) {
      const pageLimit = limit > 0 && !isSelective ? Math.min(PAGE_COUNT, limit - items.length + 1) : PAGE_COUNT;
      const page = await this.#page({ namespace, limit: pageLimit, revision: at, startKey });
      at ??= page.revision;
      const decoded = await Promise.all(page.kvs.map((kv) => this.#codec.decode(kv)));
      for (let i = 0; i < decoded.length; i++) {
        const object = readable(decoded[i] as Decoded);
        if (name !== undefined && object.name !== name) continue;
        if (select !== undefined && !select(object.selectable)) continue;
        if (limit > 0 && items.length === limit) {
          const nextAfter = (items[items.length - 1] as StoredObject).key.slice(this.#codec.prefix.length);
          return { items, revision: at, nextAfter, ...(isSelective ? {} : { remaining: page.count - i }) };
        }
        items.push(object);
      }
      const last = page.kvs[page.kvs.length - 1];
      if (!page.more || last === undefined) return { items, revision: at };
      startKey = `${last.key}\u0000`;
    }
  }

  /** Every object's row at one revision, in pages; for filling a cache. */
  async *pages(): AsyncGenerator<{ kvs: KeyValue[]; revision: number }> {
    let revision: number | undefined;
    let startKey: string | undefined;
    for (;;) {
      const page = await this.#page({ namespace: '', limit: PAGE_COUNT, revision, startKey });
      revision ??= page.revision;
      yield { kvs: page.kvs, revision };
      const last = page.kvs[page.kvs.length - 1];
      if (!page.more || last === undefined) return;
      startKey = `${last.key}\u0000`;
    }
  }

  #page(page: { namespace: string; limit: number; revision: number | undefined; startKey: string | undefined }): Promise<RangeResult> {
    return this.#store.range({
      prefix: this.#codec.spacePrefix(page.namespace),
      limit: page.limit,
      ...(page.revision === undefined ? {} : { revision: page.revision }),
      ...(page.startKey === undefined ? {} : { startKey: page.startKey }),
    });
  }

  async #single(options: ListOptions, name: string, revision: number | undefined): Promise<ListResult> {
    const found = await this.get(options.namespace ?? '', name, revision);
    const { object } = found;
    const wanted = object !== null && (options.select === undefined || options.select(object.selectable));
    return { items: wanted ? [object] : [], revision: revision ?? found.revision };
  }
}

/** The object, or a throw in its place. */
export function readable(decoded: Decoded): StoredObject {
  if (decoded instanceof UnreadableObject) throw decoded.error;
  return decoded;
}
