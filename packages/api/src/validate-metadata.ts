import type { FieldError, KubeObject } from '@k/apimachinery';
import type { ResourceDefinition } from './definition.js';
import { FieldErrors } from './validation/field-errors.js';
import {
  type NameRule,
  validateAnnotations,
  validateKubeFinalizers,
  validateMetadata,
  validateMetadataUpdate,
} from './validation/metadata.js';
import { isDns1123Subdomain, isPathSegment } from './validation/names.js';
import { validateLabels } from './validation/selectors.js';

export { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from './validation/names.js';

/** Names that end in a dash are fine where random characters follow. */
const subdomainRule: NameRule = (name, prefix) => isDns1123Subdomain(prefix ? name.replace(/-$/, 'a') : name);
const segmentRule: NameRule = (name) => isPathSegment(name);

function validateWhole(object: KubeObject, definition: ResourceDefinition, errors: FieldErrors): void {
  const metadata = object.metadata ?? {};
  validateMetadata(metadata, definition.namespaced, definition.strategy.nameRule ?? subdomainRule, errors);
  if (definition.custom !== true) validateKubeFinalizers(metadata, errors);
}

/** Errors of a new object's metadata. */
export function validateObjectMeta(object: KubeObject, definition: ResourceDefinition): FieldError[] {
  const errors = new FieldErrors();
  validateWhole(object, definition, errors);
  return errors.list;
}

/** Errors of a change of metadata: what every kind checks, then what this kind checks once more. */
export function validateObjectMetaUpdate(object: KubeObject, old: KubeObject, definition: ResourceDefinition): FieldError[] {
  const errors = new FieldErrors();
  const now = object.metadata ?? {};
  const before = old.metadata ?? {};
  validateMetadata(now, definition.namespaced, segmentRule, errors);
  validateMetadataUpdate(now, before, errors);
  const repeated = definition.strategy.metadataOnUpdate ?? 'update';
  if (repeated === 'update' || repeated === 'both') validateMetadataUpdate(now, before, errors);
  if (repeated === 'create' || repeated === 'both') validateWhole(object, definition, errors);
  return errors.list;
}

/** Errors of labels or annotations that somebody else than the client has set. */
export function validateLabelsOrAnnotations(which: 'labels' | 'annotations', values: Record<string, string>): FieldError[] {
  const errors = new FieldErrors();
  if (which === 'labels') validateLabels(values, 'metadata.labels', errors);
  else validateAnnotations(values, 'metadata.annotation', errors);
  return errors.list;
}
