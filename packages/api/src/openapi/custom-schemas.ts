/** Custom resources as definitions: their schema as the CRD gives it, with the fields that every object has. */
import type { Schema } from '@k/apimachinery';
import type { ServedResource } from '../catalogue.js';
import type { DefinitionWriter, Json, OpenApiVersion } from './definitions.js';

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
/** The same texts as those of built-in kinds are taken from this definition. */
const DESCRIBED = 'io.k8s.api.core.v1.ConfigMap';

/** The definition of a custom resource's objects. */
export function customDefinition(served: ServedResource, version: OpenApiVersion, writer: DefinitionWriter): Json {
  const given = served.version.openApiSchema ?? inlineSchema(served.version.schema);
  const root = version === 'v3' ? (structuredClone(given) as Json) : forV2(given as Json);
  return withObjectFields(completed(root, version, writer), version, writer);
}

/** The list of a custom resource. */
export function customList(definition: string, version: OpenApiVersion, writer: DefinitionWriter): Json {
  const head = headFields(writer);
  const items = { description: 'The objects of the list.', type: 'array', items: { $ref: `${writer.refPrefix}${definition}` } };
  return {
    type: 'object',
    required: ['items'],
    properties: { ...head, metadata: reference(LIST_META, version, writer, 'Metadata of the list.'), items },
  };
}

function headFields(writer: DefinitionWriter): Json {
  const field = (name: string): Json => {
    const description = writer.describe(DESCRIBED, name);
    return { ...(description === undefined ? {} : { description }), type: 'string' };
  };
  return { apiVersion: field('apiVersion'), kind: field('kind') };
}

function reference(target: string, version: OpenApiVersion, writer: DefinitionWriter, fallback: string): Json {
  const description = writer.describe(DESCRIBED, 'metadata') ?? fallback;
  const $ref = `${writer.refPrefix}${target}`;
  return version === 'v3' ? { description, allOf: [{ $ref }] } : { description, $ref };
}

function withObjectFields(schema: Json, version: OpenApiVersion, writer: DefinitionWriter): Json {
  const properties = (schema['properties'] ?? {}) as Json;
  const metadata = reference(OBJECT_META, version, writer, 'Metadata of the object.');
  return { ...schema, type: 'object', properties: { ...properties, ...headFields(writer), metadata } };
}

/** Objects embedded in a schema have the fields of every object too. */
function completed(schema: Json, version: OpenApiVersion, writer: DefinitionWriter): Json {
  const out: Json = { ...schema };
  const properties = schema['properties'] as Record<string, Json> | undefined;
  if (properties !== undefined) {
    out['properties'] = Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, completed(child, version, writer)]));
  }
  for (const key of ['items', 'additionalProperties']) {
    const child = schema[key];
    if (typeof child === 'object' && child !== null) out[key] = completed(child as Json, version, writer);
  }
  return schema['x-kubernetes-embedded-resource'] === true ? withObjectFields(out, version, writer) : out;
}

/** Keywords that OpenAPI v2 does not have, or that clients of v2 would take too strictly. */
const NOT_IN_V2 = ['default', 'anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'x-kubernetes-validations'];

function forV2(schema: Json): Json {
  const out: Json = {};
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['nullable'] === true;
  for (const [key, value] of Object.entries(schema)) {
    if (NOT_IN_V2.includes(key)) continue;
    if (open && (key === 'properties' || key === 'items' || (key === 'type' && schema['nullable'] === true))) continue;
    if (key === 'properties') {
      out[key] = Object.fromEntries(Object.entries(value as Record<string, Json>).map(([name, child]) => [name, forV2(child)]));
    } else if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object' && value !== null) {
      out[key] = forV2(value as Json);
    } else out[key] = value;
  }
  return out;
}

/** A structural schema written out, for resources whose definition carries no document of its own. */
function inlineSchema(schema: Schema): Json {
  const out: Json = {};
  if (schema.type === 'int-or-string') out['x-kubernetes-int-or-string'] = true;
  else if (schema.type !== 'any') out['type'] = schema.type;
  if (schema.format !== undefined) out['format'] = schema.format;
  if (schema.enum !== undefined) out['enum'] = schema.enum;
  if (schema.default !== undefined) out['default'] = schema.default;
  if (schema.required !== undefined) out['required'] = schema.required;
  if (schema.nullable) out['nullable'] = true;
  if (schema.preserveUnknownFields) out['x-kubernetes-preserve-unknown-fields'] = true;
  if (schema.embeddedResource) out['x-kubernetes-embedded-resource'] = true;
  if (schema.listType !== undefined) out['x-kubernetes-list-type'] = schema.listType;
  if (schema.listMapKeys !== undefined) out['x-kubernetes-list-map-keys'] = schema.listMapKeys;
  if (schema.mapType !== undefined) out['x-kubernetes-map-type'] = schema.mapType;
  if (schema.items !== undefined) out['items'] = inlineSchema(schema.items);
  if (schema.values !== undefined) out['additionalProperties'] = inlineSchema(schema.values);
  if (schema.properties !== undefined && schema.definition === undefined) {
    out['properties'] = Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, inlineSchema(child)]));
  }
  return out;
}
