/** Which schemas a definition may have: structural ones. Texts and order are kube-apiserver's. */
import { RE2JS } from 're2js';
import { deepEqual, type FieldErrors } from '../validation/field-errors.js';
import { pruneUnknown } from './coerce.js';
import type { JsonSchemaProps } from './json-schema.js';
import { validateRuleTexts } from './rule-texts.js';
import { compileSchema } from './structural-schema.js';
import { validateValue } from './validate-value.js';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;

/** The text of what a regular expression engine finds wrong, or null. */
function patternFault(pattern: string): string | null {
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const isSchema = (value: unknown): value is JsonSchemaProps => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each schema directly inside another, with its path. */
function* children(schema: JsonSchemaProps, at: string): Generator<[JsonSchemaProps, string]> {
  if (isSchema(schema.additionalProperties)) yield [schema.additionalProperties, `${at}.additionalProperties`];
  for (const name of Object.keys(schema.properties ?? {}).sort()) {
    yield [(schema.properties as Record<string, JsonSchemaProps>)[name] as JsonSchemaProps, `${at}.properties[${name}]`];
  }
  if (schema.not !== undefined) yield [schema.not, `${at}.not`];
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [i, child] of (schema[key] ?? []).entries()) yield [child, `${at}.${key}[${i}]`];
  }
  if (isSchema(schema.items)) yield [schema.items, `${at}.items`];
}

