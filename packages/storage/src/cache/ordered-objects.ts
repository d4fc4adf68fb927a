import type { StoredObject } from '../resource-storage.js';

/**
 * Objects by key with key-ordered lists, for all and per namespace.
 *
 * Lists are made when first asked for and kept until the set changes; a change in place (an update) replaces one
 * element. Callers get the list itself and must not change it; it never changes under them, since updates copy.
 */
export class OrderedObjects {
  readonly #byKey = new Map<string, StoredObject>();
  readonly #byNamespace = new Map<string, Map<string, StoredObject>>();
  readonly #lists = new Map<string, StoredObject[]>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#byKey.get(key);
  }

  set(object: StoredObject): void {
    this.#byKey.set(object.key, object);
    let space = this.#byNamespace.get(object.namespace);
    if (space === undefined) {
      space = new Map();
      this.#byNamespace.set(object.namespace, space);
    }
    space.set(object.key, object);
    this.#forget(object.namespace);
  }

  delete(key: string): void {
    const object = this.#byKey.get(key);
    if (object === undefined) return;
    this.#byKey.delete(key);
    const space = this.#byNamespace.get(object.namespace);
    space?.delete(key);
    if (space?.size === 0) this.#byNamespace.delete(object.namespace);
    this.#forget(object.namespace);
  }

  clear(): void {
    this.#byKey.clear();
    this.#byNamespace.clear();
    this.#lists.clear();
  }

  /** All objects of a namespace ('' = all) in key order. */
  list(namespace: string): readonly StoredObject[] {
    const known = this.#lists.get(namespace);
    if (known !== undefined) return known;
    const source = namespace === '' ? this.#byKey : (this.#byNamespace.get(namespace) ?? new Map<string, StoredObject>());
    const list = [...source.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.#lists.set(namespace, list);
    return list;
  }

  /** Position of the first object after `key` in a list. */
  indexAfter(list: readonly StoredObject[], key: string): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list[middle] as StoredObject).key <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forget(namespace: string): void {
    this.#lists.delete('');
    this.#lists.delete(namespace);
  }
}
