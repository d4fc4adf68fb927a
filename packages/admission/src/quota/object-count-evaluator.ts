/** Everything else: only the number of objects counts. */
import { formatGroupResource, type GroupResource, Quantity } from '@k/apimachinery';
import { isFor } from '../request-match.js';
import type { QuotaEvaluator } from './evaluator.js';

/** @param alias - A second name under which the same number is counted. */
export function objectCountEvaluator({ group, resource }: GroupResource, alias?: string): QuotaEvaluator {
  const names = [`count/${formatGroupResource({ group, resource })}`, ...(alias === undefined ? [] : [alias])];
  return {
    group,
    resource,
    hasScopes: false,
    handles: (request) => request.operation === 'CREATE' && isFor(request, group, resource),
    matchingNames: (given) => [...given].filter((name) => names.includes(name)),
    usage: () => new Map(names.map((name) => [name, Quantity.of(1n)])),
    matchesScope: () => false,
    missing: () => null,
  };
}
