import type { SelectableFields, SelectorEquals, StoredObject } from '../resource-storage.js';
import { compareKeys } from './key-order.js';

/** Label keys and fields that are indexed at most; the ones asked for least recently give way. */
const INDEX_COUNT_MAX = 16;
/** Below this many objects a walk is as fast as an index. */
const SCAN_COUNT_MAX = 64;

/** Objects by the value of one label or field. */
interface SelectorIndex {
  kind: 'labels' | 'fields';
  name: string;
  byValue: Map<string, Map<string, StoredObject>>;
}

/** Indexes on labels and fields that equality selectors have asked for; made on first use, kept up to date after. */
export class SelectorIndexes {
  /** In order of last use. */
  readonly #indexes = new Map<string, SelectorIndex>();

  /** Takes a change of one object into every index. */
  change(before: StoredObject | undefined, after: StoredObject | undefined): void {
    for (const index of this.#indexes.values()) {
      const old = before === undefined ? undefined : selectedValue(before.selectable, index);
      const value = after === undefined ? undefined : selectedValue(after.selectable, index);
      if (before !== undefined && old !== undefined && old !== value) remove(index, old, before.key);
      if (after !== undefined && value !== undefined) add(index, value, after);
    }
  }

  clear(): void {
    this.#indexes.clear();
  }

  /**
   * The objects behind the most selective of the values, in key order.
   *
   * @param from - `scanCount`: how many objects a walk would visit; `objects`: all of them, for a new index.
   * @returns `null` when there is nothing to gain.
   */
  find(
    equals: SelectorEquals,
    from: { namespace: string; scanCount: number; objects: () => readonly StoredObject[] },
  ): readonly StoredObject[] | null {
    if (from.scanCount <= SCAN_COUNT_MAX) return null;
    let best: Map<string, StoredObject> | null = null;
    for (const kind of ['fields', 'labels'] as const) {
      for (const [name, value] of Object.entries(equals[kind] ?? {})) {
        // By name and by namespace there are better ways.
        if (kind === 'fields' && (name === 'metadata.name' || name === 'metadata.namespace')) continue;
        const found = this.#index(kind, name, from.objects).byValue.get(value);
        if (found === undefined) return [];
        if (best === null || found.size < best.size) best = found;
      }
    }
    if (best === null || best.size * 2 > from.scanCount) return null;
    const out: StoredObject[] = [];
    for (const object of best.values()) if (from.namespace === '' || object.namespace === from.namespace) out.push(object);
    return out.sort((a, b) => compareKeys(a.key, b.key));
  }

  #index(kind: 'labels' | 'fields', name: string, objects: () => readonly StoredObject[]): SelectorIndex {
    const id = `${kind}/${name}`;
    let index = this.#indexes.get(id);
    if (index === undefined) {
      index = { kind, name, byValue: new Map() };
      for (const object of objects()) {
        const value = selectedValue(object.selectable, index);
        if (value !== undefined) add(index, value, object);
      }
      if (this.#indexes.size >= INDEX_COUNT_MAX) this.#indexes.delete(this.#indexes.keys().next().value as string);
    } else this.#indexes.delete(id);
    this.#indexes.set(id, index);
    return index;
  }
}

function selectedValue(selectable: SelectableFields, index: SelectorIndex): string | undefined {
  // A field that an object does not have selects like an empty one.
  return index.kind === 'labels' ? selectable.labels[index.name] : (selectable.fields[index.name] ?? '');
}

function add(index: SelectorIndex, value: string, object: StoredObject): void {
  const found = index.byValue.get(value);
  if (found === undefined) index.byValue.set(value, new Map([[object.key, object]]));
  else found.set(object.key, object);
}

function remove(index: SelectorIndex, value: string, key: string): void {
  const found = index.byValue.get(value);
  found?.delete(key);
  if (found?.size === 0) index.byValue.delete(value);
}
