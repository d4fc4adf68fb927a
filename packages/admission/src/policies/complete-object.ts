import { pruneAndDefault, type ServedResource } from '@k/api';
import { type KubeObject, newInternalError } from '@k/apimachinery';

/**
 * A copy as if a client had sent it: pruned, with its defaults.
 *
 * @throws StatusError 500 for values of wrong types.
 */
export function completeObject(object: KubeObject, { definition, version }: ServedResource): KubeObject {
  const given = copyOf(object) as KubeObject;
  const { typeErrors } = version.coerce?.(given) ?? pruneAndDefault(given, version.schema, { fieldValidation: 'Ignore' });
  if (typeErrors[0] !== undefined) throw newInternalError(typeErrors[0]);
  definition.strategy.applyDefaults?.(given, version.version);
  return given;
}

/** Many times faster than `structuredClone`, which has more than JSON to think of. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = copyOf((value as Record<string, unknown>)[key]);
    if (key === '__proto__') Object.defineProperty(copy, key, { value: item, enumerable: true, configurable: true, writable: true });
    else copy[key] = item;
  }
  return copy;
}
