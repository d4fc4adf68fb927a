import type { KubeObject } from '@k/apimachinery';
import type { Requester, ResourceStrategy } from '../definition.js';
import { deepEqual } from '../validation/field-errors.js';

/**
 * Keeps `metadata.generation` of a kind: 1 for a new object, one more with every change of the given fields.
 *
 * @param rules - The kind's other preparations, which come first.
 */
export function withGeneration<T extends ResourceStrategy>(rules: T, ...fields: readonly string[]): T & ResourceStrategy {
  return {
    ...rules,
    hasGeneration: true,
    prepareForCreate: (object: KubeObject, requester?: Requester) => {
      rules.prepareForCreate?.(object, requester);
      (object.metadata ??= {}).generation = 1;
    },
    prepareForUpdate: (object: KubeObject, old: KubeObject, subresource: string) => {
      rules.prepareForUpdate?.(object, old, subresource);
      const metadata = (object.metadata ??= {});
      const before = old.metadata?.generation;
      if (before === undefined) delete metadata.generation;
      else metadata.generation = before;
      if (fields.some((field) => !deepEqual(object[field], old[field]))) metadata.generation = (before ?? 0) + 1;
    },
  };
}
