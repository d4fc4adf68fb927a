/**
 * Who owns which fields after an ordinary write (create, update, patch).
 *
 * The writer gains what it added or changed; everybody loses what is gone or was changed by somebody else.
 */
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../object.js';
import type { Schema } from '../schema.js';
import { changedFields } from './changed-fields.js';
import { difference, type FieldSet, fromFieldsV1, isEmptySet, ownableFields, union } from './field-set.js';

/** One ordinary write. */
export interface UpdateOfManagedFields {
  /** Null on create. */
  live: KubeObject | null;
  updated: KubeObject;
  schema: Schema;
  manager: string;
  apiVersion: string;
  /** '' for the resource itself. */
  subresource: string;
  /** RFC 3339, whole seconds. */
  now: string;
  /** Paths that this endpoint does not write (`[['status']]`), so never owns. */
  resetFields: readonly (readonly string[])[];
}

/** Older update managers than this many are merged into one, as upstream. */
const UPDATE_MANAGERS_MAX = 10;

/** A copy of the object without what is not compared. */
function comparable(object: KubeObject): KubeObject {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = object;
  const {
    managedFields: _m,
    resourceVersion: _r,
    generation: _g,
    creationTimestamp: _c,
    uid: _u,
    name: _n,
    namespace: _ns,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _dg,
    selfLink: _s,
    ...meta
  } = metadata ?? {};
  return { metadata: meta, ...rest };
}

/** Removes the fields below the given paths. */
export function withoutPaths(set: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  let out = set;
  for (const path of paths) {
    const [head, ...rest] = path;
    const part = `f:${head}`;
    const child = out[part];
    if (child === undefined) continue;
    const { [part]: _gone, ...others } = out;
    out = others;
    if (rest.length > 0) {
      const left = withoutPaths(child, [rest]);
      if (!isEmptySet(left)) out[part] = left;
    }
  }
  return out;
}

/** Sorted as upstream: applies before updates, then by time, manager and subresource. */
export function sortEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const rank = (entry: ManagedFieldsEntry): string =>
    [entry.operation ?? '', entry.time ?? '', entry.manager ?? '', entry.apiVersion ?? '', entry.subresource ?? ''].join('\u0000');
  return entries.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** An entry of `managedFields` in upstream's field order. */
export function entryOf(
  options: { manager: string; operation: 'Apply' | 'Update'; apiVersion: string; subresource: string; now: string },
  set: FieldSet,
): ManagedFieldsEntry {
  return {
    manager: options.manager,
    operation: options.operation,
    apiVersion: options.apiVersion,
    time: options.now,
    fieldsType: 'FieldsV1',
    fieldsV1: set as unknown as JsonObject,
    ...(options.subresource === '' ? {} : { subresource: options.subresource }),
  };
}

/** The managed fields after an ordinary write; `updated.metadata.managedFields` given by the client replace the live ones. */
export function updateManagedFields(options: UpdateOfManagedFields): ManagedFieldsEntry[] {
  const { live, updated, schema } = options;
  const current = live?.metadata?.managedFields ?? [];
  const given = updated.metadata?.managedFields;
  // A client may clear the list by sending an empty one; otherwise it keeps what it read.
  const base =
    given !== undefined && live !== null ? (given.length === 1 && isBlank(given[0]) ? [] : given.length === 0 ? current : given) : current;
  if (live === null) {
    const set = withoutPaths(ownableFields(updated, schema), options.resetFields);
    return isEmptySet(set) ? [] : [entryOf({ ...options, operation: 'Update' }, set)];
  }
  const { changed, removed } = changedFields(comparable(live), comparable(updated), schema);
  const isSame = isEmptySet(changed) && isEmptySet(removed);
  if (isSame) return [...base];
  const gone = union(removed, {});
  const mine = withoutPaths(changed, options.resetFields);
  const out: ManagedFieldsEntry[] = [];
  let found = false;
  for (const entry of base) {
    const isMine =
      entry.operation === 'Update' &&
      entry.manager === options.manager &&
      entry.apiVersion === options.apiVersion &&
      (entry.subresource ?? '') === options.subresource;
    let set = difference(fromFieldsV1(entry.fieldsV1), gone);
    if (isMine) {
      found = true;
      set = union(set, mine);
    } else set = difference(set, changed);
    if (isEmptySet(set)) continue;
    const same = JSON.stringify(set) === JSON.stringify(entry.fieldsV1);
    out.push(same ? entry : { ...entry, ...(isMine ? { time: options.now } : {}), fieldsV1: set as unknown as JsonObject });
  }
  if (!found && !isEmptySet(mine)) out.push(entryOf({ ...options, operation: 'Update' }, mine));
  return capUpdaters(sortEntries(out));
}

function isBlank(entry: ManagedFieldsEntry | undefined): boolean {
  return entry === undefined || Object.keys(entry).length === 0;
}

/** Keeps the list short: the oldest update entries of a version become one, `ancient-changes`. */
function capUpdaters(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const updates = entries.filter((entry) => entry.operation === 'Update' && (entry.subresource ?? '') === '');
  if (updates.length <= UPDATE_MANAGERS_MAX) return entries;
  const old = updates.slice(0, updates.length - UPDATE_MANAGERS_MAX + 1);
  let set: FieldSet = {};
  for (const entry of old) set = union(set, fromFieldsV1(entry.fieldsV1));
  const merged: ManagedFieldsEntry = {
    ...(old[old.length - 1] as ManagedFieldsEntry),
    manager: 'ancient-changes',
    fieldsV1: set as unknown as JsonObject,
  };
  return sortEntries([...entries.filter((entry) => !old.includes(entry)), merged]);
}
