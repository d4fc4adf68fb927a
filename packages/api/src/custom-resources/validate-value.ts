/**
 * OpenAPI validation of a value, keyword by keyword in kube-apiserver's order and words.
 *
 * Changes are judged with what was there before: a part that is invalid but unchanged is let be.
 */
import { type FieldError, stringifyExactJson } from '@k/apimachinery';
import { deepEqual } from '../validation/field-errors.js';
import { hasFormat } from './formats.js';
import { checkNumber } from './number-rules.js';
import type { SchemaNode } from './structural-schema.js';

/** What one validation is about. */
export interface ValueContext {
  /** Where messages say the value is; '' = the root. */
  path: string;
  /** Where the root is in the object, e.g. `status`; '' = the root is the object. */
  base: string;
}

/** What was found, and how much fitted: of failed alternatives the one that fitted best is reported. */
interface Result {
  errors: FieldError[];
  matches: number;
}

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The JSON type of a value as messages name it. */
export function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  // Whole numbers that are not kept exactly were written with a fraction, an exponent or more than 64 bits.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  if (typeof value === 'bigint') return 'integer';
  return typeof value;
}

/** The field that an error names. */
function fieldAt({ base, path }: ValueContext): string {
  const trimmed = path.startsWith('.') ? path.slice(1) : path;
  if (base === '') return trimmed;
  return trimmed === '' ? base : `${base}.${trimmed}`;
}

/** An error that stands for the whole object. */
function composite({ base }: ValueContext, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field: base === '' ? '<nil>' : base, badValue: '', detail };
}

/** All errors of a value. `before`: what was in its place; absent when there was nothing to compare with. */
export function validateValue(value: unknown, node: SchemaNode, at: ValueContext, before?: { value: unknown }): FieldError[] {
  return validate(value, node, at, before).errors;
}

function validate(value: unknown, node: SchemaNode, at: ValueContext, before?: { value: unknown }): Result {
  const result: Result = { errors: [], matches: 0 };
  const add = (errors: readonly FieldError[]): void => {
    result.errors.push(...errors);
    if (errors.length === 0) result.matches++;
  };
  if (value === null || value === undefined) {
    add(checkType(value, node, at));
    add(checkEnum(value, node, at));
    return result;
  }
  add(checkType(value, node, at));
  add(checkCombinations(value, node, at, before));
  if (typeof value === 'string') {
    add(checkText(value, node, at));
    if (node.format !== '' && !hasFormat(node.format, value)) {
      add([{ type: 'FieldValueTypeInvalid', field: fieldAt(at), badValue: value, detail: mustBe(at, node.format, value) }]);
    } else if (node.format !== '') add([]);
  }
  if (typeof value === 'number' || typeof value === 'bigint') add(checkNumber(value, node, fieldAt(at), at));
  if (Array.isArray(value)) add(checkItems(value, node, at, before));
  add(checkEnum(value, node, at));
  if (isMap(value)) add(checkObject(value, node, at, before));
  if (result.errors.length > 0 && before !== undefined && deepEqual(before.value, value)) result.errors = [];
  return result;
}

function mustBe(at: ValueContext, wanted: string, found: string): string {
  return `${at.path} in body must be of type ${wanted}: ${JSON.stringify(found)}`;
}

function checkType(value: unknown, node: SchemaNode, at: ValueContext): FieldError[] {
  const { types } = node;
  if (types.length === 0) return [];
  const found = jsonType(value);
  if (found === 'null' && node.nullable) return [];
  // Texts and lists with a format are left to the format.
  const format = node.raw.format ?? '';
  const isTextual = !types.includes('number') && !types.includes('integer');
  if (isTextual && node.format !== '' && format !== '' && (found === 'string' || found === 'array')) return [];
  if (types.includes(found) || (found === 'integer' && types.includes('number'))) return [];
  // Other values of a field with a format are told from it by their Go type.
  const kind = { integer: 'int64', number: 'float64', boolean: '', object: '' }[found];
  if (kind !== undefined && node.format !== '' && kind !== node.format) {
    return [{ type: 'FieldValueTypeInvalid', field: fieldAt(at), badValue: kind, detail: mustBe(at, node.format, kind) }];
  }
  return [{ type: 'FieldValueTypeInvalid', field: fieldAt(at), badValue: found, detail: mustBe(at, types.join(','), found) }];
}

function checkText(value: string, { raw, pattern }: SchemaNode, at: ValueContext): FieldError[] {
  const field = fieldAt(at);
  const length = raw.maxLength === undefined && raw.minLength === undefined ? 0 : [...value].length;
  if (raw.maxLength !== undefined && length > raw.maxLength) {
    return [{ type: 'FieldValueTooLong', field, detail: `may not be more than ${raw.maxLength} bytes` }];
  }
  if (raw.minLength !== undefined && length < raw.minLength) {
    return [
      { type: 'FieldValueInvalid', field, badValue: value, detail: `${at.path} in body should be at least ${raw.minLength} chars long` },
    ];
  }
  if (pattern !== undefined && !pattern.matcher(value).find()) {
    return [{ type: 'FieldValueInvalid', field, badValue: value, detail: `${at.path} in body should match '${raw.pattern}'` }];
  }
  return [];
}

