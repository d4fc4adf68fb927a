import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '@k/apimachinery';
import { type FieldErrors, IMMUTABLE } from './field-errors.js';
import { isDns1123Label, isQualifiedName } from './names.js';
import { validateLabels } from './selectors.js';

/** Bytes of all annotations of one object together. */
const ANNOTATION_BYTES_MAX = 256 * 1024;
const MANAGER_BYTES_MAX = 128;
const SUBRESOURCE_BYTES_MAX = 256;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Annotations: keys like labels, whatever their case, and a limit for all of them. */
export function validateAnnotations(annotations: Record<string, string> | undefined, at: string, errors: FieldErrors): void {
  let sizeBytes = 0;
  for (const key in annotations) {
    errors.invalidEach(at, key, isQualifiedName(key.toLowerCase()));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] as string);
  }
  if (sizeBytes > ANNOTATION_BYTES_MAX) errors.tooLong(at, ANNOTATION_BYTES_MAX);
}

function validateOwners(owners: OwnerReference[] | undefined, at: string, errors: FieldErrors): void {
  let controller = '';
  for (const owner of owners ?? []) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
    if (apiVersion === '' || apiVersion.endsWith('/')) errors.invalid(`${at}.apiVersion`, apiVersion, 'version must not be empty');
    if (kind === '') errors.invalid(`${at}.kind`, kind, 'must not be empty');
    if (name === '') errors.invalid(`${at}.name`, name, 'must not be empty');
    if (uid === '') errors.invalid(`${at}.uid`, uid, 'must not be empty');
    if (apiVersion === 'v1' && kind === 'Event') {
      errors.invalid(at, goOwner(owner), '/v1, Kind=Event is disallowed from being an owner');
    }
    if (owner.controller !== true) continue;
    const current = `${kind}/${name}`;
    if (controller === '') controller = current;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
      errors.invalid(at, (owners as OwnerReference[]).map(goOwner), detail);
    }
  }
}

/** An owner reference with its fields in the order of Go's struct. */
function goOwner(owner: OwnerReference): OwnerReference {
  const { apiVersion = '', kind = '', name = '', uid = '', controller, blockOwnerDeletion } = owner;
  return {
    apiVersion,
    kind,
    name,
    uid,
    ...(controller === undefined ? {} : { controller }),
    ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
  };
}

/** A finalizer that has no domain must be one of Kubernetes' own. */
export function validateKubeFinalizer(finalizer: string, at: string, errors: FieldErrors): void {
  if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
    errors.invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}

function validateFinalizers(finalizers: string[] | undefined, at: string, errors: FieldErrors): void {
  if (finalizers === undefined) return;
  for (const finalizer of finalizers) errors.invalidEach(at, finalizer, isQualifiedName(finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.invalid(at, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

/** The name of who sets fields. */
export function validateFieldManager(manager: string, at: string, errors: FieldErrors): void {
  if (Buffer.byteLength(manager) > MANAGER_BYTES_MAX) errors.tooLong(at, MANAGER_BYTES_MAX);
  let offset = 0;
  for (const char of manager) {
    if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)) {
      const code = (char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
      errors.invalid(at, manager, `invalid character U+${code} (at position ${offset})`);
    }
    offset += Buffer.byteLength(char);
  }
}

function validateManagedFields(entries: ManagedFieldsEntry[] | undefined, at: string, errors: FieldErrors): void {
  entries?.forEach((entry, i) => {
    const path = `${at}[${i}]`;
    const operation: string = entry.operation ?? '';
    const type: string = entry.fieldsType ?? '';
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.invalid(`${path}.operation`, operation, 'must be `Apply` or `Update`');
    }
    if (type !== '' && type !== 'FieldsV1') errors.invalid(`${path}.fieldsType`, type, 'must be `FieldsV1`');
    validateFieldManager(entry.manager ?? '', `${path}.manager`, errors);
    if (Buffer.byteLength(entry.subresource ?? '') > SUBRESOURCE_BYTES_MAX) {
      errors.tooLong(`${path}.subresource`, SUBRESOURCE_BYTES_MAX);
    }
  });
}

/** How names of a kind are checked; `prefix` = the text will be followed by random characters. */
export type NameRule = (name: string, prefix: boolean) => readonly string[];

/** Metadata of an object that is complete: names, labels, annotations, owners, finalizers. */
export function validateMetadata(metadata: ObjectMeta, namespaced: boolean, nameRule: NameRule, errors: FieldErrors): void {
  const { generateName = '', name = '', namespace = '' } = metadata;
  if (generateName !== '') errors.invalidEach('metadata.generateName', generateName, nameRule(generateName, true));
  if (name === '') errors.required('metadata.name', 'name or generateName is required');
  else errors.invalidEach('metadata.name', name, nameRule(name, false));
  if (!namespaced) {
    if (namespace !== '') errors.forbidden('metadata.namespace', 'not allowed on this type');
  } else if (namespace === '') errors.required('metadata.namespace');
  else errors.invalidEach('metadata.namespace', namespace, isDns1123Label(namespace));
  errors.nonNegative('metadata.generation', metadata.generation);
  validateMaps(metadata, errors);
  validateFinalizers(metadata.finalizers, 'metadata.finalizers', errors);
  validateManagedFields(metadata.managedFields, 'metadata.managedFields', errors);
}

function validateMaps(metadata: ObjectMeta, errors: FieldErrors): void {
  validateLabels(metadata.labels, 'metadata.labels', errors);
  validateAnnotations(metadata.annotations, 'metadata.annotations', errors);
  validateOwners(metadata.ownerReferences, 'metadata.ownerReferences', errors);
}

/** Finalizers of built-in kinds: `kubernetes.io`-less names are closed. */
export function validateKubeFinalizers(metadata: ObjectMeta, errors: FieldErrors): void {
  metadata.finalizers?.forEach((finalizer, i) => {
    validateKubeFinalizer(finalizer, `metadata.finalizers[${i}]`, errors);
  });
}

const NEVER_CHANGES = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** What a change of metadata may not do. */
export function validateMetadataUpdate(now: ObjectMeta, before: ObjectMeta, errors: FieldErrors): void {
  if (before.deletionTimestamp !== undefined) {
    const known = before.finalizers ?? [];
    const added = (now.finalizers ?? []).filter((finalizer) => !known.includes(finalizer)).sort();
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
      errors.forbidden('metadata.finalizers', detail);
    }
  }
  if ((now.generation ?? 0) < (before.generation ?? 0)) {
    errors.invalid('metadata.generation', now.generation ?? 0, 'must not be decremented');
  }
  for (const field of NEVER_CHANGES) {
    if ((now[field] ?? null) !== (before[field] ?? null)) errors.invalid(`metadata.${field}`, now[field] ?? null, IMMUTABLE);
  }
  validateMaps(now, errors);
  validateManagedFields(now.managedFields, 'metadata.managedFields', errors);
}
