/** Validation of custom resources beyond their metadata: schema, embedded objects, lists, scale, rules. */
import { type FieldError, invalid, type KubeObject } from '@k/apimachinery';
import { isDns1035Label } from '../validation/names.js';
import type { CustomVersion } from './custom-definition.js';
import { findAll, parseJsonPath } from './json-path.js';
import { validateListUniqueness } from './list-uniqueness.js';
import type { RuleValidator } from './rule-validator.js';
import type { SchemaNode } from './structural-schema.js';
import { jsonType, validateValue } from './validate-value.js';

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Errors after which rules are not run, since they rely on the schema. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const INT32_MAX = 2 ** 31 - 1;

function replicaErrors(object: KubeObject, path: string | undefined): FieldError[] {
  const parsed = path === undefined || path === '' ? null : parseJsonPath(path);
  const [value] = parsed === null ? [] : findAll(object, parsed);
  if (value === undefined || value === null) return [];
  const field = path as string;
  if (typeof value !== 'bigint' && (typeof value !== 'number' || !Number.isInteger(value))) {
    return [invalid(field, 0, `${field} accessor error: ${JSON.stringify(value)} is of the type ${jsonType(value)}, expected int64`)];
  }
  if (value < 0) return [invalid(field, value, 'should be a non-negative integer')];
  return value > INT32_MAX ? [invalid(field, value, `should be less than or equal to ${INT32_MAX}`)] : [];
}

/** Objects inside the object must say what they are. */
function embeddedErrors(value: unknown, node: SchemaNode, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Array.isArray(value)) {
    const { items } = node;
    if (items !== undefined) for (const [i, item] of value.entries()) errors.push(...embeddedErrors(item, items, `${path}[${i}]`));
  } else if (isMap(value)) {
    if (node.embedded) {
      const { apiVersion, kind } = value;
      if (apiVersion === '') errors.push({ type: 'FieldValueRequired', field: `${path}.apiVersion`, detail: 'must not be empty' });
      else if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
        errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
      }
      if (kind === '') errors.push({ type: 'FieldValueRequired', field: `${path}.kind`, detail: 'must not be empty' });
      else if (typeof kind === 'string') {
        for (const detail of isDns1035Label(kind.toLowerCase())) {
          errors.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${detail}`));
        }
      }
    }
    for (const key of Object.keys(value).sort()) {
      const child = node.properties.get(key) ?? node.values;
      if (child !== undefined) errors.push(...embeddedErrors(value[key], child, path === '' ? key : `${path}.${key}`));
    }
  }
  return errors;
}

function ruleErrors(
  object: KubeObject,
  old: KubeObject | undefined,
  rules: RuleValidator | undefined,
  errors: readonly FieldError[],
): FieldError[] {
  if (rules === undefined) return [];
  if (!errors.some(({ type }) => BLOCKING.has(type))) return rules(object, old);
  const detail =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [invalid('<nil>', null, detail)];
}

/** The rules of one kind. */
export interface CustomObjectRules {
  create: (object: KubeObject, version: CustomVersion) => FieldError[];
  update: (object: KubeObject, old: KubeObject, version: CustomVersion, subresource: string) => FieldError[];
}

/** @param kind - What every object must call itself. */
export function customObjectRules(kind: string): CustomObjectRules {
  const kindErrors = (object: KubeObject): FieldError[] =>
    object.kind === kind ? [] : [invalid('kind', object.kind ?? '', `must be ${kind}`)];
  const content = (object: KubeObject): Fields => object as Fields;
  return {
    create: (object, { schema, scale, rules }) => {
      const wrongKind = kindErrors(object);
      if (wrongKind.length > 0) return wrongKind;
      const errors = [
        ...validateValue(content(object), schema, { path: '', base: '' }),
        ...replicaErrors(object, scale?.specReplicasPath),
        ...replicaErrors(object, scale?.statusReplicasPath),
        ...embeddedErrors(object, schema, ''),
        ...validateListUniqueness(object, schema),
      ];
      return [...errors, ...ruleErrors(object, undefined, rules, errors)];
    },
    update: (object, old, { schema, scale, rules }, subresource) => {
      const wrongKind = kindErrors(object);
      if (wrongKind.length > 0) return wrongKind;
      const status = schema.properties.get('status');
      const errors: FieldError[] = [];
      if (subresource === 'status') {
        const before = Object.hasOwn(old, 'status') ? { value: old['status'] } : undefined;
        if (status !== undefined && object['status'] !== undefined) {
          errors.push(...validateValue(object['status'], status, { path: '', base: 'status' }, before));
        }
      } else {
        errors.push(...validateValue(content(object), schema, { path: '', base: '' }, { value: old }));
        errors.push(...replicaErrors(object, scale?.specReplicasPath));
      }
      errors.push(...replicaErrors(object, scale?.statusReplicasPath), ...embeddedErrors(object, schema, ''));
      // Entries that were there twice before may stay.
      if (validateListUniqueness(old, schema).length === 0) errors.push(...validateListUniqueness(object, schema));
      return [...errors, ...ruleErrors(object, old, rules, errors)];
    },
  };
}