/** Keywords of one schema and all inside it. */
function validateKeywords(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  for (const key of UNSUPPORTED) {
    const value = schema[key];
    if (value !== undefined && value !== null && value !== '') errors.forbidden(`${at}.${key}`, `${key} is not supported`);
  }
  if (schema.type === 'null') errors.forbidden(`${at}.type`, 'type cannot be set to null, use nullable as an alternative');
  else if (schema.type !== undefined && schema.type !== '' && !TYPES.includes(schema.type)) {
    errors.notSupported(`${at}.type`, schema.type, TYPES);
  }
  if (Array.isArray(schema.items)) errors.forbidden(`${at}.items`, 'items must be a schema object and not an array');
  if (schema.uniqueItems === true) {
    errors.forbidden(`${at}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  }
  if (isSchema(schema.additionalProperties) && Object.keys(schema.properties ?? {}).length > 0) {
    errors.forbidden(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  } else if (schema.additionalProperties === false && Object.keys(schema.properties ?? {}).length > 0) {
    errors.forbidden(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  } else if (schema.additionalProperties === false)
    errors.forbidden(`${at}.additionalProperties`, 'additionalProperties cannot be set to false');
  if (schema.pattern !== undefined && schema.pattern !== '') {
    const fault = patternFault(schema.pattern);
    if (fault !== null) errors.invalid(`${at}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${fault}`);
  }
  for (const [child, path] of children(schema, at)) validateKeywords(child, path, errors);
  validateExtensions(schema, at, errors);
  validateRuleTexts(schema, at, errors);
}

function requireType(schema: JsonSchemaProps, at: string, wanted: string, keyword: string, errors: FieldErrors): boolean {
  if (schema.type === wanted) return true;
  const detail = `must be ${wanted} if ${keyword} is specified`;
  if (schema.type === undefined || schema.type === '') errors.required(`${at}.type`, detail);
  else errors.invalid(`${at}.type`, schema.type, detail);
  return false;
}

function validateExtensions(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.invalid(`${at}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && requireType(schema, at, 'object', 'x-kubernetes-map-type', errors)) {
    errors.oneOf(`${at}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== undefined && requireType(schema, at, 'array', 'x-kubernetes-list-type', errors)) {
    errors.oneOf(`${at}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']);
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0) {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (listType === undefined) errors.required(`${at}.x-kubernetes-list-type`, detail);
    else if (listType !== 'map') errors.invalid(`${at}.x-kubernetes-list-type`, listType, detail);
  }
  if (listType === 'map') validateListMap(schema, keys, at, errors);
}

function validateListMap(schema: JsonSchemaProps, keys: readonly string[], at: string, errors: FieldErrors): void {
  const keysAt = `${at}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.required(keysAt, 'must not be empty if x-kubernetes-list-type is map');
  if (schema.items === undefined) {
    errors.required(`${at}.items`, 'must have a schema if x-kubernetes-list-type is map');
    return;
  }
  if (!isSchema(schema.items)) return;
  const { items } = schema;
  if (items.type !== 'object') {
    errors.invalid(`${at}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map");
    return;
  }
  keys.forEach((key, i) => {
    const property = items.properties?.[key];
    if (property === undefined) errors.invalid(keysAt, keys, 'entries must all be names of item properties');
    else if (property.type === 'array' || property.type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.invalid(`${at}.items.properties[${key}].type`, property.type, detail);
    }
    if (keys.indexOf(key) < i) errors.invalid(`${keysAt}[${i}]`, key, 'must not contain duplicate entries');
  });
}

type Level = 'root' | 'item' | 'field';
const LEVEL_NAMES = { item: 'array items', field: 'object fields' } as const;

/** What makes a schema structural: every place has a type, and the type is said outside of allOf and its like. */
function validateStructure(schema: JsonSchemaProps, level: Level, at: string, errors: FieldErrors): void {
  const { additionalProperties, items, properties = {} } = schema;
  if (isSchema(additionalProperties)) validateStructure(additionalProperties, 'item', `${at}.additionalProperties`, errors);
  if (isSchema(items)) validateStructure(items, 'item', `${at}.items`, errors);
  for (const name of Object.keys(properties).sort()) {
    validateStructure(properties[name] as JsonSchemaProps, 'field', `${at}.properties[${name}]`, errors);
  }
  const type = schema.type ?? '';
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (level === 'root') {
    if (type === '') errors.required(`${at}.type`, 'must not be empty at the root');
    else if (type !== 'object') errors.invalid(`${at}.type`, type, 'must be object at the root');
  } else if (type === '' && !intOrString && !preserve) {
    errors.required(`${at}.type`, `must not be empty for specified ${LEVEL_NAMES[level]}`);
  }
  if (intOrString && type !== '') errors.invalid(`${at}.type`, type, 'must be empty if x-kubernetes-int-or-string is true');
  if (type === 'array' && items === undefined) errors.required(`${at}.items`, 'must be specified');
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  if (embedded) validateEmbedded(schema, type, preserve, at, errors);
  if (level === 'root' || embedded) validateObjectFields(properties, at, errors);
  validateListItems(schema, at, errors);
  validateNested(schema, at, errors);
}

function validateEmbedded(schema: JsonSchemaProps, type: string, preserve: boolean, at: string, errors: FieldErrors): void {
  const detail = 'must be object if x-kubernetes-embedded-resource is true';
  if (type === '') errors.required(`${at}.type`, detail);
  else if (type !== 'object') errors.invalid(`${at}.type`, type, detail);
  if (!preserve && Object.keys(schema.properties ?? {}).length === 0) {
    const text = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.required(`${at}.properties`, text);
  }
}

/** Kind, version and metadata are the server's. */
function validateObjectFields(properties: Record<string, JsonSchemaProps>, at: string, errors: FieldErrors): void {
  for (const name of ['kind', 'apiVersion']) {
    const { type } = properties[name] ?? { type: 'string' };
    if (type !== 'string') errors.invalid(`${at}.properties[${name}].type`, type ?? '', 'must be string');
  }
  const metadata = properties['metadata'];
  if (metadata === undefined) return;
  if (metadata.type !== 'object') errors.invalid(`${at}.properties[metadata].type`, metadata.type ?? '', 'must be object');
  const { type: _type, description: _description, title: _title, properties: fields = {}, ...more } = metadata;
  if (Object.keys(more).length > 0 || Object.keys(fields).some((name) => name !== 'name' && name !== 'generateName')) {
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.forbidden(`${at}.properties[metadata]`, detail);
  }
}

function validateListItems(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  const { items } = schema;
  if (!isSchema(items)) return;
  if (schema['x-kubernetes-list-type'] === 'set') {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    if (items.nullable === true) errors.forbidden(`${at}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set');
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
      errors.invalid(`${at}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, detail);
    }
    const listType = items['x-kubernetes-list-type'];
    if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
      errors.invalid(`${at}.items.x-kubernetes-list-type`, listType, detail);
    }
  }
  if (schema['x-kubernetes-list-type'] !== 'map') return;
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = items.properties?.[key];
    if (property === undefined) continue;
    if (property.default === undefined && items.required?.includes(key) !== true) {
      const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.required(`${at}.items.properties[${key}].default`, detail);
    }
    if (property.nullable === true) {
      errors.forbidden(
        `${at}.items.properties[${key}].nullable`,
        'this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
      );
    }
  }
}

