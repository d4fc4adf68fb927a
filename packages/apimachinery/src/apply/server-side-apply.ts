/**
 * Server-side apply: merges an applied configuration into the live object by schema, removes what its manager applied
 * before and does not any more, and refuses to take over fields of others without `force`.
 */
import type { KubeObject, ManagedFieldsEntry } from '../object.js';
import { newBadRequest } from '../status.js';
import { appliedFaults } from './check-applied.js';
import { type ApplyConflict, conflictError, fieldsInConflict, withoutAllowed } from './conflicts.js';
import { difference, differenceDeep, type FieldSet, intersection, isEmptySet, setOfPaths, union } from './field-set.js';
import { CLIENT_SIDE_MANAGER, fieldsOfLastApplied, syncLastApplied } from './last-applied.js';
import { type ManagedSet, type ManagedState, managerKey, readManagedFields, writeManagedFields } from './managed-state.js';
import { merge, removeFields } from './merge.js';
import { ownable, releaseChanged, type Versions, type VersionView, viewOf } from './ownership.js';
import { emptyObject, sameValue } from './structure.js';
import { recordUpdate } from './update-managed-fields.js';
import { fieldsOf, withNamedFields } from './value-fields.js';

/** The manager of what an object held before anybody tracked it. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/** One apply. */
export interface ServerSideApply extends Versions {
  /** Null when the object is created. */
  live: KubeObject | null;
  applied: KubeObject;
  manager: string;
  force: boolean;
  /** '' for the resource itself. */
  subresource: string;
  /** RFC 3339, whole seconds; undefined = the entry carries no time. */
  now: string | undefined;
}

/** The merged object, which may hold nulls where content was removed, and who owns its fields. */
export interface AppliedResult {
  object: KubeObject;
  managedFields: ManagedFieldsEntry[];
}

/**
 * Applies a configuration. Inputs are not mutated.
 *
 * @throws StatusError 409 `Apply failed with N conflicts: …` with one cause per field; 400 for a configuration that
 *   does not fit the schema.
 */
export function applyServerSide(options: ServerSideApply): AppliedResult {
  const { live, applied, schema } = options;
  const faults = appliedFaults(applied, schema);
  if (faults.length > 0) throw notTyped(applied, faults);
  const before = withoutManagedFields(live ?? (emptyObject(schema) as KubeObject));
  const start = (): ManagedState => {
    const state = readManagedFields(live?.metadata?.managedFields);
    if (state === null) throw newBadRequest('failed to decode managed fields: an entry of metadata.managedFields is malformed');
    if (state.size === 0 && live !== null) {
      recordUpdate(state, { ...options, live: null, updated: before, manager: BEFORE_FIRST_APPLY, resetFields: [] });
    }
    return state;
  };
  const attempt = (force: boolean): AppliedResult | ApplyConflict[] => applyOnce(options, start(), before, force);
  let result = attempt(options.force);
  if (Array.isArray(result)) {
    const conflicts = result;
    const allowed =
      options.manager === CLIENT_SIDE_MANAGER && live !== null ? fieldsOfLastApplied(before, schema, options.apiVersion) : null;
    if (allowed === null) throw conflictError(conflicts);
    if (!isEmptySet(difference(fieldsInConflict(conflicts), allowed))) throw conflictError(withoutAllowed(conflicts, allowed));
    result = attempt(true) as AppliedResult;
  }
  if (options.manager === CLIENT_SIDE_MANAGER) syncLastApplied(result.object, applied);
  return result;
}

function notTyped(applied: KubeObject, faults: readonly string[]): Error {
  const { namespace, name }: { namespace?: unknown; name?: unknown } = applied.metadata ?? {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const apiVersion = applied.apiVersion ?? '';
  const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  const list = faults.length === 1 ? (faults[0] as string) : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
  const whose = `${text(namespace)}/${text(name)}; ${version}, Kind=${applied.kind ?? ''}`;
  return newBadRequest(`failed to create typed patch object (${whose}): ${list}`);
}

function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata === undefined) return object;
  const { managedFields: _own, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function applyOnce(options: ServerSideApply, state: ManagedState, before: KubeObject, force: boolean): AppliedResult | ApplyConflict[] {
  const { applied, schema, manager, apiVersion, subresource } = options;
  const identity = { manager, operation: 'Apply' as const, apiVersion, subresource };
  const key = managerKey(identity);
  const last = state.get(key);
  const merged = merge(before, applied, schema) as KubeObject;
  const set = differenceDeep(fieldsOf(applied, schema), setOfPaths(options.resetFields));
  const mine: ManagedSet = { ...identity, set, ...(last?.time === undefined ? {} : { time: last.time }) };
  state.set(key, mine);
  const object = prune(options, merged, state, last);
  const { conflicts, commit } = releaseChanged(state, before, object, options, key);
  if (conflicts.length > 0 && !force) return conflicts;
  commit();
  const own = ownable(set);
  if (isEmptySet(own)) state.delete(key);
  else {
    const isNoop = options.live !== null && sameValue(before, object);
    state.set(key, { ...mine, set: own, ...(isNoop || options.now === undefined ? {} : { time: options.now }) });
  }
  return { object, managedFields: writeManagedFields(state) };
}

/** Removes what the manager applied last time, does not apply any more, and nobody else owns. */
function prune(options: ServerSideApply, merged: KubeObject, state: ManagedState, last: ManagedSet | undefined): KubeObject {
  if (last === undefined || isEmptySet(last.set)) return merged;
  const lastView = viewOf(options, last.apiVersion);
  if (lastView === undefined) return merged;
  const ownedByVersion = new Map<string, FieldSet>();
  for (const { apiVersion, set } of state.values()) ownedByVersion.set(apiVersion, union(ownedByVersion.get(apiVersion) ?? {}, set));
  const inLast = lastView.convert(merged);
  const gone = withNamedFields(last.set, lastView.schema);
  let pruned = removeFields(inLast, gone, lastView.schema) as KubeObject;
  const versions = [last.apiVersion, ...[...ownedByVersion.keys()].filter((version) => version !== last.apiVersion)];
  // Only the request's own version can be taken back into it, so other versions veto removals by what they own.
  for (const version of versions) {
    const owned = ownedByVersion.get(version);
    if (owned === undefined || version !== last.apiVersion) continue;
    pruned = addBackOwned(inLast, pruned, owned, lastView);
  }
  const lost = difference(namedFieldsOf(inLast, lastView), namedFieldsOf(pruned, lastView));
  let removable = intersection(lost, gone);
  for (const version of versions) {
    if (version === last.apiVersion) continue;
    const view = viewOf(options, version);
    if (view !== undefined) removable = difference(removable, withNamedFields(ownedByVersion.get(version) as FieldSet, view.schema));
  }
  if (last.apiVersion === options.apiVersion) return removeFields(merged, removable, options.schema) as KubeObject;
  const ownView = viewOf(options, options.apiVersion) as VersionView;
  const kept = namedFieldsOf(merged, ownView);
  return removeFields(merged, intersection(kept, removable), options.schema) as KubeObject;
}

function namedFieldsOf(object: KubeObject, { schema }: VersionView): FieldSet {
  return withNamedFields(fieldsOf(object, schema), schema);
}

/** What was removed although somebody owns it comes back. */
function addBackOwned(merged: KubeObject, pruned: KubeObject, owned: FieldSet, view: VersionView): KubeObject {
  const all = namedFieldsOf(merged, view);
  const left = union(namedFieldsOf(pruned, view), withNamedFields(owned, view.schema));
  return removeFields(merged, difference(all, left), view.schema) as KubeObject;
}
