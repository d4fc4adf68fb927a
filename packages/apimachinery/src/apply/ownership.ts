/** What a change of an object does to those who own its fields. */
import type { KubeObject } from '../object.js';
import type { Schema } from '../schema.js';
import { type Comparison, compare, withoutFields } from './compare.js';
import type { ApplyConflict } from './conflicts.js';
import { difference, type FieldSet, intersection, isEmptySet, setOfPaths, union } from './field-set.js';
import { dropEmpty, type ManagedState } from './managed-state.js';

/** A version of the kind: its schema and what an endpoint of it does not write. */
export interface VersionView {
  schema: Schema;
  /** Converts an object of the request's version. Must not mutate. */
  convert: (object: KubeObject) => KubeObject;
}

/** The versions in which managers may have written. */
export interface Versions {
  /** The version of the request. */
  apiVersion: string;
  schema: Schema;
  /** Other versions; `undefined` for one that does not exist any more. Absent = all versions have one shape. */
  other?: ((apiVersion: string) => VersionView | undefined) | undefined;
  /** Paths that the endpoint does not write (`[['status']]`), so nobody gains or loses them. */
  resetFields: readonly (readonly string[])[];
}

/** Fields of metadata that nobody owns. */
export const NEVER_OWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** All fields that nobody owns. */
const NEVER_OWNED: FieldSet = setOfPaths([
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[...NEVER_OWNED_METADATA].map((field) => ['metadata', field]),
]);

/** A manager's set without what nobody owns. */
export function ownable(set: FieldSet): FieldSet {
  return difference(set, NEVER_OWNED);
}

/** The view of a version, or `undefined` when it is gone. */
export function viewOf(versions: Versions, apiVersion: string): VersionView | undefined {
  if (apiVersion === versions.apiVersion || versions.other === undefined) return { schema: versions.schema, convert: (object) => object };
  return versions.other(apiVersion);
}

/** An object as it is compared: without its managed fields. */
function comparable(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _own, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/**
 * Takes changed fields from everybody but the writer. Mutates the state.
 *
 * @param self - The writer's key, which keeps what it has.
 * @returns What changed in the request's version, and which changed fields others owned.
 */
export function releaseChanged(
  state: ManagedState,
  before: KubeObject,
  after: KubeObject,
  versions: Versions,
  self: string,
): { comparison: Comparison; conflicts: ApplyConflict[]; commit: () => void } {
  const ignored = setOfPaths(versions.resetFields);
  const byVersion = new Map<string, Comparison | null>();
  const compareIn = (apiVersion: string): Comparison | null => {
    const known = byVersion.get(apiVersion);
    if (known !== undefined) return known;
    const view = viewOf(versions, apiVersion);
    const comparison =
      view === undefined
        ? null
        : withoutFields(compare(view.convert(comparable(before)), view.convert(comparable(after)), view.schema), ignored);
    byVersion.set(apiVersion, comparison);
    return comparison;
  };
  const comparison = compareIn(versions.apiVersion) as Comparison;
  const conflicts: ApplyConflict[] = [];
  const next = new Map<string, FieldSet | null>();
  for (const [key, owner] of state) {
    if (key === self) continue;
    const changes = compareIn(owner.apiVersion);
    if (changes === null) {
      next.set(key, null);
      continue;
    }
    const fields = intersection(owner.set, union(changes.modified, changes.added));
    if (!isEmptySet(fields)) conflicts.push({ key, owner, fields });
    next.set(key, difference(difference(owner.set, fields), changes.removed));
  }
  const commit = (): void => {
    for (const [key, set] of next) {
      const owner = state.get(key);
      if (owner === undefined) continue;
      if (set === null) state.delete(key);
      else state.set(key, { ...owner, set });
    }
    dropEmpty(state);
  };
  return { comparison, conflicts, commit };
}
