/** A ResourceQuota as it is enforced. */
import type { KubeObject } from '@k/apimachinery';
import { parseResourceList, type ReadonlyResourceList, type ResourceList } from '../resource-list.js';
import type { QuotaEvaluator } from './evaluator.js';
import { type ScopeRequirement, scopesOf } from './scopes.js';

/** The status counts, not the spec: a limit holds once the controller has measured what is used. */
export interface QuotaState {
  readonly name: string;
  readonly hard: ReadonlyResourceList;
  readonly used: ReadonlyResourceList;
  readonly scopes: readonly ScopeRequirement[];
}

/** Reads a quota. */
export function quotaState(quota: KubeObject): QuotaState {
  const status = (quota['status'] ?? {}) as { hard?: Record<string, string>; used?: Record<string, string> };
  return {
    name: quota.metadata?.name ?? '',
    hard: parseResourceList(status.hard),
    used: parseResourceList(status.used),
    scopes: scopesOf(quota),
  };
}

/** True when the quota counts this object. */
export function isCounted(
  quota: { hard: ReadonlyResourceList; scopes: readonly ScopeRequirement[] },
  evaluator: QuotaEvaluator,
  object: KubeObject,
): boolean {
  if (evaluator.matchingNames(quota.hard.keys()).length === 0) return false;
  return quota.scopes.every((scope) => evaluator.matchesScope(scope, object));
}

/** The amounts of the names that `names` has. */
export function mask(list: ReadonlyResourceList, names: { has(name: string): boolean }): ResourceList {
  return new Map([...list].filter(([name]) => names.has(name)));
}
