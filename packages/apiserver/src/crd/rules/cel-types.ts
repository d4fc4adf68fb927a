/** A structural schema as CEL sees it: types of its fields, and values of these types. */
import { registerFunctions, toCelValue } from '@k/admission/cel';
import type { SchemaNode } from '@k/api';
import { Environment, Optional } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';

const LIMITS = { maxAstNodes: 20_000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 };

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** The name under which expressions reach a property; null for names that have none. */
export function celName(name: string): string | null {
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name.replace(
    /__|[./-]/g,
    (part) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' })[part] as string,
  );
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : null;
}

/** The properties of a node that expressions can name, those of every object included. */
function fieldsOf(node: SchemaNode, isObject: boolean): [string, string, SchemaNode | string][] {
  const fields: [string, string, SchemaNode | string][] = [];
  for (const [name, child] of node.properties) {
    const escaped = celName(name);
    if (escaped !== null && !(isObject && ['apiVersion', 'kind', 'metadata'].includes(name))) fields.push([name, escaped, child]);
  }
  if (isObject) fields.push(['apiVersion', 'apiVersion', 'string'], ['kind', 'kind', 'string'], ['metadata', 'metadata', 'dyn']);
  return fields;
}

const SCALARS: Readonly<Record<string, string>> = { string: 'string', integer: 'int', number: 'double', boolean: 'bool' };

/** Declares the type of a node and of all below it; returns its name. */
function declare(environment: Environment, node: SchemaNode, isObject: boolean, counter: { next: number }): string {
  const [type = ''] = node.types;
  if (node.types.length !== 1) return 'dyn';
  if (type === 'array')
    return node.items === undefined ? 'list<dyn>' : `list<${declare(environment, node.items, node.items.embedded, counter)}>`;
  if (type !== 'object') {
    if (type === 'string' && ['date-time', 'date'].includes(node.format)) return 'google.protobuf.Timestamp';
    if (type === 'string' && node.format === 'duration') return 'google.protobuf.Duration';
    return type === 'string' && node.format === 'byte' ? 'bytes' : (SCALARS[type] ?? 'dyn');
  }
  if (node.values !== undefined) return `map<string, ${declare(environment, node.values, node.values.embedded, counter)}>`;
  if (node.preserve && node.properties.size === 0) return 'dyn';
  const schema: Record<string, string> = {};
  for (const [, escaped, child] of fieldsOf(node, isObject)) {
    schema[escaped] = typeof child === 'string' ? child : declare(environment, child, child.embedded, counter);
  }
  const name = `Object${counter.next++}`;
  environment.registerType(name, { schema });
  return name;
}

/** What the rules of one node may read. */
export function ruleEnvironment(node: SchemaNode, isRoot: boolean, optionalOldSelf: boolean): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS });
  registerFunctions(environment);
  const type = declare(environment, node, isRoot || node.embedded, { next: 1 });
  return environment.registerVariable('self', type).registerVariable('oldSelf', optionalOldSelf ? 'dyn' : type);
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
    for (const [name, escaped, child] of fieldsOf(node, isObject)) {
      if (!Object.hasOwn(source, name)) continue;
      out[escaped] = typeof child === 'string' ? toCelValue(source[name]) : ruleValue(source[name], child, child.embedded);
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
