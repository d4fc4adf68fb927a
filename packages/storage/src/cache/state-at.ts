import type { ListOptions, StoredObject } from '../resource-storage.js';
import type { EventRing } from './event-ring.js';
import { compareKeys } from './key-order.js';

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
  const out = present.filter((object) => !undone.has(object.key));
  for (const object of undone.values()) if (object !== null) out.push(object);
  return out.sort((a, b) => compareKeys(a.key, b.key));
}
