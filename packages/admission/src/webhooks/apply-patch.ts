/** Puts a webhook's patch into the object, as if the result had come from the client. */
import { isDeepStrictEqual } from 'node:util';
import { type Catalogue, pruneAndDefault } from '@k/api';
import { type KubeObject, newInternalError } from '@k/apimachinery';
import { applyJsonPatch } from '@k/apimachinery/patch';
import type { PatchOperation } from '../interface.js';
import type { EquivalentResource } from './equivalents.js';

/**
 * @returns The patched object with its defaults, and whether it differs from before. `object` stays as it is.
 * @throws StatusError 500 when the patch does not apply or its result is no object of the kind.
 */
export function applyWebhookPatch(
  object: KubeObject,
  patch: readonly PatchOperation[],
  target: EquivalentResource,
  catalogue: Catalogue,
): { object: KubeObject; isChanged: boolean } {
  let patched: KubeObject;
  try {
    patched = applyJsonPatch(object, patch as never);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
    // The library appends the whole document to its message; the first line says what is wrong.
    throw newInternalError(cause.message.split('\n', 1)[0] ?? '', error);
  }
  if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) {
    throw newInternalError('the patched object is not a JSON object');
  }
  const { group, version, kind } = target.kind;
  const served = catalogue.findKind(group, version, kind);
  if (served === undefined) return { object: patched, isChanged: !isDeepStrictEqual(object, patched) };
  const complete = (given: KubeObject): KubeObject => {
    const { typeErrors } = pruneAndDefault(given, served.version.schema, { fieldValidation: 'Ignore' });
    if (typeErrors[0] !== undefined) throw newInternalError(typeErrors[0]);
    served.definition.strategy.applyDefaults?.(given, version);
    return given;
  };
  complete(patched);
  // What only differs in empty or defaulted fields is the same object.
  const isChanged = !isDeepStrictEqual(object, patched) && !isDeepStrictEqual(complete(structuredClone(object)), patched);
  return { object: patched, isChanged };
}
