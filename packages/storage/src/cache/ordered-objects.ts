import type { SelectorEquals, StoredObject } from '../resource-storage.js';
import { compareKeys } from './key-order.js';
import { SelectorIndexes } from './selector-index.js';

const NONE: readonly StoredObject[] = [];

/**
 * Objects by namespace and name, with key-ordered lists of all and of each namespace, and indexes for selectors.
 *
 * A list is made when first asked for and handed out as it is: it never changes, a later change makes a new one by
 * merging. Callers must not change it.
 */
export class OrderedObjects {
  readonly #spaces = new Map<string, Space>();
  readonly #indexes = new SelectorIndexes();
  #size = 0;
  #sizeBytes = 0;
  #all: readonly StoredObject[] | null = NONE;

  get size(): number {
    return this.#size;
  }

  /** Of the objects' JSON. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** In no particular order. */
  *[Symbol.iterator](): IterableIterator<StoredObject> {
    for (const space of this.#spaces.values()) yield* space.objects.values();
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#spaces.get(namespace)?.objects.get(name);
  }

  /** @returns What was there before. */
  set(object: StoredObject): StoredObject | undefined {
    let space = this.#spaces.get(object.namespace);
    if (space === undefined) {
      space = new Space();
      this.#spaces.set(object.namespace, space);
    }
    const before = space.set(object);
    if (before === undefined) this.#size++;
    this.#sizeBytes += object.json.length - (before?.json.length ?? 0);
    this.#indexes.change(before, object);
    this.#all = null;
    return before;
  }

  /** @returns What was there. */
  delete(namespace: string, name: string): StoredObject | undefined {
    const space = this.#spaces.get(namespace);
    const before = space?.delete(name);
    if (space === undefined || before === undefined) return undefined;
    if (space.objects.size === 0) this.#spaces.delete(namespace);
    this.#size--;
    this.#sizeBytes -= before.json.length;
    this.#indexes.change(before, undefined);
    this.#all = null;
    return before;
  }

  clear(): void {
    this.#spaces.clear();
    this.#indexes.clear();
    this.#size = 0;
    this.#sizeBytes = 0;
    this.#all = NONE;
  }

  /** All objects of a namespace ('' = all) in key order. */
  list(namespace: string): readonly StoredObject[] {
    if (namespace !== '') return this.#spaces.get(namespace)?.list() ?? NONE;
    if (this.#all === null) {
      if (this.#spaces.size === 1) this.#all = (this.#spaces.values().next().value as Space).list();
      else this.#all = this.#joined();
    }
    return this.#all;
  }

  /** Objects of one name, in one or all namespaces. */
  named(namespace: string, name: string): readonly StoredObject[] {
    if (namespace !== '') {
      const object = this.get(namespace, name);
      return object === undefined ? NONE : [object];
    }
    const found: StoredObject[] = [];
    for (const space of this.#spaces.values()) {
      const object = space.objects.get(name);
      if (object !== undefined) found.push(object);
    }
    return found.sort((a, b) => compareKeys(a.key, b.key));
  }

  /** A superset of the objects with these values, in key order; `null` when a walk over the list is as good. */
  candidates(namespace: string, equals: SelectorEquals): readonly StoredObject[] | null {
    const scanCount = namespace === '' ? this.#size : (this.#spaces.get(namespace)?.objects.size ?? 0);
    return this.#indexes.find(equals, { namespace, scanCount, objects: () => this.list('') });
  }

  #joined(): readonly StoredObject[] {
    // A namespace's keys go on with a slash, which sorts before letters: `a-b/x` stands before `a/x`.
    const spaces = [...this.#spaces].map(([name, space]) => ({ path: `${name}/`, space }));
    spaces.sort((a, b) => compareKeys(a.path, b.path));
    const all: StoredObject[] = [];
    for (const { space } of spaces) for (const object of space.list()) all.push(object);
    return all;
  }
}

/** Position of the first object after `key` in a list. */
export function indexAfter(list: readonly StoredObject[], key: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys((list[middle] as StoredObject).key, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The objects of one namespace. */
class Space {
  readonly objects = new Map<string, StoredObject>();
  #sorted: readonly StoredObject[] | null = null;
  /** Names changed since the list was made. */
  readonly #changed = new Set<string>();

  set(object: StoredObject): StoredObject | undefined {
    const before = this.objects.get(object.name);
    this.objects.set(object.name, object);
    this.#mark(object.name);
    return before;
  }

  delete(name: string): StoredObject | undefined {
    const before = this.objects.get(name);
    if (before === undefined) return undefined;
    this.objects.delete(name);
    this.#mark(name);
    return before;
  }

  list(): readonly StoredObject[] {
    if (this.#sorted === null) this.#sorted = [...this.objects.values()].sort((a, b) => compareKeys(a.name, b.name));
    else if (this.#changed.size > 0) this.#sorted = this.#merged(this.#sorted);
    this.#changed.clear();
    return this.#sorted;
  }

  #mark(name: string): void {
    if (this.#sorted === null) return;
    this.#changed.add(name);
    // Beyond this, sorting anew is cheaper than merging, and the old list need not be kept.
    if (this.#changed.size > 64 && this.#changed.size * 4 > this.#sorted.length) {
      this.#sorted = null;
      this.#changed.clear();
    }
  }

  #merged(sorted: readonly StoredObject[]): readonly StoredObject[] {
    const names = [...this.#changed].sort(compareKeys);
    const out: StoredObject[] = [];
    let i = 0;
    for (const name of names) {
      while (i < sorted.length && compareKeys((sorted[i] as StoredObject).name, name) < 0) out.push(sorted[i++] as StoredObject);
      if (i < sorted.length && (sorted[i] as StoredObject).name === name) i++;
      const object = this.objects.get(name);
      if (object !== undefined) out.push(object);
    }
    while (i < sorted.length) out.push(sorted[i++] as StoredObject);
    return out;
  }
}
