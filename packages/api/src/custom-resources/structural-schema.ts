/** A structural schema made ready for its walks: patterns compiled, names in maps, the root's own fields added. */
import type { Schema } from '@k/apimachinery';
import { RE2JS } from 're2js';
import { schemaOf } from '../schemas/notation.js';
import { isKnownFormat } from './formats.js';
import type { JsonSchemaProps, ValidationRule } from './json-schema.js';

/** One node of a schema. */
export interface SchemaNode {
  /** JSON types; empty = any. `integer,string` for int-or-string. */
  readonly types: readonly string[];
  /** A format that this server checks; others are ignored. */
  readonly format: string;
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** Names in order. */
  readonly propertyNames: readonly string[];
  readonly values: SchemaNode | undefined;
  readonly items: SchemaNode | undefined;
  readonly required: readonly string[];
  readonly preserve: boolean;
  readonly embedded: boolean;
  readonly hasDefault: boolean;
  readonly pattern: RE2JS | undefined;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly rules: readonly ValidationRule[];
  /** As given: bounds, enum, default. */
  readonly raw: JsonSchemaProps;
}

const compileAll = (list: readonly JsonSchemaProps[] | undefined): SchemaNode[] => (list ?? []).map((entry) => compileSchema(entry));

/**
 * Compiles a schema.
 *
 * @throws when a pattern is no regular expression; a validated definition has none of those.
 */
export function compileSchema(raw: JsonSchemaProps): SchemaNode {
  const properties = new Map<string, SchemaNode>();
  for (const name of Object.keys(raw.properties ?? {}).sort()) {
    properties.set(name, compileSchema((raw.properties as Record<string, JsonSchemaProps>)[name] as JsonSchemaProps));
  }
  const embedded = raw['x-kubernetes-embedded-resource'] === true;
  const intOrString = raw['x-kubernetes-int-or-string'] === true;
  const required = raw.required ?? [];
  const { additionalProperties, items } = raw;
  return {
    types: intOrString ? ['integer', 'string'] : raw.type === undefined || raw.type === '' ? [] : [raw.type],
    format: raw.format !== undefined && isKnownFormat(raw.format) ? raw.format : '',
    nullable: raw.nullable === true,
    properties,
    propertyNames: [...properties.keys()],
    values: typeof additionalProperties === 'object' ? compileSchema(additionalProperties) : undefined,
    items: items === undefined || Array.isArray(items) ? undefined : compileSchema(items),
    required: embedded ? [...new Set([...required, 'apiVersion', 'kind'])] : required,
    preserve: raw['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true,
    embedded,
    hasDefault: raw.default !== undefined && raw.default !== null,
    pattern: raw.pattern === undefined || raw.pattern === '' ? undefined : RE2JS.compile(raw.pattern),
    allOf: compileAll(raw.allOf),
    anyOf: compileAll(raw.anyOf),
    oneOf: compileAll(raw.oneOf),
    not: raw.not === undefined ? undefined : compileSchema(raw.not),
    listType: raw['x-kubernetes-list-type'] ?? '',
    listMapKeys: raw['x-kubernetes-list-map-keys'] ?? [],
    rules: raw['x-kubernetes-validations'] ?? [],
    raw,
  };
}

/** The schema of a whole object as the shared machinery (apply, selectors) reads it. */
export function objectSchema(root: SchemaNode): Schema {
  return withObjectFields(machinerySchema(root));
}

function withObjectFields(schema: Schema): Schema {
  return {
    ...schema,
    type: 'object',
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: schemaOf('meta.v1/ObjectMeta'),
    },
  };
}

function typeOf(node: SchemaNode): Schema['type'] {
  if (node.types.length > 1) return 'int-or-string';
  return (node.types[0] ?? 'any') as Schema['type'];
}

function machinerySchema(node: SchemaNode): Schema {
  const { raw } = node;
  const properties = Object.fromEntries([...node.properties].map(([name, child]) => [name, machinerySchema(child)]));
  const type = typeOf(node);
  const schema: Schema = {
    type,
    ...(raw.format === undefined ? {} : { format: raw.format }),
    ...(node.properties.size > 0 || (type === 'object' && node.values === undefined) ? { properties } : {}),
    ...(node.values === undefined ? {} : { values: machinerySchema(node.values) }),
    ...(node.items === undefined ? {} : { items: machinerySchema(node.items) }),
    ...(node.required.length > 0 ? { required: node.required } : {}),
    ...(node.hasDefault ? { default: raw.default } : {}),
    ...(node.nullable ? { nullable: true } : {}),
    ...(node.preserve ? { preserveUnknownFields: true } : {}),
    ...(node.embedded ? { embeddedResource: true } : {}),
    ...(node.listType === '' ? {} : { listType: node.listType as 'atomic' | 'set' | 'map' }),
    ...(node.listMapKeys.length > 0 ? { listMapKeys: node.listMapKeys } : {}),
    ...(raw['x-kubernetes-map-type'] === undefined ? {} : { mapType: raw['x-kubernetes-map-type'] as 'atomic' | 'granular' }),
  };
  return node.embedded ? withObjectFields(schema) : schema;
}
