import type { KeyValueStore, WriteResult } from '../key-value-store.js';
import type { ResourceStorageOptions, ResourceWriteResult, StoredObject } from '../resource-storage.js';
import { encodeJson } from './encode-json.js';
import { atRevision, type ExpectedValue, type ResourceCodec, UnreadableObject } from './resource-codec.js';

/** What a writer needs of the cache. */
export interface ResourceWriterHooks {
  /** The object as the cache has it, if it has it. */
  cached(namespace: string, name: string): StoredObject | undefined;
  /** Waits until the cache has seen a write. Never fails: the write has happened. */
  settle(revision: number): Promise<void> | null;
}

/** Guarded writes of one resource. */
export class ResourceWriter {
  readonly #store: KeyValueStore;
  readonly #codec: ResourceCodec;
  readonly #options: ResourceStorageOptions;
  readonly #hooks: ResourceWriterHooks;

  constructor(store: KeyValueStore, codec: ResourceCodec, options: ResourceStorageOptions, hooks: ResourceWriterHooks) {
    this.#store = store;
    this.#codec = codec;
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Creates for `modRevision` null, else updates. */
  async put(namespace: string, name: string, object: Record<string, unknown>, modRevision: number | null): Promise<ResourceWriteResult> {
    const { ttlSeconds } = this.#options;
    const key = this.#codec.key(namespace, name);
    const json = encodeJson(withoutVersion(object));
    const encrypted = this.#codec.encrypt(json, key);
    const value = encrypted instanceof Promise ? await encrypted : encrypted;
    const { labels, fields } = this.#options.selectable(object);
    const written: ExpectedValue = {
      namespace: this.#options.namespaced ? namespace : '',
      name,
      value,
      json,
      // The labels are the caller's, who may go on changing the object.
      selectable: { labels: { ...labels }, fields },
    };
    const putOptions = ttlSeconds === undefined ? undefined : { ttlSeconds };
    this.#codec.expected.set(key, written);
    try {
      const result =
        modRevision === null
          ? await this.#store.create(key, value, putOptions)
          : await this.#store.update(key, value, modRevision, putOptions);
      if (!result.ok) return await this.#refused(result);
      const wait = this.#hooks.settle(result.revision);
      if (wait !== null) await wait;
      const cached = this.#hooks.cached(namespace, name);
      const object = cached?.modRevision === result.revision ? cached : this.#codec.toStored(key, result.revision, written);
      return { ok: true, object };
    } finally {
      if (this.#codec.expected.get(key) === written) this.#codec.expected.delete(key);
    }
  }

  async delete(namespace: string, name: string, modRevision: number): Promise<ResourceWriteResult> {
    const key = this.#codec.key(namespace, name);
    let before = this.#hooks.cached(namespace, name);
    if (before?.modRevision !== modRevision) {
      // The answer shows the state that was deleted: the cache does not have that one.
      const { kv } = await this.#store.get(key);
      const decoded = kv === null ? null : await this.#codec.decode(kv);
      const current = decoded instanceof UnreadableObject ? null : decoded;
      if (kv?.modRevision !== modRevision) return { ok: false, current };
      before = current ?? {
        key,
        namespace,
        name,
        json: Buffer.from('{}'),
        modRevision,
        selectable: { labels: {}, fields: {} },
        stale: false,
      };
    }
    const result = await this.#store.delete(key, modRevision);
    if (!result.ok) return this.#refused(result);
    const wait = this.#hooks.settle(result.revision);
    if (wait !== null) await wait;
    return { ok: true, object: atRevision(before, result.revision) };
  }

  async #refused(result: WriteResult & { ok: false }): Promise<ResourceWriteResult> {
    const current = result.current === null ? null : await this.#codec.decode(result.current);
    return { ok: false, current: current instanceof UnreadableObject ? null : current };
  }
}

/** The version of an object is the store's to give. */
function withoutVersion(object: Record<string, unknown>): Record<string, unknown> {
  const metadata = object['metadata'] as Record<string, unknown> | undefined;
  if (metadata?.['resourceVersion'] === undefined) return object;
  const { resourceVersion: _own, ...rest } = metadata;
  return { ...object, metadata: rest };
}
