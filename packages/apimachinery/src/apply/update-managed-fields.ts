import type { KubeObject, ManagedFieldsEntry } from '../object.js';
import { differenceDeep, isEmptySet, setOfPaths, union } from './field-set.js';
import {
  capUpdateManagers,
  entryOf,
  type ManagedSet,
  type ManagedState,
  managerKey,
  startingState,
  writeManagedFields,
} from './managed-state.js';
import { fieldsOfNewObject } from './new-object-fields.js';
import { ownable, releaseChanged, type Versions } from './ownership.js';
import { emptyObject } from './structure.js';

/** One ordinary write: create, update or patch. */
export interface UpdateOfManagedFields extends Versions {
  /** Null on create. */
  live: KubeObject | null;
  updated: KubeObject;
  manager: string;
  /** '' for the resource itself. */
  subresource: string;
  /** RFC 3339, whole seconds; undefined = the entry carries no time. */
  now: string | undefined;
}

/** Records an ordinary write in a state: the writer gains what it added or changed, everybody loses what is gone. */
export function recordUpdate(state: ManagedState, options: UpdateOfManagedFields): void {
  const before = options.live ?? (emptyObject(options.schema) as KubeObject);
  const { comparison, commit } = releaseChanged(state, before, options.updated, options, '');
  commit();
  const changed = differenceDeep(union(comparison.modified, comparison.added), setOfPaths(options.resetFields));
  const gained = ownable(changed);
  if (!isEmptySet(gained)) {
    const managed: ManagedSet = {
      manager: options.manager,
      operation: 'Update',
      apiVersion: options.apiVersion,
      subresource: options.subresource,
      set: gained,
    };
    if (options.now !== undefined) managed.time = options.now;
    const key = managerKey(managed);
    const previous = state.get(key);
    if (previous !== undefined) managed.set = union(gained, previous.set);
    state.set(key, managed);
  }
  capUpdateManagers(state);
}

/** The managed fields after an ordinary write. What the client sent in `updated` counts where upstream lets it. */
export function updateManagedFields(options: UpdateOfManagedFields): ManagedFieldsEntry[] {
  const { live, updated } = options;
  const state = startingState(live, updated, options.subresource);
  // Managed fields that were cleared are not tracked until somebody applies.
  if (state.size === 0 && live?.metadata?.uid !== undefined) return [];
  if (state.size === 0 && live === null) return ofNewObject(options);
  recordUpdate(state, options);
  return writeManagedFields(state);
}

/** On create there is nobody from whom to take anything. */
function ofNewObject({ updated, schema, resetFields, manager, apiVersion, subresource, now }: UpdateOfManagedFields): ManagedFieldsEntry[] {
  const fieldsV1 = fieldsOfNewObject(updated, schema, resetFields);
  if (fieldsV1 === null) return [];
  const written = { manager, operation: 'Update', apiVersion, subresource } as const;
  return [entryOf(now === undefined ? written : { ...written, time: now }, fieldsV1)];
}
