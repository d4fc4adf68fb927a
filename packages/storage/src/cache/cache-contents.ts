import type { ListOptions, ListResult, StoredObject } from '../resource-storage.js';
import type { DecodedChange } from './change-decoder.js';
import { EventRing, ResourceChange } from './event-ring.js';
import { indexAfter, OrderedObjects } from './ordered-objects.js';
import { atRevision, type Decoded, type ResourceCodec, UnreadableObject } from './resource-codec.js';
import { selectPage } from './select-page.js';
import type { SlabAllocator } from './slab.js';
import { stateAt } from './state-at.js';

/** What a watch cache holds: objects, values that cannot be read, and recent changes. Knows nothing of the store. */
export class CacheContents {
  readonly ring: EventRing;
  readonly #codec: ResourceCodec;
  readonly #objects = new OrderedObjects();
  /** Values that cannot be read, by key. */
  readonly #unreadable = new Map<string, UnreadableObject>();

  constructor(codec: ResourceCodec, history: { countMax: number; bytesMax: number }) {
    this.#codec = codec;
    this.ring = new EventRing(history);
  }

  get size(): number {
    return this.#objects.size + this.#unreadable.size;
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#objects.get(namespace, name);
  }

  clear(): void {
    this.#objects.clear();
    this.#unreadable.clear();
    this.ring.reset(0);
  }

  /** @returns The object that was there. */
  put(decoded: Decoded): StoredObject | undefined {
    if (decoded instanceof UnreadableObject) {
      this.#unreadable.set(decoded.key, decoded);
      return this.#objects.delete(decoded.namespace, decoded.name);
    }
    if (this.#unreadable.size > 0) this.#unreadable.delete(decoded.key);
    return this.#objects.set(decoded);
  }

  /** @returns The event to show, the value that cannot be shown, or `null` when there is nothing to tell. */
  apply({ kv, object }: DecodedChange): ResourceChange | UnreadableObject | null {
    const revision = kv.modRevision;
    if (object instanceof UnreadableObject) {
      this.put(object);
      // Whoever resumes from before this point meets the value in the store.
      this.ring.reset(revision);
      return object;
    }
    const at = this.#codec.parseKey(kv.key);
    const before = object === null ? this.#objects.delete(at.namespace, at.name) : this.put(object);
    if (object === null) this.#unreadable.delete(kv.key);
    let event: ResourceChange;
    if (object !== null) event = new ResourceChange(before === undefined ? 'ADDED' : 'MODIFIED', object, before ?? null, revision);
    else if (before !== undefined) event = new ResourceChange('DELETED', atRevision(before, revision), before, revision);
    else return null;
    this.ring.push(event);
    return event;
  }

  /** Gives memory back that changes have left half empty. */
  tidy(slabs: SlabAllocator): void {
    slabs.tidy(this.#objects, this.#objects.sizeBytes, this.ring.sizeBytes);
  }

  /** Throws when a value in the read's reach cannot be read: a list without it would be a lie. */
  checkReadable(namespace: string, name: string | undefined): void {
    if (this.#unreadable.size === 0) return;
    for (const object of this.#unreadable.values()) {
      if ((namespace === '' || object.namespace === namespace) && (name === undefined || object.name === name)) throw object.error;
    }
  }

  /** The objects to look at: by name, by index, or all. */
  source(options: Pick<ListOptions, 'namespace' | 'name' | 'equals'>): readonly StoredObject[] {
    const { namespace = '', name, equals } = options;
    if (name !== undefined) return this.#objects.named(namespace, name);
    const found = equals === undefined ? null : this.#objects.candidates(namespace, equals);
    return found ?? this.#objects.list(namespace);
  }

  /** A page of the present state, which is that of `revision`. */
  page(options: ListOptions, revision: number): ListResult {
    this.checkReadable(options.namespace ?? '', options.name);
    return this.#page(this.source(options), revision, options);
  }

  /** A page at an older revision; `null` when memory does not reach back so far. */
  pageAt(options: ListOptions, revision: number): ListResult | null {
    if (this.#unreadable.size > 0) return null;
    const source = stateAt(this.ring, revision, this.#objects.list(options.namespace ?? ''), options);
    return source === null ? null : this.#page(source, revision, options);
  }

  #page(source: readonly StoredObject[], revision: number, options: ListOptions): ListResult {
    const { prefix } = this.#codec;
    const from = options.startAfter === undefined ? 0 : indexAfter(source, `${prefix}${options.startAfter}`);
    return selectPage(source, { from, revision, prefix }, options);
  }
}
