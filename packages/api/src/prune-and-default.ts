/**
 * One walk over an object by its schema: unknown fields go, wrong types are reported as Go's decoder words them,
 * nulls and, for built-in kinds, empty values go, quantities and times take their canonical form, defaults come in.
 */
import { type KubeObject, Quantity, type Schema } from '@k/apimachinery';
import { isOmitted, isShownTime } from './omitted-values.js';

/** What the walk found; the object itself is changed in place. */
export interface PruneResult {
  /** Paths such as `spec.foo` or `spec.containers[0].x`. Empty when fields are ignored. */
  unknownFields: string[];
  /** Texts such as `json: cannot unmarshal number into Go struct field ConfigMap.data of type string`. */
  typeErrors: string[];
}

interface Walk {
  collectUnknown: boolean;
  /** Values go as they do when Go reads and writes its structs; not so for custom resources. */
  native: boolean;
  result: PruneResult;
}

/** Prunes, checks and defaults an object that the caller owns. */
export function pruneAndDefault(
  object: KubeObject,
  schema: Schema,
  options: { fieldValidation: 'Ignore' | 'Warn' | 'Strict' },
): PruneResult {
  const result: PruneResult = { unknownFields: [], typeErrors: [] };
  walkObject(object as Record<string, unknown>, schema, '', '', object.kind ?? '', {
    collectUnknown: options.fieldValidation !== 'Ignore',
    native: schema.definition?.startsWith('io.k8s.') === true && !schema.definition.includes('.apiextensions.'),
    result,
  });
  return result;
}

/** The last part of a definition's name: Go's struct name in error texts. */
function structName(schema: Schema, fallback: string): string {
  return schema.definition === undefined ? fallback : schema.definition.slice(schema.definition.lastIndexOf('.') + 1);
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'number';
  return typeof value;
}

/** The Go type of a field, for messages. */
function goType(schema: Schema): string {
  if (schema.type === 'array') return `[]${goType(schema.items ?? { type: 'any' })}`;
  if (schema.values !== undefined) return `map[string]${goType(schema.values)}`;
  if (schema.definition !== undefined) return `v1.${structName(schema, '')}`;
  if (schema.type === 'boolean') return 'bool';
  if (schema.type === 'integer') return schema.format ?? 'int64';
  if (schema.type === 'number') return 'float64';
  if (schema.format === 'byte') return '[]uint8';
  return 'string';
}

function walkObject(object: Record<string, unknown>, schema: Schema, path: string, goPath: string, struct: string, walk: Walk): void {
  const { properties } = schema;
  if (properties === undefined) return;
  for (const key of Object.keys(object)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (!Object.hasOwn(properties, key)) {
      if (schema.preserveUnknownFields) continue;
      if (walk.collectUnknown) walk.result.unknownFields.push(at);
      delete object[key];
      continue;
    }
    const field = properties[key] as Schema;
    const value = object[key];
    if (value === null || value === undefined) {
      delete object[key];
      continue;
    }
    const walked = walkValue(value, field, at, goPath === '' ? key : `${goPath}.${key}`, struct, walk);
    if (walk.native && isOmitted(walked, field, key, struct) && schema.required?.includes(key) !== true) delete object[key];
    else object[key] = walked;
  }
  for (const key in properties) {
    if (object[key] !== undefined) continue;
    const field = properties[key] as Schema;
    if (field.default === undefined) {
      if (walk.native && isShownTime(field, key, struct)) object[key] = null;
      continue;
    }
    const value: unknown = typeof field.default === 'object' && field.default !== null ? structuredClone(field.default) : field.default;
    if (field.type === 'object' && field.properties !== undefined) {
      // Structs that are always present in Go; they show only when something in them has a default.
      const child = value as Record<string, unknown>;
      walkObject(child, field, path, goPath, struct, walk);
      object[key] = child;
    } else object[key] = value;
  }
}

function wrongType(value: unknown, schema: Schema, goPath: string, struct: string, walk: Walk): void {
  walk.result.typeErrors.push(`json: cannot unmarshal ${goKind(value)} into Go struct field ${struct}.${goPath} of type ${goType(schema)}`);
}

const INT32_MAX = 2 ** 31 - 1;

function walkValue(value: unknown, schema: Schema, path: string, goPath: string, struct: string, walk: Walk): unknown {
  switch (schema.type) {
    case 'any':
      return value;
    case 'int-or-string':
      if (typeof value !== 'string' && !(typeof value === 'number' && Number.isInteger(value)))
        wrongType(value, { type: 'string' }, goPath, struct, walk);
      return value;
    case 'string':
      return walkString(value, schema, goPath, struct, walk);
    case 'boolean':
      if (typeof value !== 'boolean') wrongType(value, schema, goPath, struct, walk);
      return value;
    case 'integer':
      if (typeof value !== 'number' && typeof value !== 'bigint') wrongType(value, schema, goPath, struct, walk);
      else if (!isInteger(value, schema.format)) {
        walk.result.typeErrors.push(
          `json: cannot unmarshal number ${String(value)} into Go struct field ${struct}.${goPath} of type ${schema.format ?? 'int64'}`,
        );
      }
      return value;
    case 'number':
      if (typeof value === 'bigint') return Number(value);
      if (typeof value !== 'number') wrongType(value, schema, goPath, struct, walk);
      return value;
    case 'array':
      return walkArray(value, schema, path, goPath, struct, walk);
    case 'object':
      return walkMap(value, schema, path, goPath, struct, walk);
  }
}

