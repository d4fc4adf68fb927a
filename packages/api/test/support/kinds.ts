/** What the server does with objects of the built-in kinds before they are stored: decoding, preparation, validation. */
import { type FieldError, fieldErrorCause, type KubeObject } from '@k/apimachinery';
import {
  createBuiltInCatalogue,
  pruneAndDefault,
  type ResourceDefinition,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../../src/index.js';

const catalogue = createBuiltInCatalogue();

/** The definition of an object's kind. */
export function definitionOf(object: KubeObject): ResourceDefinition {
  const [group, version] = object.apiVersion?.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const served = catalogue.findKind(group as string, version as string, object.kind as string);
  if (served === undefined) throw new RangeError(`no kind ${object.kind}`);
  return served.definition;
}

/** Decodes like the server does and prepares for a create. */
export function decode(input: object): KubeObject {
  const object = structuredClone(input) as KubeObject;
  const definition = definitionOf(object);
  const version = definition.versions.find((entry) => object.apiVersion?.endsWith(entry.version));
  object.metadata = { name: 'x', ...(definition.namespaced ? { namespace: 'ns' } : {}), uid: 'u', ...object.metadata };
  pruneAndDefault(object, (version as NonNullable<typeof version>).schema, { fieldValidation: 'Ignore' });
  definition.strategy.applyDefaults?.(object, version?.version as string);
  return object;
}

const show = (errors: readonly FieldError[]): string[] =>
  errors.map(fieldErrorCause).map(({ field, reason, message }) => `${field} ${reason?.replace('FieldValue', '')}: ${message}`);

/** The causes of a create, each as `field Reason: message`. */
export function created(input: object): string[] {
  const object = decode(input);
  const definition = definitionOf(object);
  definition.strategy.prepareForCreate?.(object);
  return show([...validateObjectMeta(object, definition), ...(definition.strategy.validate?.(object) ?? [])]);
}

/** The causes of an update. */
export function changed(before: object, after: object, subresource = ''): string[] {
  const old = decode(before);
  const definition = definitionOf(old);
  definition.strategy.prepareForCreate?.(old);
  const object = decode(after);
  definition.strategy.prepareForUpdate?.(object, old, subresource);
  const { validateUpdate } = definition.strategy;
  return show([...validateObjectMetaUpdate(object, old, definition), ...(validateUpdate?.(object, old, subresource) ?? [])]);
}
