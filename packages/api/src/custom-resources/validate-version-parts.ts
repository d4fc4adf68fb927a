/** Printer columns, subresources and selectable fields of a version. */
import type { FieldErrors } from '../validation/field-errors.js';
import type { CrdColumn, CrdVersion } from './crd-object.js';
import type { JsonSchemaProps } from './json-schema.js';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const SELECTABLE_MAX = 8;

/** Adds an error unless the text is a path in dots. Returns true when it is. */
function validateSimplePath(text: string, at: string, errors: FieldErrors): boolean {
  const known = errors.list.length;
  if (text === '') errors.invalid(at, text, 'must not be empty');
  else if (!text.startsWith('.')) errors.invalid(at, text, 'must be a simple json path starting with .');
  return errors.list.length === known;
}

/** Printer columns. */
export function validateColumns(columns: readonly CrdColumn[] | undefined, at: string, errors: FieldErrors): void {
  columns?.forEach(({ name = '', type = '', format = '', jsonPath = '' }, i) => {
    const path = `${at}[${i}]`;
    if (name === '') errors.required(`${path}.name`);
    if (type === '') errors.required(`${path}.type`, `must be one of ${COLUMN_TYPES.join(',')}`);
    else if (!COLUMN_TYPES.includes(type)) errors.invalid(`${path}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`);
    if (format !== '' && !COLUMN_FORMATS.includes(format)) {
      errors.invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`);
    }
    if (jsonPath === '') errors.required(`${path}.JSONPath`);
    else validateSimplePath(jsonPath, `${path}.JSONPath`, errors);
  });
}

/** Status and scale. */
export function validateSubresources(subresources: CrdVersion['subresources'], at: string, errors: FieldErrors): void {
  const scale = subresources?.scale;
  if (!scale) return;
  const check = (key: 'specReplicasPath' | 'statusReplicasPath', root: string): void => {
    const text = scale[key] ?? '';
    const field = `${at}.scale.${key}`;
    if (text === '') errors.required(field);
    else if (validateSimplePath(text, field, errors) && !text.startsWith(`${root}.`)) {
      errors.invalid(field, text, `should be a json path under ${root}`);
    }
  };
  check('specReplicasPath', '.spec');
  check('statusReplicasPath', '.status');
  const { labelSelectorPath: selector = '' } = scale;
  const field = `${at}.scale.labelSelectorPath`;
  if (selector !== '' && validateSimplePath(selector, field, errors) && !/^\.(spec|status)\./.test(selector)) {
    errors.invalid(field, selector, 'should be a json path under either .spec or .status');
  }
}

/** The schema that a path in dots leads to. */
function schemaAt(root: JsonSchemaProps | undefined, path: string): JsonSchemaProps | undefined {
  let schema = root;
  for (const key of path.slice(1).split('.')) {
    const { properties } = schema ?? {};
    schema = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  return schema;
}

/** Fields that selectors may name. */
export function validateSelectableFields(version: CrdVersion, at: string, errors: FieldErrors): void {
  const fields = version.selectableFields ?? [];
  const seen = new Set<string>();
  fields.forEach(({ jsonPath = '' }, i) => {
    const field = `${at}[${i}].jsonPath`;
    if (jsonPath === '') {
      errors.required(field);
      return;
    }
    if (!validateSimplePath(jsonPath, field, errors)) return;
    if (/^\.(metadata)(\.|$)/.test(jsonPath)) {
      errors.invalid(field, jsonPath, 'must not point to fields in metadata');
      return;
    }
    const schema = schemaAt(version.schema?.openAPIV3Schema, jsonPath);
    if (schema === undefined) errors.invalid(field, jsonPath, 'is an invalid path: does not refer to a valid field');
    else if (!['string', 'boolean', 'integer'].includes(schema.type ?? '')) {
      const detail = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.invalid(field, jsonPath, detail);
    }
    if (seen.has(jsonPath)) errors.duplicate(field, jsonPath);
    seen.add(jsonPath);
  });
  if (fields.length > SELECTABLE_MAX) errors.tooMany(at, fields.length, SELECTABLE_MAX);
}
