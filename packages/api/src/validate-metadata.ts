import { type FieldError, forbidden, invalid, type KubeObject, required } from '@k/apimachinery';
import type { ResourceDefinition } from './definition.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const PART_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/** Bytes of all annotations of one object together. */
const ANNOTATION_BYTES_MAX = 256 * 1024;

/** Messages for a name that is not a DNS subdomain. */
export function isDns1123Subdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > 253) out.push('must be no more than 253 bytes');
  if (!SUBDOMAIN.test(value)) out.push(SUBDOMAIN_TEXT);
  return out;
}

/** Messages for a name that is not a DNS label. */
export function isDns1123Label(value: string): string[] {
  const out: string[] = [];
  if (value.length > 63) out.push('must be no more than 63 bytes');
  if (!LABEL.test(value)) out.push(LABEL_TEXT);
  return out;
}

/** Messages for a key of labels or annotations. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split('/');
  const out: string[] = [];
  let name = value;
  if (parts.length === 2) {
    const [prefix = '', rest = ''] = parts;
    name = rest;
    if (prefix === '') out.push('prefix part must be non-empty');
    else for (const text of isDns1123Subdomain(prefix)) out.push(`prefix part ${text}`);
  } else if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') out.push('name part must be non-empty');
  else if (name.length > 63) out.push('name part must be no more than 63 bytes');
  if (!PART.test(name)) out.push(PART_TEXT);
  return out;
}

/** Messages for a label's value. */
export function isLabelValue(value: string): string[] {
  const out: string[] = [];
  if (value.length > 63) out.push('must be no more than 63 bytes');
  if (value !== '' && !PART.test(value)) out.push(VALUE_TEXT);
  return out;
}

/** Kinds whose names may hold what a path segment may hold. */
const PATH_SEGMENT_NAMES: ReadonlySet<string> = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

function nameMessages(definition: ResourceDefinition, name: string, prefix: boolean): string[] {
  const custom = definition.strategy.validateName;
  if (custom) return custom(name, prefix);
  const value = prefix ? name.replace(/-$/, 'a') : name;
  if (PATH_SEGMENT_NAMES.has(definition.resource)) {
    if (value === '.' || value === '..') return [`may not be '${value}'`];
    return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
  }
  if (definition.resource === 'namespaces') return isDns1123Label(value);
  return isDns1123Subdomain(value);
}

/** Errors of a new object's metadata. */
export function validateObjectMeta(object: KubeObject, definition: ResourceDefinition): FieldError[] {
  const metadata = object.metadata ?? {};
  const errors: FieldError[] = [];
  if (metadata.generateName) {
    for (const text of nameMessages(definition, metadata.generateName, true))
      errors.push(invalid('metadata.generateName', metadata.generateName, text));
  }
  const name = metadata.name ?? '';
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else for (const text of nameMessages(definition, name, false)) errors.push(invalid('metadata.name', name, text));
  if (definition.namespaced && (metadata.namespace ?? '') !== '') {
    for (const text of isDns1123Label(metadata.namespace as string)) errors.push(invalid('metadata.namespace', metadata.namespace, text));
  }
  return [...errors, ...validateMaps(object)];
}

function validateMaps(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = object.metadata ?? {};
  for (const [key, value] of Object.entries(labels)) {
    for (const text of isQualifiedName(key)) errors.push(invalid('metadata.labels', key, text));
    for (const text of isLabelValue(value)) errors.push(invalid('metadata.labels', value, text));
  }
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const text of isQualifiedName(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, text));
    sizeBytes += key.length + Buffer.byteLength(value);
  }
  if (sizeBytes > ANNOTATION_BYTES_MAX)
    errors.push({ type: 'FieldValueTooLong', field: 'metadata.annotations', detail: `may not be more than ${ANNOTATION_BYTES_MAX} bytes` });
  ownerReferences.forEach((owner, i) => {
    const at = `metadata.ownerReferences`;
    if (!owner.apiVersion) errors.push(invalid(`${at}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    if (!owner.kind) errors.push(invalid(`${at}.kind`, owner.kind ?? '', 'kind must not be empty'));
    if (!owner.name) errors.push(invalid(`${at}.name`, owner.name ?? '', 'name must not be empty'));
    if (!owner.uid) errors.push(invalid(`${at}.uid`, owner.uid ?? '', 'uid must not be empty'));
    void i;
  });
  finalizers.forEach((finalizer) => {
    for (const text of isQualifiedName(finalizer)) errors.push(invalid('metadata.finalizers', finalizer, text));
    if (!finalizer.includes('/') && !['orphan', 'foregroundDeletion', 'kubernetes'].includes(finalizer)) {
      errors.push(invalid('metadata.finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
    }
  });
  return errors;
}

/** Errors of a change of metadata: what never changes. */
export function validateObjectMetaUpdate(object: KubeObject, old: KubeObject, _definition: ResourceDefinition): FieldError[] {
  const now = object.metadata ?? {};
  const before = old.metadata ?? {};
  const errors: FieldError[] = [];
  const immutable = (
    field: 'name' | 'namespace' | 'uid' | 'creationTimestamp' | 'deletionTimestamp' | 'deletionGracePeriodSeconds',
  ): void => {
    if (now[field] !== before[field]) errors.push(invalid(`metadata.${field}`, now[field] ?? null, 'field is immutable'));
  };
  immutable('name');
  immutable('namespace');
  immutable('uid');
  immutable('creationTimestamp');
  immutable('deletionTimestamp');
  immutable('deletionGracePeriodSeconds');
  if (before.deletionTimestamp !== undefined) {
    const added = (now.finalizers ?? []).filter((finalizer) => !(before.finalizers ?? []).includes(finalizer));
    if (added.length > 0) {
      errors.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((item) => JSON.stringify(item)).join(', ')}}`,
        ),
      );
    }
  }
  return [...errors, ...validateMaps(object)];
}