function checkEnum(value: unknown, { raw, nullable }: SchemaNode, at: ValueContext): FieldError[] {
  if (raw.enum === undefined || raw.enum.length === 0) return [];
  if (value === null && nullable) return [];
  if (raw.enum.some((entry) => entry === value || (typeof entry === typeof value && deepEqual(entry, value)))) return [];
  const supported = raw.enum.map((entry) => JSON.stringify(typeof entry === 'string' ? entry : stringifyExactJson(entry)));
  return [{ type: 'FieldValueNotSupported', field: fieldAt(at), badValue: value, detail: `supported values: ${supported.join(', ')}` }];
}

/** The entry of the old list that an entry of the new one continues. Only lists that are maps tell. */
function correlated(item: unknown, node: SchemaNode, before: { value: unknown } | undefined): { value: unknown } | undefined {
  if (before === undefined || !Array.isArray(before.value) || node.listType !== 'map' || !isMap(item)) return undefined;
  const found = before.value.find((old) => isMap(old) && node.listMapKeys.every((key) => deepEqual(old[key], item[key])));
  return found === undefined ? undefined : { value: found };
}

function checkItems(value: readonly unknown[], node: SchemaNode, at: ValueContext, before?: { value: unknown }): FieldError[] {
  const errors: FieldError[] = [];
  const { items, raw } = node;
  if (items !== undefined) {
    value.forEach((item, i) => {
      errors.push(...validateValue(item, items, { ...at, path: `${at.path}[${i}]` }, correlated(item, node, before)));
    });
  }
  const field = fieldAt(at);
  if (raw.minItems !== undefined && value.length < raw.minItems) {
    const detail = `${at.path} in body should have at least ${raw.minItems} items`;
    errors.push({ type: 'FieldValueInvalid', field, badValue: value.length, detail });
  }
  if (raw.maxItems !== undefined && value.length > raw.maxItems) errors.push(tooMany(field, value.length, raw.maxItems));
  return errors;
}

function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, badValue: actual, detail: `must have at most ${max} item${max === 1 ? '' : 's'}` };
}

function checkObject(value: Fields, node: SchemaNode, at: ValueContext, before?: { value: unknown }): FieldError[] {
  const { raw, properties, values } = node;
  const field = fieldAt(at);
  const keys = Object.keys(value);
  if (raw.minProperties !== undefined && keys.length < raw.minProperties) {
    const detail = `${at.path} in body should have at least ${raw.minProperties} properties`;
    return [{ type: 'FieldValueInvalid', field, badValue: keys.length, detail }];
  }
  if (raw.maxProperties !== undefined && keys.length > raw.maxProperties) return [tooMany(field, keys.length, raw.maxProperties)];
  const errors: FieldError[] = [];
  for (const name of node.required) {
    if (!Object.hasOwn(value, name)) {
      errors.push({ type: 'FieldValueRequired', field: fieldAt({ ...at, path: `${at.path}.${name}` }), detail: '' });
    }
  }
  const old = before !== undefined && isMap(before.value) ? before.value : undefined;
  for (const key of keys.sort()) {
    const child = properties.get(key) ?? values;
    if (child === undefined) continue;
    const path = at.path === '' ? key : `${at.path}.${key}`;
    const previous = old !== undefined && Object.hasOwn(old, key) ? { value: old[key] } : undefined;
    errors.push(...validateValue(value[key], child, { ...at, path }, previous));
  }
  return errors;
}

/** Tries every alternative; the one that fits best says what is wrong when none fits. */
function tryAll(
  value: unknown,
  nodes: readonly SchemaNode[],
  at: ValueContext,
  before?: { value: unknown },
): { valid: number; best: FieldError[] } {
  let valid = 0;
  let best: Result | undefined;
  for (const node of nodes) {
    const result = validate(value, node, at, before);
    if (result.errors.length === 0) valid++;
    else if (best === undefined || result.matches > best.matches) best = result;
  }
  return { valid, best: best?.errors ?? [] };
}

function checkCombinations(value: unknown, node: SchemaNode, at: ValueContext, before?: { value: unknown }): FieldError[] {
  const errors: FieldError[] = [];
  const shown = JSON.stringify(at.path);
  if (node.anyOf.length > 0) {
    const { valid, best } = tryAll(value, node.anyOf, at, before);
    if (valid === 0) errors.push(composite(at, `${shown} must validate at least one schema (anyOf)`), ...best);
  }
  if (node.oneOf.length > 0) {
    const { valid, best } = tryAll(value, node.oneOf, at, before);
    const count = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    if (valid !== 1) {
      errors.push(composite(at, `${shown} must validate one and only one schema (oneOf). ${count}`), ...(valid === 0 ? best : []));
    }
  }
  if (node.allOf.length > 0) {
    const results = node.allOf.map((entry) => validate(value, entry, at, before));
    const valid = results.filter((result) => result.errors.length === 0).length;
    if (valid === 0) errors.push(composite(at, `${shown} must validate all the schemas (allOf). None validated`));
    else if (valid < results.length) errors.push(composite(at, `${shown} must validate all the schemas (allOf)`));
    for (const result of results) errors.push(...result.errors);
  }
  if (node.not !== undefined && validate(value, node.not, at).errors.length === 0) {
    errors.push(composite(at, `${shown} must not validate the schema (not)`));
  }
  return errors;
}
