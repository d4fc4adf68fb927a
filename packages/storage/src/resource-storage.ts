import type { KeyValueStore } from './key-value-store.js';

/**
 * One resource's objects: what the REST handlers use. Implemented by the watch cache over a {@link KeyValueStore}.
 *
 * Objects leave as the bytes of their JSON with `metadata.resourceVersion` already inside; nothing is parsed on the
 * way to a client. Writes take a plain object, add nothing but the key, and store the JSON without resourceVersion.
 */

/** Turns values into stored bytes and back, bound to their key (encryption at rest). Sync where it can be. */
export interface ValueTransformer {
  encrypt(data: Uint8Array, key: string): Uint8Array | Promise<Uint8Array>;
  decrypt(data: Uint8Array, key: string): DecryptedValue | Promise<DecryptedValue>;
  /** Grows when other keys came into use, so that what was read before may have become stale. Absent = never. */
  generation?: () => number;
}

/** A decrypted value; `stale` when the next write should store it anew under the current key. */
export interface DecryptedValue {
  data: Uint8Array;
  stale: boolean;
}

/** What selectors need of an object, extracted once per change. */
export interface SelectableFields {
  labels: Readonly<Record<string, string>>;
  /** Field selector values, e.g. `{ 'metadata.name': 'a', 'spec.nodeName': 'n1' }`. */
  fields: Readonly<Record<string, string>>;
}

/** How one resource is stored. */
export interface ResourceStorageOptions {
  /** For messages and metrics: `pods`, `deployments.apps`. */
  resource: string;
  /** Key prefix without a trailing slash, e.g. `/registry/pods`. */
  keyPrefix: string;
  namespaced: boolean;
  /** Reads labels and selectable fields from a parsed object (storage version). */
  selectable: (object: Record<string, unknown>) => SelectableFields;
  transformer?: ValueTransformer;
  /**
   * Reads a decrypted value in Kubernetes' protobuf form (`k8s\0`…), as a kube-apiserver stores objects. Throws for one that it
   * cannot read. The caller owns the result, which is in the form in which objects are stored. Absent = no such value can be read.
   */
  fromProtobuf?: (value: Buffer) => Record<string, unknown>;
  /** Seconds after which objects of this resource expire (events); absent = never. */
  ttlSeconds?: number;
  /** Recent changes kept for resuming watches. Default 10_000. */
  historySize?: number;
  /** Bytes of objects that the kept changes may hold. Default 32 MiB. */
  historyBytesMax?: number;
  /** False = no watch cache: reads go to the store. Default true. */
  cache?: boolean;
}

/** An object as kept by the cache. Buffers are shared: never write into them. */
export interface StoredObject {
  key: string;
  /** Namespace, or '' for a cluster-scoped object. */
  namespace: string;
  name: string;
  /** JSON with `metadata.resourceVersion` inside. */
  json: Buffer;
  modRevision: number;
  selectable: SelectableFields;
  /** The stored bytes were written under an old key, or in protobuf. */
  stale: boolean;
}

/** How fresh a read must be. */
export type Freshness =
  /** Everything acknowledged before the call (no resourceVersion in the request). */
  | { kind: 'latest' }
  /** Anything the cache holds (resourceVersion=0). */
  | { kind: 'any' }
  /** Not older than this revision; waits up to 3 s, then `STORAGE_FUTURE_REVISION`. */
  | { kind: 'notOlderThan'; revision: number }
  /** Exactly this revision (read from the store). */
  | { kind: 'exact'; revision: number };

/** Decides whether an object is wanted; labels and fields only. */
export type SelectFunction = (selectable: SelectableFields) => boolean;

/**
 * Values that every wanted object has. An index may answer them; `select` still decides, so that they only save work:
 * leaving them out changes nothing but the cost.
 */
export interface SelectorEquals {
  labels?: Readonly<Record<string, string>>;
  fields?: Readonly<Record<string, string>>;
}

