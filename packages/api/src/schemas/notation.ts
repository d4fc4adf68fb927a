/**
 * The notation in which the schemas of the built-in kinds are written, one line per field:
 *
 *   type [flags…]
 *   type   string bool int32 int64 double byte time micro-time quantity int-or-string object any
 *          Name, package/Name, []type, {}type (map with string keys)
 *   flags  required  default(json)  enum(a,b)  set  map(key,…)  atomic  granular  patch(strategy)  key(mergeKey)
 *
 * A definition may carry `@map` (`atomic`), `@any` (no known fields), `@required` (the order in which required
 * fields are listed, when not alphabetical), `@union` (`discriminator(field,…)`) and `@bare` (references that
 * OpenAPI v3 writes without `allOf`).
 */
import type { Schema, SchemaType } from '@k/apimachinery';
import { schemaPackages } from './packages.js';

/** Definitions of one package: name → field → notation. */
export type SchemaTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

const resolved = new Map<string, Schema>();

/**
 * The schema of a definition. Fields are read when they are first asked for.
 *
 * @param name - `core.v1/Pod`.
 * @throws RangeError for a name that does not exist.
 */
export function schemaOf(name: string): Schema {
  let schema = resolved.get(name);
  if (schema === undefined) {
    schema = buildDefinition(name);
    resolved.set(name, schema);
  }
  return schema;
}

/** The OpenAPI name of a definition: `core.v1/Pod` → `io.k8s.api.core.v1.Pod`. */
export function definitionName(name: string): string {
  const slash = name.indexOf('/');
  const pkg = schemaPackages[name.slice(0, slash)];
  return `${pkg?.definitionPrefix ?? ''}.${name.slice(slash + 1)}`;
}

function buildDefinition(name: string): Schema {
  const slash = name.indexOf('/');
  const label = name.slice(0, slash);
  const fields = schemaPackages[label]?.table[name.slice(slash + 1)];
  if (fields === undefined) throw new RangeError(`"${name}" is not a known definition`);
  const base = { definition: definitionName(name), ...(fields['@map'] === 'atomic' ? { mapType: 'atomic' as const } : {}) };
  if (name === 'meta.v1/FieldsV1' || name === 'runtime/RawExtension' || label === 'apiextensions.v1') {
    const open = fields['@any'] !== undefined || Object.keys(fields).length === 0;
    if (open) return { ...base, type: name.includes('JSON') ? 'any' : 'object', preserveUnknownFields: true };
  }
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [field, text] of Object.entries(fields)) {
    if (field.startsWith('@')) continue;
    if (/ required\b/.test(text)) required.push(field);
    let known: Schema | undefined;
    Object.defineProperty(properties, field, {
      enumerable: true,
      get: () => {
        known ??= parseNotation(text, label);
        return known;
      },
    });
  }
  const ordered = fields['@required']?.split(',') ?? required;
  return { ...base, type: 'object', properties, ...(ordered.length > 0 ? { required: ordered } : {}) };
}

const SCALARS: Readonly<Record<string, { type: SchemaType; format?: string; preserveUnknownFields?: boolean }>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  byte: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  'micro-time': { type: 'string', format: 'micro-time' },
  quantity: { type: 'string', format: 'quantity' },
  'int-or-string': { type: 'int-or-string' },
  object: { type: 'object', preserveUnknownFields: true },
  any: { type: 'any' },
};

function parseNotation(text: string, label: string): Schema {
  const space = text.indexOf(' ');
  const type = space < 0 ? text : text.slice(0, space);
  const flags = space < 0 ? {} : parseFlags(text.slice(space + 1));
  if (flags.mapType === 'atomic' && (type.startsWith('[]') || type === 'byte')) {
    delete flags.mapType;
    flags.listType = 'atomic';
  }
  if (type.startsWith('[]')) return { type: 'array', items: typeSchema(type.slice(2), label), ...flags };
  if (type.startsWith('{}')) return { type: 'object', values: typeSchema(type.slice(2), label), ...flags };
  const schema = typeSchema(type, label);
  return Object.keys(flags).length === 0 ? schema : (Object.defineProperties(flags, withoutKeys(schema, flags)) as Schema);
}

/** The descriptors of a schema that flags do not replace, so that lazy fields stay lazy. */
function withoutKeys(schema: Schema, flags: object): PropertyDescriptorMap {
  const all = Object.getOwnPropertyDescriptors(schema) as PropertyDescriptorMap;
  for (const key of Object.keys(flags)) delete all[key];
  return all;
}

function typeSchema(type: string, label: string): Schema {
  if (type.startsWith('[]')) return { type: 'array', items: typeSchema(type.slice(2), label) };
  if (type.startsWith('{}')) return { type: 'object', values: typeSchema(type.slice(2), label) };
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  return schemaOf(type.includes('/') ? type : `${label}/${type}`);
}

type Flags = { -readonly [Key in keyof Schema]?: Schema[Key] };

function parseFlags(text: string): Flags {
  const out: Flags = {};
  const pattern = /([a-z]+)(?:\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\))?/g;
  for (const match of text.matchAll(pattern)) {
    const [, flag, argument = ''] = match;
    if (flag === 'default') out.default = JSON.parse(argument) as unknown;
    else if (flag === 'enum') out.enum = argument.split(',');
    else if (flag === 'set') out.listType = 'set';
    else if (flag === 'map') {
      out.listType = 'map';
      out.listMapKeys = argument.split(',');
    } else if (flag === 'atomic' || flag === 'granular') out.mapType = flag;
    else if (flag === 'patch') out.patchStrategy = argument;
    else if (flag === 'key') out.patchMergeKey = argument;
  }
  return out;
}
