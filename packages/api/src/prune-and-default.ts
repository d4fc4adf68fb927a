/**
 * One walk over an object by its schema: unknown fields go, wrong types are reported as Go's decoder words them,
 * nulls go, defaults come in.
 */
import type { KubeObject, Schema } from '@k/apimachinery';

/** What the walk found; the object itself is changed in place. */
export interface PruneResult {
  /** Paths such as `spec.foo` or `spec.containers[0].x`. Empty when fields are ignored. */
  unknownFields: string[];
  /** Texts such as `json: cannot unmarshal number into Go struct field ConfigMap.data of type string`. */
  typeErrors: string[];
}

interface Walk {
  collectUnknown: boolean;
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
    object[key] = walkValue(value, field, at, goPath === '' ? key : `${goPath}.${key}`, struct, walk);
    if (isOmittedWhenEmpty(schema, key, field) && isEmptyCollection(object[key])) delete object[key];
  }
  for (const key in properties) {
    if (object[key] !== undefined) continue;
    const field = properties[key] as Schema;
    if (field.default === undefined) continue;
    const value: unknown = typeof field.default === 'object' && field.default !== null ? structuredClone(field.default) : field.default;
    if (field.type === 'object' && field.properties !== undefined) {
      // Structs that are always present in Go; they show only when something in them has a default.
      const child = value as Record<string, unknown>;
      walkObject(child, field, path, goPath, struct, walk);
      object[key] = child;
    } else object[key] = value;
  }
}

/** Go's types drop empty lists and maps of optional fields; custom resources keep what they were given. */
function isOmittedWhenEmpty(schema: Schema, key: string, field: Schema): boolean {
  if (schema.definition === undefined || schema.required?.includes(key)) return false;
  return field.type === 'array' || field.values !== undefined;
}

function isEmptyCollection(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
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
  return format === 'int32' ? value <= INT32_MAX && value >= -INT32_MAX - 1 : Math.abs(value) <= 2 ** 63;
}

const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

function walkString(value: unknown, schema: Schema, goPath: string, struct: string, walk: Walk): unknown {
  if (schema.format === 'quantity') {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || !QUANTITY.test(text)) {
      walk.result.typeErrors.push(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
      return value;
    }
    return text;
  }
  if (typeof value !== 'string') {
    wrongType(value, schema, goPath, struct, walk);
    return value;
  }
  if (schema.format === 'byte') {
    const bad = /[^A-Za-z0-9+/=\r\n]/.exec(value);
    if (bad !== null) walk.result.typeErrors.push(`illegal base64 data at input byte ${bad.index}`);
    else if (value.replace(/[\r\n]/g, '').length % 4 !== 0)
      walk.result.typeErrors.push(`illegal base64 data at input byte ${Math.floor(value.length / 4) * 4}`);
  }
  if (schema.format === 'date-time' && value !== '' && Number.isNaN(Date.parse(value))) {
    walk.result.typeErrors.push(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    );
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
    wrongType(value, schema, goPath, schema.values === undefined ? parentStruct(schema, struct) : struct, walk);
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

function parentStruct(_schema: Schema, struct: string): string {
  return struct;
}
