/**
 * Server-side apply: merges an applied configuration into the live object by schema, removes what its manager applied
 * before and does not any more, and refuses to take over fields of others without `force`.
 */
import type { KubeObject, ManagedFieldsEntry } from '../object.js';
import { isPlainObject, setOwn } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { newStatusError } from '../status.js';
import { changedFields } from './changed-fields.js';
import { difference, type FieldSet, fromFieldsV1, intersection, isEmptySet, itemPart, leafPaths, ownableFields } from './field-set.js';
import { entryOf, sortEntries, withoutPaths } from './managed-fields.js';

/** One apply. */
export interface ServerSideApply {
  /** Null when the object is created. */
  live: KubeObject | null;
  applied: KubeObject;
  schema: Schema;
  manager: string;
  force: boolean;
  apiVersion: string;
  /** '' for the resource itself. */
  subresource: string;
  /** RFC 3339, whole seconds. */
  now: string;
  /** Paths that this endpoint does not write. */
  resetFields: readonly (readonly string[])[];
}

/**
 * Applies a configuration.
 *
 * @returns The merged object with its managed fields. Inputs are not mutated.
 * @throws StatusError 409 `Apply failed with N conflicts: …` with one cause per field.
 */
export function applyServerSide(options: ServerSideApply): { object: KubeObject } {
  const { live, applied, schema } = options;
  const set = withoutPaths(ownableFields(applied, schema), options.resetFields);
  const entries = live?.metadata?.managedFields ?? [];
  const isMine = (entry: ManagedFieldsEntry): boolean =>
    entry.operation === 'Apply' && entry.manager === options.manager && (entry.subresource ?? '') === options.subresource;
  const mine = entries.find(isMine);
  let object: KubeObject;
  if (live === null) object = structuredClone(applied);
  else {
    const cleaned = withoutReset(applied, options.resetFields);
    object = mergeValue(live, cleaned, schema) as KubeObject;
    const before = mine ? fromFieldsV1(mine.fieldsV1) : {};
    const dropped = difference(before, set);
    const others = entries.filter((entry) => entry !== mine).map((entry) => fromFieldsV1(entry.fieldsV1));
    let removable = dropped;
    for (const other of others) removable = difference(removable, other);
    object = removeFields(object, removable, schema) as KubeObject;
  }
  object.metadata = { ...object.metadata };
  const others: ManagedFieldsEntry[] = [];
  const conflicts: { entry: ManagedFieldsEntry; fields: FieldSet }[] = [];
  if (live !== null) {
    const { changed } = changedFields(live, object, schema);
    for (const entry of entries) {
      if (entry === mine) continue;
      const owned = fromFieldsV1(entry.fieldsV1);
      const clash = intersection(intersection(owned, set), changed);
      if (isEmptySet(clash)) {
        others.push(entry);
        continue;
      }
      conflicts.push({ entry, fields: clash });
      const left = difference(owned, clash);
      if (!isEmptySet(left)) others.push({ ...entry, fieldsV1: left as unknown as NonNullable<ManagedFieldsEntry['fieldsV1']> });
    }
  }
  if (conflicts.length > 0 && !options.force) throw conflictError(conflicts);
  const unchanged =
    mine !== undefined && live !== null && JSON.stringify(mine.fieldsV1) === JSON.stringify(set) && isUnchanged(live, object, schema);
  const entry = unchanged ? mine : entryOf({ ...options, operation: 'Apply' }, set);
  object.metadata.managedFields = sortEntries([...others, ...(isEmptySet(set) ? [] : [entry])]);
  return { object };
}

function isUnchanged(live: KubeObject, object: KubeObject, schema: Schema): boolean {
  const { changed, removed } = changedFields(live, object, schema);
  return isEmptySet(changed) && isEmptySet(removed);
}

function withoutReset(applied: KubeObject, paths: readonly (readonly string[])[]): KubeObject {
  const out = structuredClone(applied);
  for (const path of paths) {
    let at: unknown = out;
    for (const key of path.slice(0, -1)) at = isPlainObject(at) ? at[key] : undefined;
    if (isPlainObject(at)) delete at[path[path.length - 1] as string];
  }
  return out;
}

