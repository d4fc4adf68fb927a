/** What is wrong with the types of a strategically merged object, in the words of the converter that upstream uses there. */
import type { Schema } from '@k/apimachinery';

/** Go's kind of a decoded JSON value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'object') return 'map';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'bigint' ? 'int64' : 'string';
}

/** Go's kind of a scalar field. */
function targetKind(schema: Schema): string {
  if (schema.type === 'boolean') return 'bool';
  if (schema.type === 'integer') return schema.format ?? 'int64';
  return schema.type === 'number' ? 'float64' : 'string';
}

function scalarFault(value: unknown, schema: Schema): string | null {
  // These read themselves, and say so in their own words.
  if (schema.type === 'int-or-string' || schema.type === 'any' || schema.format === 'quantity' || schema.format === 'date-time')
    return null;
  const from = kindOf(value);
  const to = targetKind(schema);
  const isNumber = from === 'int64' || from === 'float64';
  if (to === 'string') {
    if (from === 'string') return null;
    return from === 'int64' ? `cannot convert ${from} to ${to}` : `unrecognized type: ${to}`;
  }
  if (to === 'bool') return from === 'bool' ? null : `unrecognized type: ${to}`;
  if (!isNumber) return `unrecognized type: ${to}`;
  return from === 'float64' && to !== 'float64' ? `cannot convert ${from} to ${to}` : null;
}

/** The first fault of a value under a schema; null when it fits. */
export function convertFault(value: unknown, schema: Schema | undefined): string | null {
  if (value === null || value === undefined || schema === undefined) return null;
  if (schema.type === 'object') {
    if (typeof value !== 'object' || Array.isArray(value)) {
      return schema.properties === undefined ? `cannot restore map from ${kindOf(value)}` : `cannot restore struct from: ${kindOf(value)}`;
    }
    for (const [key, child] of Object.entries(value)) {
      const { properties } = schema;
      const field = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : schema.values;
      const fault = convertFault(child, field);
      if (fault !== null) return fault;
    }
    return null;
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
    for (const item of value) {
      const fault = convertFault(item, schema.items);
      if (fault !== null) return fault;
    }
    return null;
  }
  return scalarFault(value, schema);
}