/** Keywords that alternatives may not repeat. */
const NOT_NESTED = {
  type: 'must be empty to be structural',
  title: 'must be empty to be structural',
  description: 'must be empty to be structural',
  default: 'must be undefined to be structural',
  additionalProperties: 'must be undefined to be structural',
  nullable: 'must be false to be structural',
  'x-kubernetes-preserve-unknown-fields': 'must be false to be structural',
  'x-kubernetes-embedded-resource': 'must be false to be structural',
  'x-kubernetes-int-or-string': 'must be false to be structural',
  'x-kubernetes-list-type': 'must be undefined to be structural',
  'x-kubernetes-list-map-keys': 'must be empty to be structural',
  'x-kubernetes-map-type': 'must be undefined to be structural',
} as const;

function validateNested(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const groups = [
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((key) =>
      (schema[key] ?? []).map((child, i) => [child, `${at}.${key}[${i}]`] as const),
    ),
    ...(schema.not === undefined ? [] : [[schema.not, `${at}.not`] as const]),
  ];
  const isPattern = (child: JsonSchemaProps): boolean => intOrString && (child.type === 'integer' || child.type === 'string');
  for (const [child, path] of groups) {
    validateAlternative(child, schema, path, isPattern(child), errors);
  }
}

/** One alternative: it may only speak of what the structural part of the schema names. */
function validateAlternative(nested: JsonSchemaProps, outer: JsonSchemaProps, at: string, typed: boolean, errors: FieldErrors): void {
  for (const [key, detail] of Object.entries(NOT_NESTED)) {
    const value = (nested as Record<string, unknown>)[key];
    if (value === undefined || value === '' || value === false || (key === 'type' && typed)) continue;
    errors.forbidden(`${at}.${key}`, detail);
  }
  for (const name of Object.keys(nested.properties ?? {}).sort()) {
    const inner = (nested.properties as Record<string, JsonSchemaProps>)[name] as JsonSchemaProps;
    const declared = outer.properties?.[name] ?? (isSchema(outer.additionalProperties) ? outer.additionalProperties : undefined);
    const path = `${at}.properties[${name}]`;
    if (declared === undefined) {
      const place = at.replace(/\.(?:allOf|anyOf|oneOf)\[\d+\]|\.not(?=\.|$)/g, '');
      errors.required(`${place}.properties[${name}]`, `because it is defined in ${path}`);
    } else validateAlternative(inner, declared, path, false, errors);
  }
  if (isSchema(nested.items)) {
    if (!isSchema(outer.items)) errors.required(`${at}.items`, `because it is defined in ${at}.items`);
    else validateAlternative(nested.items, outer.items, `${at}.items`, false, errors);
  }
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    nested[key]?.forEach((child, i) => void validateAlternative(child, outer, `${at}.${key}[${i}]`, false, errors));
  }
  if (nested.not !== undefined) validateAlternative(nested.not, outer, `${at}.not`, false, errors);
}

/** Defaults must be what the schema allows. */
function validateDefaults(schema: JsonSchemaProps, at: string, errors: FieldErrors): void {
  if (schema.default !== undefined && schema.default !== null) {
    const node = compileSchema(schema);
    const pruned: unknown = structuredClone(schema.default);
    pruneUnknown(pruned, node, '', node.embedded, []);
    if (!deepEqual(pruned, schema.default)) errors.invalid(`${at}.default`, schema.default, 'must not have unknown fields');
    else errors.list.push(...validateValue(schema.default, node, { path: '', base: `${at}.default` }));
  }
  if (isSchema(schema.additionalProperties)) validateDefaults(schema.additionalProperties, `${at}.additionalProperties`, errors);
  if (isSchema(schema.items)) validateDefaults(schema.items, `${at}.items`, errors);
  for (const name of Object.keys(schema.properties ?? {}).sort()) {
    validateDefaults((schema.properties as Record<string, JsonSchemaProps>)[name] as JsonSchemaProps, `${at}.properties[${name}]`, errors);
  }
}

/** All errors of the schema of one version. Returns true when there were none. */
export function validateSchema(schema: JsonSchemaProps, at: string, errors: FieldErrors): boolean {
  const before = errors.list.length;
  if (schema.nullable === true) errors.forbidden(`${at}.nullable`, 'nullable cannot be true at the root');
  validateKeywords(schema, at, errors);
  // What is no structural schema at all is not looked at further.
  const isBroken = errors.list
    .slice(before)
    .some(
      ({ type, field }) =>
        type === 'FieldValueForbidden' && /\.(\$ref|id|additionalItems|patternProperties|definitions|dependencies|items)$/.test(field),
    );
  if (isBroken) return false;
  const known = errors.list.length;
  validateStructure(schema, 'root', at, errors);
  if (errors.list.length > known || errors.list.slice(before).some(({ field }) => field.endsWith('.pattern'))) return false;
  validateDefaults(schema, at, errors);
  return errors.list.length === before;
}
