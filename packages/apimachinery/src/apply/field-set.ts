/**
 * Sets of field paths, the content of `managedFields[].fieldsV1`.
 *
 * A set is a tree in the JSON form itself: `f:name` a field, `k:{…}` a list element by its keys, `v:…` a set element,
 * `.` the element itself. Working on that form means nothing has to be converted on the write path.
 */
import type { JsonObject } from '../object.js';
import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';

/** A set of fields. An empty object as a child is a leaf: the field itself. */
export type FieldSet = { [part: string]: FieldSet };

/** Fields of metadata that no manager owns. */
const META_NOT_OWNED: ReadonlySet<string> = new Set([
  'f:name',
  'f:namespace',
  'f:uid',
  'f:resourceVersion',
  'f:generation',
  'f:creationTimestamp',
  'f:deletionTimestamp',
  'f:deletionGracePeriodSeconds',
  'f:selfLink',
  'f:managedFields',
]);

/** The path element of a list item, or null for a list that is owned as a whole. */
export function itemPart(item: unknown, schema: Schema): string | null {
  if (schema.listType === 'set') return `v:${JSON.stringify(item)}`;
  if (schema.listType === 'map') {
    const keys: Record<string, unknown> = {};
    for (const key of [...(schema.listMapKeys ?? [])].sort()) {
      const value = isPlainObject(item) ? (item[key] ?? schema.items?.properties?.[key]?.default) : undefined;
      if (value !== undefined) keys[key] = value;
    }
    return `k:${JSON.stringify(keys)}`;
  }
  return null;
}

/** True when a value is owned as a whole. */
function isAtomic(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  if (schema.type === 'array') return schema.listType !== 'map' && schema.listType !== 'set';
  if (schema.type === 'object') return schema.mapType === 'atomic';
  return false;
}

/** All fields that a value sets. */
export function fieldsOf(value: unknown, schema: Schema | undefined): FieldSet {
  const out: FieldSet = {};
  if (isPlainObject(value)) {
    for (const key of Object.keys(value)) {
      const field = schema?.properties?.[key] ?? schema?.values;
      out[`f:${key}`] = childSet(value[key], field);
    }
  }
  return out;
}

function childSet(value: unknown, schema: Schema | undefined): FieldSet {
  if (isAtomic(schema) || value === null) return {};
  if (Array.isArray(value)) {
    if (schema === undefined) return {};
    const out: FieldSet = {};
    for (const item of value) {
      const part = itemPart(item, schema) as string;
      const child = schema.listType === 'map' ? fieldsOf(item, schema.items) : {};
      if (schema.listType === 'map') child['.'] = {};
      out[part] = child;
    }
    return out;
  }
  if (isPlainObject(value)) {
    const out = fieldsOf(value, schema);
    // Maps and structs without content are fields by themselves; maps always carry their own mark.
    if (schema?.values !== undefined && Object.keys(out).length > 0) out['.'] = {};
    return out;
  }
  return {};
}

/** The fields of an object that a manager may own: everything but kind, version and the server's metadata. */
export function ownableFields(object: unknown, schema: Schema): FieldSet {
  const set = fieldsOf(object, schema);
  delete set['f:apiVersion'];
  delete set['f:kind'];
  const metadata = set['f:metadata'];
  if (metadata !== undefined) {
    for (const part of Object.keys(metadata)) if (META_NOT_OWNED.has(part)) delete metadata[part];
    if (Object.keys(metadata).length === 0) delete set['f:metadata'];
  }
  return set;
}

/** True for a set without fields. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Fields in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = { ...a };
  for (const part of Object.keys(b)) {
    const left = out[part];
    out[part] = left === undefined ? (b[part] as FieldSet) : mergeLeaf(left, b[part] as FieldSet);
  }
  return out;
}

function mergeLeaf(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return isEmptySet(b) ? a : { ...b, '.': {} };
  if (isEmptySet(b)) return { ...a, '.': {} };
  return union(a, b);
}

/** Fields of `a` that are not in `b`. A leaf of `b` covers only the leaf, or with `deep` everything below it. */
export function difference(a: FieldSet, b: FieldSet, deep = false): FieldSet {
  const out: FieldSet = {};
  for (const part of Object.keys(a)) {
    const left = a[part] as FieldSet;
    const right = b[part];
    if (right === undefined) {
      out[part] = left;
      continue;
    }
    if (isEmptySet(left)) {
      if (!isEmptySet(right) && right['.'] === undefined && part !== '.') out[part] = left;
      continue;
    }
    if (isEmptySet(right)) {
      if (deep) continue;
      const { '.': _own, ...rest } = left;
      if (!isEmptySet(rest)) out[part] = rest;
      continue;
    }
    const rest = difference(left, right, deep);
    if (!isEmptySet(rest)) out[part] = rest;
  }
  return out;
}

/** Fields in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return difference(a, difference(a, b));
}

/** Paths of a set's leaves for messages: `.spec.containers[name="c"].image`. */
export function leafPaths(set: FieldSet, prefix = ''): string[] {
  const out: string[] = [];
  for (const part of Object.keys(set)) {
    if (part === '.') {
      if (prefix !== '') out.push(prefix);
      continue;
    }
    const path = prefix + printPart(part);
    const child = set[part] as FieldSet;
    if (isEmptySet(child)) out.push(path);
    else out.push(...leafPaths(child, path));
  }
  return out;
}

function printPart(part: string): string {
  const value = part.slice(2);
  if (part.startsWith('f:')) return `.${value}`;
  if (part.startsWith('v:')) return `[=${value}]`;
  if (part.startsWith('i:')) return `[${value}]`;
  const keys = JSON.parse(value) as Record<string, unknown>;
  return `[${Object.keys(keys)
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(',')}]`;
}

/** Copies a set out of a managed fields entry. */
export function fromFieldsV1(fields: JsonObject | undefined): FieldSet {
  return (fields ?? {}) as FieldSet;
}
