/** Levels from the labels of Namespace objects. */
import { type Policy, policyFromLabels } from '../index.js';
import { identityOf } from './check-objects.js';
import { InputError } from './console.js';
import { formatPosition, objectsOf, parseManifest, positionOf } from './manifest.js';
import type { Source } from './sources.js';

/**
 * The policies of the Namespace objects in a file, by name.
 *
 * @throws {InputError} with the place of a label that means nothing, or when there is no Namespace in the file.
 */
export function namespacePolicies(source: Source): Map<string, Policy> {
  const policies = new Map<string, Policy>();
  for (const found of objectsOf(parseManifest(source))) {
    const { kind, name } = identityOf(found.object);
    if (kind !== 'Namespace') continue;
    const { labels } = (found.object['metadata'] ?? {}) as { labels?: Record<string, string> };
    const { policy, errors } = policyFromLabels(labels ?? {});
    const [error] = errors;
    if (error !== undefined) {
      const at = formatPosition(source.name, positionOf(found, error.field));
      throw new InputError(`${at}: Namespace ${name}: ${error.field}: ${JSON.stringify(error.value)}: ${error.detail}`);
    }
    policies.set(name, policy);
  }
  if (policies.size === 0) throw new InputError(`${source.name}: no Namespace objects found`);
  return policies;
}
