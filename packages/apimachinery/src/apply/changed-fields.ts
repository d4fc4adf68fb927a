import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { type FieldSet, fieldsOf, isEmptySet, itemPart } from './field-set.js';

/** What distinguishes two objects. */
export interface ChangedFields {
  /** New or with another value. */
  changed: FieldSet;
  /** No longer there. */
  removed: FieldSet;
}

/** Equality of JSON values whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  if (isPlainObject(a) && isPlainObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]));
  }
  return false;
}

/** Compares two objects field by field as the schema divides them. */
export function changedFields(before: unknown, after: unknown, schema: Schema): ChangedFields {
  const changed: FieldSet = {};
  const removed: FieldSet = {};
  compareMaps(before, after, schema, changed, removed);
  return { changed, removed };
}

function compareMaps(before: unknown, after: unknown, schema: Schema | undefined, changed: FieldSet, removed: FieldSet): void {
  const a = isPlainObject(before) ? before : {};
  const b = isPlainObject(after) ? after : {};
  for (const key of Object.keys(b)) {
    const field = schema?.properties?.[key] ?? schema?.values;
    compareChild(a[key], b[key], Object.hasOwn(a, key), field, `f:${key}`, changed, removed);
  }
  for (const key of Object.keys(a)) {
    if (Object.hasOwn(b, key)) continue;
    const field = schema?.properties?.[key] ?? schema?.values;
    removed[`f:${key}`] = whole(a[key], field);
  }
}

/** All fields of a value that came or went as one. */
function whole(value: unknown, schema: Schema | undefined): FieldSet {
  const wrapper: Schema = { type: 'object', properties: { x: schema ?? { type: 'any' } } };
  return fieldsOf({ x: value }, wrapper)['f:x'] ?? {};
}

function compareChild(
  before: unknown,
  after: unknown,
  existed: boolean,
  schema: Schema | undefined,
  part: string,
  changed: FieldSet,
  removed: FieldSet,
): void {
  if (!existed) {
    changed[part] = whole(after, schema);
    return;
  }
  if (sameValue(before, after)) return;
  const granularMap = isPlainObject(before) && isPlainObject(after) && schema?.mapType !== 'atomic';
  const granularList =
    Array.isArray(before) && Array.isArray(after) && (schema?.listType === 'map' || schema?.listType === 'set') && schema !== undefined;
  const c: FieldSet = {};
  const r: FieldSet = {};
  if (granularMap) compareMaps(before, after, schema, c, r);
  else if (granularList) compareLists(before, after, schema, c, r);
  else {
    changed[part] = {};
    return;
  }
  if (!isEmptySet(c)) changed[part] = c;
  if (!isEmptySet(r)) removed[part] = r;
}

function compareLists(before: unknown[], after: unknown[], schema: Schema, changed: FieldSet, removed: FieldSet): void {
  const old = new Map(before.map((item) => [itemPart(item, schema) as string, item]));
  const now = new Map(after.map((item) => [itemPart(item, schema) as string, item]));
  for (const [part, item] of now) {
    const had = old.has(part);
    if (schema.listType === 'set') {
      if (!had) changed[part] = {};
    } else if (!had) changed[part] = { ...fieldsOf(item, schema.items), '.': {} };
    else {
      const c: FieldSet = {};
      const r: FieldSet = {};
      compareMaps(old.get(part), item, schema.items, c, r);
      if (!isEmptySet(c)) changed[part] = c;
      if (!isEmptySet(r)) removed[part] = r;
    }
  }
  for (const [part, item] of old) {
    if (now.has(part)) continue;
    removed[part] = schema.listType === 'set' ? {} : { ...fieldsOf(item, schema.items), '.': {} };
  }
}
