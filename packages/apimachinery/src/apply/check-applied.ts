/** Checks an applied configuration against its schema, with the texts that kube-apiserver gives. */
import { goTypeName, printGoLiteral, printGoValue } from '../patch/go-values.js';
import { isPlainObject } from '../patch/own-property.js';
import type { Schema } from '../schema.js';
import { printPart } from './field-set.js';
import { entrySchema, isNamedField, itemPart, structureOf } from './structure.js';

/** Fields that every object has, whether its schema names them or not. */
const EVERY_OBJECT: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';

function scalarFault(value: unknown, schema: Schema): string | null {
  const isScalar = typeof value === 'string' || typeof value === 'boolean' || isNumber(value);
  switch (schema.type) {
    case 'integer':
    case 'number':
      return isNumber(value) ? null : `expected numeric (int or float), got ${goTypeName(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? null : `expected boolean, got &{${printGoValue(value)}}`;
    case 'string': {
      const isUntyped = schema.format === 'quantity' || schema.format === 'date-time' || schema.format === 'micro-time';
      if (isUntyped) return isScalar ? null : `expected any scalar, got &{${printGoValue(value)}}`;
      return typeof value === 'string' ? null : `expected string, got &value.valueUnstructured{Value:${printGoLiteral(value)}}`;
    }
    case 'int-or-string':
      return isScalar ? null : `expected any scalar, got &{${printGoValue(value)}}`;
    default:
      return null;
  }
}

/** What keeps an element from having a key in its list, or null. */
function elementFault(item: unknown, schema: Schema): string | null {
  if (schema.listType === 'map') {
    if (item === null) return 'associative list with keys may not have a null element';
    return isPlainObject(item) ? null : 'associative list with keys may not have non-map elements';
  }
  if (isPlainObject(item)) return "associative list without keys has an element that's a map type";
  if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
  return item === null ? "associative list without keys has an element that's an explicit null" : null;
}

/** Every fault of an applied value, each with its path: `.spec.x: field not declared in schema`. */
export function appliedFaults(value: unknown, schema: Schema | undefined, path = ''): string[] {
  const fault = (text: string): string[] => [path === '' ? text : `${path}: ${text}`];
  if (value === null || value === undefined || schema === undefined || schema.type === 'any') return [];
  if (schema.type === 'object') {
    if (!isPlainObject(value)) {
      return structureOf(schema, value) === 'scalar' && schema.preserveUnknownFields
        ? []
        : fault(`expected map, got &{${printGoValue(value)}}`);
    }
    return Object.keys(value).flatMap((key) => {
      const at = `${path}.${key}`;
      if (path === '' && !isNamedField(schema, key) && EVERY_OBJECT.has(key)) return [];
      const field = entrySchema(schema, key);
      if (schema.properties !== undefined && !isNamedField(schema, key) && field === undefined && !schema.preserveUnknownFields) {
        return [`${at}: field not declared in schema`];
      }
      return appliedFaults(value[key], field, at);
    });
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return fault(`expected list, got &{${printGoValue(value)}}`);
    if (schema.listType !== 'map' && schema.listType !== 'set') {
      return value.flatMap((item, i) => appliedFaults(item, schema.items, `${path}[${i}]`));
    }
    const seen = new Set<string>();
    return value.flatMap((item, i) => {
      const wrong = elementFault(item, schema);
      if (wrong !== null) return fault(`element ${i}: ${wrong}`);
      const part = itemPart(item, schema);
      if (part === null) {
        const missing = schema.listMapKeys?.find((key) => !isPlainObject(item) || item[key] === undefined) ?? '';
        return fault(
          `element ${i}: associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`,
        );
      }
      if (seen.has(part)) return fault(`duplicate entries for key ${printPart(part)}`);
      seen.add(part);
      return appliedFaults(item, schema.items, path + printPart(part));
    });
  }
  const text = scalarFault(value, schema);
  return text === null ? [] : fault(text);
}