/** What {@link ResourceStorage.list} reads. */
export interface ListOptions {
  /** '' or absent = all namespaces. */
  namespace?: string;
  /** Only this name (a `metadata.name=x` field selector). */
  name?: string;
  select?: SelectFunction;
  /** What `select` asks for by equality, for the indexes. */
  equals?: SelectorEquals;
  freshness: Freshness;
  /** Objects at most; 0 or absent = all. */
  limit?: number;
  /** Key after which to go on (from a continue token), exclusive, without the prefix: `namespace/name` or `name`. */
  startAfter?: string;
}

/** A list. `nextAfter` is set when the limit cut it short; `remaining` counts what is left, absent with a selector. */
export interface ListResult {
  items: StoredObject[];
  revision: number;
  nextAfter?: string;
  remaining?: number;
}

/** A change as the watch cache delivers it to every watcher of the resource; one object is shared by all of them. */
export interface ResourceEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; for DELETED the last state, its resourceVersion being the deletion's revision. */
  object: StoredObject;
  /** What selectors saw before the change; absent for ADDED. */
  previous?: SelectableFields;
  /** The state before the change, for watchers that the object has just left. Absent for ADDED. */
  previousObject?: StoredObject;
  revision: number;
  /**
   * A place for per-event memos (serialised frames per form), shared by all watchers. Emptied when the event has been
   * handed to all of them: use it inside `onEvent` only.
   */
  memo: Map<string, unknown>;
}

/** A watcher of one resource. */
export interface ResourceWatchOptions {
  namespace?: string;
  name?: string;
  /** Values that a wanted object has before or after a change; others need not be delivered. For large fan-outs. */
  equals?: SelectorEquals;
  /**
   * Where to start. `after`: changes above this revision (resumed from memory, `STORAGE_COMPACTED` when forgotten).
   * `initial`: the present state as ADDED events first, as fresh as asked, then `onInitialEnd(revision)`.
   */
  start: { kind: 'after'; revision: number } | { kind: 'initial'; freshness: Freshness };
  /** Called in order; events are already limited to namespace and name, not to selectors. Must not throw. */
  onEvent: (event: ResourceEvent) => void;
  onInitialEnd?: (revision: number) => void;
  /**
   * Asked between groups of initial events: a promise holds them back until it resolves, so that a slow client does not
   * need room for the whole state.
   */
  pace?: () => Promise<void> | undefined;
  /** The cache has caught up to this revision although nothing of this resource changed; for bookmarks. */
  onProgress?: (revision: number) => void;
  /** The watch has ended: compacted, or the store closed. */
  onEnd: (error: Error) => void;
}

/** A running watch of a resource. */
export interface ResourceWatchHandle {
  /** Every wanted change up to this revision has been delivered. */
  readonly revision: number;
  close(): void;
}

/** The result of a guarded write. */
export type ResourceWriteResult =
  | { ok: true; object: StoredObject }
  /** Refused: what is there now, read from the store rather than the cache; null = does not exist, or cannot be read. */
  | { ok: false; current: StoredObject | null };

/** One resource's objects. */
export interface ResourceStorage {
  readonly options: ResourceStorageOptions;
  /** @returns `null` when it does not exist. */
  get(namespace: string, name: string, freshness: Freshness): Promise<StoredObject | null>;
  list(options: ListOptions): Promise<ListResult>;
  /** Watches; resolves when the start has been accepted. */
  watch(options: ResourceWatchOptions): Promise<ResourceWatchHandle>;
  /** Stores a new object; `ttlSeconds` overrides the resource's. */
  create(namespace: string, name: string, object: Record<string, unknown>): Promise<ResourceWriteResult>;
  /** Replaces an object if its revision is still `modRevision`. */
  update(namespace: string, name: string, object: Record<string, unknown>, modRevision: number): Promise<ResourceWriteResult>;
  /** Deletes an object if its revision is still `modRevision`; the result's object is the last state at the deletion's revision. */
  delete(namespace: string, name: string, modRevision: number): Promise<ResourceWriteResult>;
  /** Objects at present in the cache. */
  count(): number;
  /** Resolves when the cache holds the store's state. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the storage of each resource on one store; sharing one revision probe and one watch connection. */
export interface StorageFactory {
  readonly store: KeyValueStore;
  open(options: ResourceStorageOptions): ResourceStorage;
  /** The store's current revision; calls made while one is under way share the next answer. */
  currentRevision(): Promise<number>;
  close(): Promise<void>;
}
