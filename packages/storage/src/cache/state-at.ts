import type { ListOptions, StoredObject } from '../resource-storage.js';
import type { EventRing } from './event-ring.js';
import { compareKeys } from './key-order.js';
import { indexAfter } from './ordered-objects.js';

/** Changes that are undone at most; beyond it the store is asked. */
const UNDO_COUNT_MAX = 5000;

/**
 * A namespace's objects as they were at an older revision: the present ones with the later changes undone.
 *
 * @param present - The objects now, in key order, limited to the request's namespace.
 * @returns `null` when the ring does not reach back far enough, or too much has changed since.
 */
export function stateAt(
  ring: EventRing,
  revision: number,
  present: readonly StoredObject[],
  options: Pick<ListOptions, 'namespace'>,
): readonly StoredObject[] | null {
  if (revision < ring.floor) return null;
  const later = ring.after(revision);
  if (later.length > UNDO_COUNT_MAX) return null;
  const { namespace = '' } = options;
  const undone = new Map<string, StoredObject | null>();
  for (const { object, previousObject } of later) {
    if (namespace !== '' && object.namespace !== namespace) continue;
    if (!undone.has(object.key)) undone.set(object.key, previousObject ?? null);
  }
  if (undone.size === 0) return present;
  return merged(present, undone);
}

/** `present` with some objects replaced, put back (`undone` has their older state) or taken out (`null`). */
function merged(present: readonly StoredObject[], undone: ReadonlyMap<string, StoredObject | null>): readonly StoredObject[] {
  const keys = [...undone.keys()].sort(compareKeys);
  const out: StoredObject[] = [];
  let from = 0;
  for (const key of keys) {
    const to = indexAfter(present, key);
    // The object itself, if it is still there, is the last one before `to`.
    const isThere = to > from && (present[to - 1] as StoredObject).key === key;
    for (let i = from; i < (isThere ? to - 1 : to); i++) out.push(present[i] as StoredObject);
    const older = undone.get(key);
    if (older) out.push(older);
    from = to;
  }
  for (let i = from; i < present.length; i++) out.push(present[i] as StoredObject);
  return out;
}
