import { toText } from '../cel/functions/conversions.js';
import { CelMessage } from '../cel/functions/translated.js';
import { typeNameOf } from '../cel/functions/type-names.js';

/** A value that cannot be written as JSON. */
export class JsonValueError extends Error {}

/** The JSON of an expression's result: integers as numbers, times and durations as text. */
export function toJsonValue(value: unknown): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (value instanceof CelMessage) return fieldsOf(value.fields);
  const name = typeNameOf(value);
  if (name === 'map') return fieldsOf(value as Record<string, unknown>);
  if (name === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (name === 'uint') return Number(toText(value));
  if (name.startsWith('google.protobuf.')) return toText(value);
  throw new JsonValueError(`unsupported conversion from '${name}' to JSON`);
}

function fieldsOf(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, toJsonValue(item)]));
}
