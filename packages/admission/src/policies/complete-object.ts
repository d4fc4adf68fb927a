import { pruneAndDefault, type ServedResource } from '@k/api';
import { type KubeObject, newInternalError } from '@k/apimachinery';

/**
 * A copy as if a client had sent it: pruned, with its defaults.
 *
 * @throws StatusError 500 for values of wrong types.
 */
export function completeObject(object: KubeObject, { definition, version }: ServedResource): KubeObject {
  const given = structuredClone(object);
  const { typeErrors } = version.coerce?.(given) ?? pruneAndDefault(given, version.schema, { fieldValidation: 'Ignore' });
  if (typeErrors[0] !== undefined) throw newInternalError(typeErrors[0]);
  definition.strategy.applyDefaults?.(given, version.version);
  return given;
}
