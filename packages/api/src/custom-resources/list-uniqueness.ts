import type { FieldError } from '@k/apimachinery';
import type { SchemaNode } from './structural-schema.js';

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text that two equal JSON values share, whatever the order of their fields. */
function identity(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(identity).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value).sort();
  return `{${entries.map((key) => `${JSON.stringify(key)}:${identity(value[key])}`).join(',')}}`;
}

function keysOf(item: unknown, node: SchemaNode): Fields {
  const keys: Fields = {};
  if (!isMap(item)) return keys;
  for (const key of [...node.listMapKeys].sort()) if (Object.hasOwn(item, key)) keys[key] = item[key];
  return keys;
}

/** Entries that occur twice in lists that are sets or maps. */
export function validateListUniqueness(value: unknown, node: SchemaNode, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  if (Array.isArray(value)) {
    const isSet = node.listType === 'set';
    if (isSet || node.listType === 'map') {
      const seen = new Map<string, number>();
      value.forEach((item, i) => {
        const shown = isSet ? item : keysOf(item, node);
        const key = identity(shown);
        const count = seen.get(key) ?? 0;
        seen.set(key, count + 1);
        // Each value is reported once, where it first occurs again.
        if (count === 1) errors.push({ type: 'FieldValueDuplicate', field: `${path}[${i}]`, badValue: shown, detail: '' });
      });
    }
    const { items } = node;
    if (items !== undefined) for (const [i, item] of value.entries()) errors.push(...validateListUniqueness(item, items, `${path}[${i}]`));
  } else if (isMap(value)) {
    for (const key of Object.keys(value).sort()) {
      const property = node.properties.get(key);
      const child = property ?? node.values;
      if (child === undefined) continue;
      const at = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      errors.push(...validateListUniqueness(value[key], child, at));
    }
  }
  return errors;
}
