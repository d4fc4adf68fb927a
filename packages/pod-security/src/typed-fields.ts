/** Reads values of unknown types: wrong ones throw a typed error that names the field. */
import { malformedPod } from './errors.js';

/** An object as it came from JSON or YAML. */
export type Fields = Readonly<Record<string, unknown>>;

/** What an absent object is read as. */
export const NO_FIELDS: Fields = Object.freeze({});
/** What an absent list is read as. */
export const NOTHING: readonly never[] = Object.freeze([]);

/** An object; null counts as absent, as for all types here. The place is named in two parts, joined only for an error. */
export function objectAt(value: unknown, base: string, key: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw malformedPod(base + key, 'an object', value);
}

/** A list; empty when absent. */
export function listAt(value: unknown, base: string, key: string): readonly unknown[] {
  if (value === undefined || value === null) return NOTHING;
  if (Array.isArray(value)) return value;
  throw malformedPod(base + key, 'a list', value);
}

/** A boolean. */
export function booleanAt(value: unknown, base: string, key: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw malformedPod(base + key, 'a boolean', value);
}

/** A string. */
export function textAt(value: unknown, base: string, key: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw malformedPod(base + key, 'a string', value);
}

/** A whole number. */
export function integerAt(value: unknown, base: string, key: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw malformedPod(base + key, 'an integer', value);
}

/** A list of texts; null entries are empty texts. The list itself is given back when it has none. */
export function textsAt(value: unknown, base: string, key: string): readonly string[] {
  const list = listAt(value, base, key);
  let hasNull = false;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (typeof item === 'string') continue;
    if (item !== null && item !== undefined) throw malformedPod(`${base}${key}[${i}]`, 'a string', item);
    hasNull = true;
  }
  return hasNull ? list.map((item) => (item as string | null) ?? '') : (list as readonly string[]);
}

/** A value of `metadata.annotations`. */
export function annotationAt(annotations: Fields, key: string): string {
  return textAt(annotations[key], 'metadata.annotations', `[${key}]`) ?? '';
}