function isInteger(value: number | bigint, format: string | undefined): boolean {
  if (typeof value === 'bigint') return format !== 'int32' && value >= -(2n ** 63n) && value < 2n ** 63n;
  if (!Number.isInteger(value)) return false;
  return format === 'int32' ? value <= INT32_MAX && value >= -INT32_MAX - 1 : Number.isSafeInteger(value);
}

/** The text of a quantity as it is stored, or null after an error. */
function walkQuantity(value: unknown, walk: Walk): unknown {
  const text = typeof value === 'number' ? String(value) : value;
  if (!walk.native) return text;
  try {
    return Quantity.parse(typeof text === 'string' ? text.trim() : '').toString();
  } catch (error) {
    walk.result.typeErrors.push((error as Error).message);
    return value;
  }
}

const CANONICAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time in UTC: whole seconds, or microseconds where the field has them. */
function walkTime(value: string, micro: boolean, walk: Walk): string {
  if (!micro && CANONICAL_TIME.test(value)) return value;
  const match = RFC3339.exec(value);
  const ms = match === null ? Number.NaN : Date.parse(value);
  if (match === null || Number.isNaN(ms)) {
    const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
    const shown = JSON.stringify(value);
    walk.result.typeErrors.push(`parsing time ${shown} as "${layout}": cannot parse ${shown} as "2006"`);
    return value;
  }
  const seconds = new Date(ms).toISOString().slice(0, 19);
  return micro ? `${seconds}.${(match[1] ?? '').slice(1).padEnd(6, '0').slice(0, 6)}Z` : `${seconds}Z`;
}

/** The position of the first fault of a base64 text as Go's decoder counts it, or -1. */
function base64Fault(value: string): number {
  let digits = 0;
  for (let i = 0; i < value.length; i++) {
    const char = value[i] as string;
    if (char === '\n' || char === '\r') continue;
    if (char === '=') {
      // Padding ends the text: one or two characters that complete a group of four.
      const rest = value.slice(i).replace(/[\r\n]/g, '');
      const wanted = digits % 4 === 3 ? '=' : '==';
      if (digits % 4 < 2) return i;
      if (rest === wanted) return -1;
      if (rest.startsWith(wanted)) return i + wanted.length;
      return wanted === '==' && rest === '=' ? value.length : i + 1;
    }
    if (!/[A-Za-z0-9+/]/.test(char)) return i;
    digits++;
  }
  return digits % 4 === 0 ? -1 : value.length - (digits % 4);
}

function walkString(value: unknown, schema: Schema, goPath: string, struct: string, walk: Walk): unknown {
  if (schema.format === 'quantity') return walkQuantity(value, walk);
  if (typeof value !== 'string') {
    wrongType(value, schema, goPath, struct, walk);
    return value;
  }
  if (schema.format === 'byte') {
    const fault = base64Fault(value);
    if (fault >= 0) walk.result.typeErrors.push(`illegal base64 data at input byte ${fault}`);
  }
  if (walk.native && (schema.format === 'date-time' || schema.format === 'micro-time')) {
    return walkTime(value, schema.format === 'micro-time', walk);
  }
  return value;
}

function walkArray(value: unknown, schema: Schema, path: string, goPath: string, struct: string, walk: Walk): unknown {
  if (!Array.isArray(value)) {
    wrongType(value, schema, goPath, struct, walk);
    return value;
  }
  const items = schema.items ?? { type: 'any' };
  for (let i = 0; i < value.length; i++) {
    const item: unknown = value[i];
    if (item === null) value[i] = emptyOf(items);
    else value[i] = walkValue(item, items, `${path}[${i}]`, goPath, struct, walk);
  }
  return value;
}

function emptyOf(schema: Schema): unknown {
  if (schema.type === 'string') return '';
  if (schema.type === 'object') return {};
  if (schema.type === 'integer' || schema.type === 'number') return 0;
  return null;
}

function walkMap(value: unknown, schema: Schema, path: string, goPath: string, struct: string, walk: Walk): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) {
    wrongType(value, schema, goPath, struct, walk);
    return value;
  }
  const object = value as Record<string, unknown>;
  if (schema.properties !== undefined) {
    walkObject(object, schema, path, goPath, structName(schema, struct), walk);
    return object;
  }
  if (schema.values !== undefined) {
    const { values } = schema;
    for (const key of Object.keys(object)) {
      const item = object[key];
      if (item === null) object[key] = emptyOf(values);
      else object[key] = walkValue(item, values, `${path}.${key}`, goPath, struct, walk);
    }
  }
  return object;
}
