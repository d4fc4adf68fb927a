/**
 * What happens to a custom resource before anybody looks at it: nulls give way to defaults, defaults come in, unknown
 * fields go, metadata takes its form.
 */
import type { KubeObject, Schema } from '@k/apimachinery';
import { type PruneResult, pruneAndDefault } from '../prune-and-default.js';
import { schemaOf } from '../schemas/notation.js';
import type { SchemaNode } from './structural-schema.js';

type Fields = Record<string, unknown>;

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const copyOf = (value: unknown): unknown => (typeof value === 'object' && value !== null ? structuredClone(value) : (value ?? null));
const isStrayNull = (value: unknown, node: SchemaNode): boolean => value === null && !node.nullable;

/** Fills defaults into a value that the caller owns. */
export function applyDefaults(value: unknown, node: SchemaNode): void {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items === undefined) return;
    for (let i = 0; i < value.length; i++) {
      if (isStrayNull(value[i], items) && items.hasDefault) value[i] = copyOf(items.raw.default);
      applyDefaults(value[i], items);
    }
  } else if (isMap(value)) {
    for (const name of node.propertyNames) {
      const child = node.properties.get(name) as SchemaNode;
      if (child.hasDefault && (!Object.hasOwn(value, name) || isStrayNull(value[name], child))) value[name] = copyOf(child.raw.default);
    }
    for (const key of Object.keys(value)) {
      const child = node.properties.get(key) ?? node.values;
      if (child === undefined) continue;
      if (child === node.values && isStrayNull(value[key], child) && child.hasDefault) value[key] = copyOf(child.raw.default);
      applyDefaults(value[key], child);
    }
  }
}

/** Removes nulls from fields that take none. */
function dropNulls(value: unknown, node: SchemaNode): void {
  if (Array.isArray(value)) {
    if (node.items !== undefined) for (const item of value) dropNulls(item, node.items);
  } else if (isMap(value)) {
    for (const key of Object.keys(value)) {
      const child = node.properties.get(key) ?? node.values;
      if (child === undefined) continue;
      if (isStrayNull(value[key], child)) delete value[key];
      else dropNulls(value[key], child);
    }
  }
}

const OBJECT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Removes fields that the schema does not know; returns their paths. */
export function pruneUnknown(value: unknown, node: SchemaNode, path: string, isObject: boolean, unknown: string[]): void {
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      if (node.items !== undefined) pruneUnknown(item, node.items, `${path}[${i}]`, node.items.embedded, unknown);
      else if (!node.preserve) pruneUnknown(item, NOTHING, `${path}[${i}]`, false, unknown);
    });
    return;
  }
  if (!isMap(value)) return;
  for (const key of Object.keys(value)) {
    if (isObject && OBJECT_FIELDS.has(key)) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const child = node.properties.get(key) ?? node.values;
    if (child !== undefined) pruneUnknown(value[key], child, at, child.embedded, unknown);
    else if (!node.preserve) {
      unknown.push(at);
      delete value[key];
    }
  }
}

const NOTHING = { properties: new Map(), values: undefined, items: undefined, preserve: false } as unknown as SchemaNode;

/** The schema of an object of which only the metadata matters. */
function metadataSchema(): Schema {
  return {
    type: 'object',
    definition: 'io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
    preserveUnknownFields: true,
    properties: { metadata: schemaOf('meta.v1/ObjectMeta') },
  };
}

function coerceMetadata(object: Fields, path: string, result: PruneResult): void {
  if (object['metadata'] === undefined) return;
  const holder: KubeObject = { metadata: object['metadata'] as never };
  const found = pruneAndDefault(holder, metadataSchema(), { fieldValidation: 'Warn' });
  if (holder.metadata === undefined) delete object['metadata'];
  else object['metadata'] = holder.metadata;
  const prefix = path === '' ? '' : `${path}.`;
  result.unknownFields.push(...found.unknownFields.map((field) => `${prefix}${field}`));
  result.typeErrors.push(...found.typeErrors);
}

/** Metadata of objects inside the object. */
function coerceEmbedded(value: unknown, node: SchemaNode, path: string, result: PruneResult): void {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items !== undefined) value.forEach((item, i) => void coerceEmbedded(item, items, `${path}[${i}]`, result));
  } else if (isMap(value)) {
    if (node.embedded) coerceMetadata(value, path, result);
    for (const key of Object.keys(value)) {
      const child = node.properties.get(key) ?? node.values;
      if (child !== undefined) coerceEmbedded(value[key], child, path === '' ? key : `${path}.${key}`, result);
    }
  }
}

/** Defaults, prunes and normalises an object that the caller owns; reports the unknown fields in the order of their paths. */
export function coerceCustomObject(object: KubeObject, root: SchemaNode): PruneResult {
  const result: PruneResult = { unknownFields: [], typeErrors: [] };
  applyDefaults(object, root);
  pruneUnknown(object, root, '', true, result.unknownFields);
  coerceMetadata(object, '', result);
  coerceEmbedded(object, root, '', result);
  dropNulls(object, root);
  result.unknownFields.sort();
  return result;
}

/** Brings what a webhook made under the schema: unknown fields go and metadata takes its form; no defaults come in. */
export function pruneConverted(object: KubeObject, root: SchemaNode): void {
  const result: PruneResult = { unknownFields: [], typeErrors: [] };
  pruneUnknown(object, root, '', true, result.unknownFields);
  coerceMetadata(object, '', result);
  coerceEmbedded(object, root, '', result);
  dropNulls(object, root);
}
