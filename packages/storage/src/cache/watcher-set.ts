import type { ResourceEvent, ResourceWatchOptions, SelectableFields } from '../resource-storage.js';

/** One running watch. */
export interface Watcher {
  options: ResourceWatchOptions;
  /** Changes up to this revision are not for it. */
  after: number;
  closed: boolean;
}

/**
 * The watchers of a resource, arranged so that a change is shown only to those that may want it: by object, by
 * namespace, by the value of a field (pods of one node), or to all.
 */
export class WatcherSet {
  readonly #groups = new Map<string, Set<Watcher>>();
  /** Fields that watchers are arranged by, with how many there are. */
  readonly #fields = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(watcher: Watcher): void {
    const id = groupOf(watcher.options);
    const group = this.#groups.get(id);
    if (group === undefined) this.#groups.set(id, new Set([watcher]));
    else if (!group.has(watcher)) group.add(watcher);
    else return;
    this.#size++;
    const field = fieldOf(watcher.options);
    if (field !== null) this.#fields.set(field[0], (this.#fields.get(field[0]) ?? 0) + 1);
  }

  delete(watcher: Watcher): void {
    const id = groupOf(watcher.options);
    const group = this.#groups.get(id);
    if (group === undefined || !group.delete(watcher)) return;
    if (group.size === 0) this.#groups.delete(id);
    this.#size--;
    const field = fieldOf(watcher.options);
    if (field === null) return;
    const left = (this.#fields.get(field[0]) ?? 1) - 1;
    if (left === 0) this.#fields.delete(field[0]);
    else this.#fields.set(field[0], left);
  }

  *[Symbol.iterator](): IterableIterator<Watcher> {
    for (const group of this.#groups.values()) yield* group;
  }

  /** Takes all out. */
  drain(): Watcher[] {
    const all = [...this];
    this.#groups.clear();
    this.#fields.clear();
    this.#size = 0;
    return all;
  }

  /** Watchers that a change of this object may concern, each once. */
  visit(object: { namespace: string; name: string }, states: readonly (SelectableFields | undefined)[], call: (w: Watcher) => void): void {
    this.#visitGroup('*', call);
    if (object.namespace !== '') this.#visitGroup(`s/${object.namespace}`, call);
    this.#visitGroup(`o/${object.namespace}/${object.name}`, call);
    if (object.namespace !== '') this.#visitGroup(`o//${object.name}`, call);
    for (const field of this.#fields.keys()) {
      const values = new Set<string>();
      for (const state of states) if (state !== undefined) values.add(state.fields[field] ?? '');
      for (const value of values) this.#visitGroup(`f/${field}=${value}`, call);
    }
  }

  #visitGroup(id: string, call: (watcher: Watcher) => void): void {
    const group = this.#groups.get(id);
    if (group !== undefined) for (const watcher of group) call(watcher);
  }
}

/** The field that a watcher is arranged by. */
function fieldOf(options: ResourceWatchOptions): readonly [string, string] | null {
  if (options.name !== undefined) return null;
  for (const field of Object.entries(options.equals?.fields ?? {})) {
    if (field[0] !== 'metadata.name' && field[0] !== 'metadata.namespace') return field;
  }
  return null;
}

function groupOf(options: ResourceWatchOptions): string {
  const { namespace = '', name } = options;
  if (name !== undefined) return `o/${namespace}/${name}`;
  const field = fieldOf(options);
  if (field !== null) return `f/${field[0]}=${field[1]}`;
  return namespace === '' ? '*' : `s/${namespace}`;
}

/** Hands an event to one watcher if it is for it. */
export function sendEvent(watcher: Watcher, event: ResourceEvent): void {
  if (watcher.closed || event.revision <= watcher.after) return;
  const { namespace = '', name } = watcher.options;
  if (namespace !== '' && event.object.namespace !== namespace) return;
  if (name !== undefined && event.object.name !== name) return;
  watcher.options.onEvent(event);
}
