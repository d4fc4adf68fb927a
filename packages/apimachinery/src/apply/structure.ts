/** How a schema divides a value into fields: scalars, maps by key, lists by key or by value, and what is atomic. */
import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';

/** What a value is to server-side apply. `null` and absent values take the form that the schema names. */
export type Structure = 'scalar' | 'map' | 'list' | 'atomic';

/** True for schemas whose values are divided by what they are: untyped fields and unknown ones. */
function isDeduced(schema: Schema | undefined): boolean {
  if (schema === undefined || schema.type === 'any') return true;
  return schema.type === 'object' && schema.properties === undefined && schema.values === undefined && schema.mapType === undefined;
}

/** The structure of a value under a schema. Lists without a list type are atomic, maps are divided unless said otherwise. */
export function structureOf(schema: Schema | undefined, value: unknown): Structure {
  if (isDeduced(schema)) return isPlainObject(value) ? 'map' : Array.isArray(value) ? 'atomic' : 'scalar';
  const { type, listType, mapType } = schema as Schema;
  if (type === 'array') return listType === 'map' || listType === 'set' ? 'list' : 'atomic';
  if (type === 'object') return mapType === 'atomic' ? 'atomic' : 'map';
  return 'scalar';
}

/** The schema of a map's entry; `undefined` = divided by what it is. */
export function entrySchema(schema: Schema | undefined, key: string): Schema | undefined {
  const { properties } = schema ?? {};
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return schema?.values;
}

/** True for a field that the schema names, as opposed to the entry of a map. */
export function isNamedField(schema: Schema | undefined, key: string): boolean {
  const properties = schema?.properties;
  return properties !== undefined && Object.hasOwn(properties, key);
}

/**
 * The path element of a list's item.
 *
 * @returns `null` when the item lacks a key that has no default.
 */
export function itemPart(item: unknown, schema: Schema): string | null {
  if (schema.listType === 'set') return `v:${JSON.stringify(item)}`;
  const keys: Record<string, unknown> = {};
  for (const key of [...(schema.listMapKeys ?? [])].sort()) {
    const value = (isPlainObject(item) && Object.hasOwn(item, key) ? item[key] : undefined) ?? schema.items?.properties?.[key]?.default;
    if (value === undefined) return null;
    keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

/** The element a path part leads to. */
export function partSchema(schema: Schema | undefined, part: string): Schema | undefined {
  return part.startsWith('f:') ? entrySchema(schema, part.slice(2)) : schema?.items;
}

/**
 * The object of a kind before anybody has set a field: only the parts that are always present.
 *
 * What a creator owns is what distinguishes its object from this one.
 */
export function emptyObject(schema: Schema): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(schema.properties ?? {})) {
    const field = schema.properties?.[key] as Schema;
    const always = schema.required?.includes(key) === true;
    if (field.properties !== undefined && field.default !== undefined) out[key] = emptyObject(field);
    else if (always && (field.type === 'array' || field.type === 'object')) out[key] = null;
  }
  return out;
}

/** Equality of JSON values whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  if (isPlainObject(a) && isPlainObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]));
  }
  return (typeof a === 'bigint' || typeof b === 'bigint') && String(a) === String(b);
}
