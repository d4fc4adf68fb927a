/** A structural schema as CEL sees it: types of its fields, and values of these types. */
import {
  BOOL,
  BYTES,
  type CelType,
  celName,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  structOf,
  TIMESTAMP,
  toCelValue,
} from '@k/admission/cel';
import type { SchemaNode } from '@k/api';
import { Optional } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';

type Named = ReadonlyMap<string, readonly [property: string, child: SchemaNode]>;

/** Every value of a node asks for them. */
const known = new WeakMap<SchemaNode, Named>();

/** The properties of a node by the names that expressions have for them. */
export function namedProperties(node: SchemaNode): Named {
  const found = known.get(node) ?? nameProperties(node);
  known.set(node, found);
  return found;
}

function nameProperties(node: SchemaNode): Named {
  const named = new Map<string, [string, SchemaNode]>();
  for (const [property, child] of node.properties) {
    const name = celName(property);
    if (name !== null) named.set(name, [property, child]);
  }
  return named;
}

const STRINGS: ReadonlyMap<string, CelType> = new Map([
  ['byte', BYTES],
  ['date', TIMESTAMP],
  ['date-time', TIMESTAMP],
  ['duration', DURATION],
]);
const SCALARS: ReadonlyMap<string, CelType> = new Map([
  ['integer', INT],
  ['number', DOUBLE],
  ['boolean', BOOL],
]);

/**
 * The type of the values of a node; null when it has none, and rules cannot reach it then.
 *
 * @param name - Of objects, as messages print it.
 * @param isObject - A whole object: its kind and its names can be read, whatever the schema says.
 */
export function ruleType(node: SchemaNode, name: string, isObject: boolean): CelType | null {
  if (node.types.length > 1) return DYN;
  const [type = ''] = isObject ? ['object'] : node.types;
  if (type === 'array') {
    const item = node.items === undefined ? null : ruleType(node.items, `${name}.@idx`, node.items.embedded);
    return item === null ? null : listOf(item);
  }
  if (type === 'string') return STRINGS.get(node.format) ?? STRING;
  if (type !== 'object') return SCALARS.get(type) ?? null;
  if (node.values !== undefined && !isObject) {
    const value = ruleType(node.values, `${name}.@elem`, node.values.embedded);
    return value === null ? null : mapOf(STRING, value);
  }
  const fields = new Map<string, CelType | null>();
  for (const [field, [, child]] of namedProperties(node)) fields.set(field, ruleType(child, `${name}.${field}`, child.embedded));
  if (isObject) {
    fields.set('apiVersion', STRING).set('kind', STRING);
    fields.set(
      'metadata',
      structOf(`${name}.metadata`, (field) => (field === 'name' || field === 'generateName' ? STRING : null)),
    );
  }
  return structOf(name, (field) => fields.get(field) ?? null);
}

/** An old value where a rule takes its absence too. */
export function optionalValue(value: unknown, isThere: boolean): unknown {
  return isThere ? Optional.of(value) : Optional.none();
}

const DURATION_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration. */
function durationMs(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * (DURATION_MS[unit as string] as number);
  }
  return sign * total;
}

const OBJECT_FIELDS = ['apiVersion', 'kind', 'metadata'];

/** A value as the rules of a node see it. The input is not changed. */
export function ruleValue(value: unknown, node: SchemaNode | undefined, isObject: boolean): unknown {
  if (node === undefined || value === null || node.types.length !== 1) return toCelValue(value);
  const [type] = node.types;
  if (Array.isArray(value)) return value.map((item) => ruleValue(item, node.items, node.items?.embedded === true));
  if (typeof value === 'object') {
    const source = value as Record<string, unknown>;
    const out: Record<string, unknown> = {};
    if (node.values !== undefined || (node.preserve && node.properties.size === 0)) {
      for (const key of Object.keys(source))
        if (key !== '__proto__') out[key] = ruleValue(source[key], node.values, node.values?.embedded === true);
      return out;
    }
    if (isObject) for (const name of OBJECT_FIELDS) if (Object.hasOwn(source, name)) out[name] = toCelValue(source[name]);
    for (const [name, [property, child]] of namedProperties(node)) {
      if ((isObject && OBJECT_FIELDS.includes(property)) || !Object.hasOwn(source, property)) continue;
      out[name] = ruleValue(source[property], child, child.embedded);
    }
    return out;
  }
  if (type === 'number') return Number(value);
  if (type === 'string' && typeof value === 'string') {
    if (node.format === 'date-time' || node.format === 'date') return new Date(value);
    if (node.format === 'duration') return Duration.fromMilliseconds(durationMs(value));
    if (node.format === 'byte') return new Uint8Array(Buffer.from(value, 'base64'));
  }
  return toCelValue(value);
}