/** Merges by schema: maps by key, keyed lists by their keys, sets by value, the rest as a whole. */
function mergeValue(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (isPlainObject(live) && isPlainObject(applied) && schema?.mapType !== 'atomic') {
    const out: Record<string, unknown> = { ...live };
    for (const key of Object.keys(applied)) {
      const field = schema?.properties?.[key] ?? schema?.values;
      setOwn(out, key, Object.hasOwn(live, key) ? mergeValue(live[key], applied[key], field) : applied[key]);
    }
    return out;
  }
  if (Array.isArray(live) && Array.isArray(applied) && (schema?.listType === 'map' || schema?.listType === 'set')) {
    return mergeList(live, applied, schema);
  }
  return applied;
}

/** The order of the applied list wins; live elements keep their place relative to their neighbours. */
function mergeList(live: unknown[], applied: unknown[], schema: Schema): unknown[] {
  const appliedParts = new Map(applied.map((item) => [itemPart(item, schema) as string, item]));
  const liveParts = new Map(live.map((item) => [itemPart(item, schema) as string, item]));
  const out: unknown[] = [];
  const done = new Set<string>();
  const merge = (part: string): void => {
    const item = appliedParts.get(part);
    const had = liveParts.get(part);
    out.push(item === undefined ? had : had === undefined ? item : schema.listType === 'map' ? mergeValue(had, item, schema.items) : item);
    done.add(part);
  };
  const liveOrder = [...liveParts.keys()];
  let at = 0;
  for (const part of appliedParts.keys()) {
    if (liveParts.has(part)) {
      while (at < liveOrder.length && liveOrder[at] !== part) {
        const other = liveOrder[at++] as string;
        if (!appliedParts.has(other) && !done.has(other)) merge(other);
      }
      at++;
    }
    if (!done.has(part)) merge(part);
  }
  for (; at < liveOrder.length; at++) {
    const other = liveOrder[at] as string;
    if (!done.has(other)) merge(other);
  }
  return out;
}

/** Removes the leaves of a set from a value. */
function removeFields(value: unknown, set: FieldSet, schema: Schema | undefined): unknown {
  if (isEmptySet(set)) return value;
  if (isPlainObject(value)) {
    const out: Record<string, unknown> = { ...value };
    for (const part of Object.keys(set)) {
      if (!part.startsWith('f:')) continue;
      const key = part.slice(2);
      if (!Object.hasOwn(out, key)) continue;
      const child = set[part] as FieldSet;
      const field = schema?.properties?.[key] ?? schema?.values;
      if (isEmptySet(child)) delete out[key];
      else {
        const left = removeFields(out[key], child, field);
        const isGone =
          child['.'] !== undefined &&
          ((isPlainObject(left) && Object.keys(left).length === 0) || (Array.isArray(left) && left.length === 0));
        const wasEmptied = (isPlainObject(left) && Object.keys(left).length === 0) || (Array.isArray(left) && left.length === 0);
        if (isGone || wasEmptied) delete out[key];
        else out[key] = left;
      }
    }
    return out;
  }
  if (Array.isArray(value) && schema !== undefined) {
    return value.flatMap((item) => {
      const child = set[itemPart(item, schema) ?? ''];
      if (child === undefined) return [item];
      if (isEmptySet(child) || child['.'] !== undefined) return [];
      return [removeFields(item, child, schema.items)];
    });
  }
  return value;
}

function conflictError(conflicts: { entry: ManagedFieldsEntry; fields: FieldSet }[]): Error {
  const causes = conflicts.flatMap(({ entry, fields }) =>
    leafPaths(fields).map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${describe(entry)}`,
      field: path,
    })),
  );
  const byManager = new Map<string, string[]>();
  for (const { entry, fields } of conflicts) {
    const key = `conflict${leafPaths(fields).length > 1 ? 's' : ''} with ${describe(entry)}`;
    byManager.set(key, [...(byManager.get(key) ?? []), ...leafPaths(fields)]);
  }
  const count = causes.length;
  const text = [...byManager]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([head, paths]) => (paths.length === 1 ? `${head}: ${paths[0]}` : `${head}:\n${paths.map((path) => `- ${path}`).join('\n')}`))
    .join('\n');
  return newStatusError(409, 'Conflict', `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${text}`, { causes });
}

function describe(entry: ManagedFieldsEntry): string {
  const manager = JSON.stringify(entry.manager ?? '');
  if (entry.operation !== 'Update') return manager;
  const subresource = entry.subresource ? ` with subresource ${JSON.stringify(entry.subresource)}` : '';
  return `${manager}${subresource} using ${entry.apiVersion}`;
}
