/**
 * What the creator of an object owns, in one walk.
 *
 * The general way compares the object with the empty one of its kind, takes out what the endpoint does not write and what
 * nobody owns, and sorts: four trees for the one that is kept. Nothing is owned by anybody yet, so that the same set can
 * be built at once.
 */
import type { JsonObject, KubeObject } from '../object.js';
import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { sortedParts } from './field-set.js';
import { NEVER_OWNED_METADATA } from './ownership.js';
import { emptyObject, entrySchema, itemPart, sameValue, structureOf } from './structure.js';

/** What the empty object of a kind has in a place: nothing, `null`, or the empty object of the field. */
type Before = 'absent' | 'null' | 'empty';

type Paths = readonly (readonly string[])[];

const NO_PATHS: Paths = [];

/**
 * The fields of a new object in their stored form.
 *
 * @param resetFields - Paths that the endpoint does not write.
 * @returns `null` when there are none.
 */
export function fieldsOfNewObject(object: KubeObject, schema: Schema, resetFields: Paths): JsonObject | null {
  const out: JsonObject = {};
  for (const key of Object.keys(object).sort()) {
    const below = pathsBelow(resetFields, key);
    if (below === null || key === 'apiVersion' || key === 'kind') continue;
    const field = entrySchema(schema, key);
    if (key === 'metadata') putMetadata(out, object.metadata, emptyAt(schema, key, field), field, below);
    else putNode(out, `f:${key}`, emptyAt(schema, key, field), object[key], field, below);
  }
  return isEmpty(out) ? null : out;
}

/** Metadata is no field of its own, and some of its fields are nobody's. */
function putMetadata(out: JsonObject, metadata: unknown, before: Before, schema: Schema | undefined, reset: Paths): void {
  if (!isPlainObject(metadata)) return;
  const below: JsonObject = {};
  for (const key of Object.keys(metadata).sort()) {
    if (NEVER_OWNED_METADATA.has(key)) continue;
    const paths = pathsBelow(reset, key);
    if (paths === null) continue;
    const field = entrySchema(schema, key);
    putNode(below, `f:${key}`, before === 'empty' ? emptyAt(schema, key, field) : 'absent', metadata[key], field, paths);
  }
  if (!isEmpty(below)) out['f:metadata'] = below;
}

/** What the empty object of `schema` has under a key; see `emptyObject`. */
function emptyAt(schema: Schema | undefined, key: string, field: Schema | undefined): Before {
  if (field === undefined || schema?.properties === undefined || !Object.hasOwn(schema.properties, key)) return 'absent';
  if (field.properties !== undefined && field.default !== undefined) return 'empty';
  if (field.type !== 'array' && field.type !== 'object') return 'absent';
  return schema.required?.includes(key) === true ? 'null' : 'absent';
}

/** The paths that go on below a key; `null` when one of them ends there. */
function pathsBelow(paths: Paths, key: string): Paths | null {
  if (paths.length === 0) return NO_PATHS;
  const below: (readonly string[])[] = [];
  for (const path of paths) {
    if (path[0] !== key) continue;
    if (path.length === 1) return null;
    below.push(path.slice(1));
  }
  return below;
}

/** Puts a value's field and those below it into a set under construction. */
function putNode(out: JsonObject, part: string, before: Before, value: unknown, schema: Schema | undefined, reset: Paths): void {
  if (value === undefined) return;
  const structure = typeof value === 'object' ? structureOf(schema, value) : 'atomic';
  const isMap = structure === 'map' && isPlainObject(value) && !isEmpty(value);
  if (!isMap && !(structure === 'list' && Array.isArray(value) && value.length > 0)) {
    if (isChanged(before, value, schema)) out[part] = {};
    return;
  }
  const isMember = before === 'absent';
  // A field that is owned itself comes first in its set.
  const below: JsonObject = isMember ? { '.': {} } : {};
  if (isMap) putFields(below, before, value, schema, reset);
  else putItems(below, value as readonly unknown[], schema as Schema);
  if (isMember || !isEmpty(below)) out[part] = isMember && isSingle(below) ? {} : below;
}

/** Whether a set holds one entry. */
function isSingle(set: JsonObject): boolean {
  let count = 0;
  for (const _ in set) if (++count > 1) return false;
  return count === 1;
}

/** Whether a value without parts differs from what the empty object has. */
function isChanged(before: Before, value: unknown, schema: Schema | undefined): boolean {
  if (before === 'absent') return true;
  if (before === 'null') return value !== null;
  const empty = emptyObject(schema as Schema);
  // A struct compared with one that has parts is told apart by its parts alone.
  return (Object.keys(empty).length === 0 || structureOf(schema, value) !== 'map') && !sameValue(empty, value);
}

function putFields(out: JsonObject, before: Before, value: Record<string, unknown>, schema: Schema | undefined, reset: Paths): void {
  const keys = Object.keys(value);
  if (keys.length > 1) keys.sort();
  for (const key of keys) {
    const paths = pathsBelow(reset, key);
    if (paths === null) continue;
    const field = entrySchema(schema, key);
    putNode(out, `f:${key}`, before === 'empty' ? emptyAt(schema, key, field) : 'absent', value[key], field, paths);
  }
}

function putItems(out: JsonObject, items: readonly unknown[], schema: Schema): void {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const part = itemPart(item, schema);
    if (part === null) continue;
    const known = found.get(part);
    if (known === undefined) found.set(part, [item]);
    else known.push(item);
  }
  for (const part of sortedParts([...found.keys()])) {
    const same = found.get(part) as unknown[];
    // Elements that are there twice count as one value.
    if (same.length > 1) out[part] = {};
    else putNode(out, part, 'absent', same[0], schema.items, NO_PATHS);
  }
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
