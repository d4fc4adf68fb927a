/** Scopes: which objects of a namespace a quota is about. */
import type { KubeObject } from '@k/apimachinery';

/** One condition of a quota, or of `limitedResources`. */
export interface ScopeRequirement {
  scopeName: string;
  operator: string;
  values: readonly string[];
}

/** `spec.scopes` and `spec.scopeSelector` of a quota as one list; all must hold. */
export function scopesOf(quota: KubeObject): ScopeRequirement[] {
  const spec = (quota['spec'] ?? {}) as {
    scopes?: string[];
    scopeSelector?: { matchExpressions?: { scopeName?: string; operator?: string; values?: string[] }[] };
  };
  return [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })),
    ...(spec.scopeSelector?.matchExpressions ?? []).map(({ scopeName = '', operator = '', values = [] }) => ({
      scopeName,
      operator,
      values,
    })),
  ];
}

/** Applies a condition to a value that an object may have; '' = none. */
export function matchesValue({ operator, values }: ScopeRequirement, value: string): boolean {
  switch (operator) {
    case 'In':
      return value !== '' && values.includes(value);
    case 'NotIn':
      return value === '' || !values.includes(value);
    case 'Exists':
      return value !== '';
    case 'DoesNotExist':
      return value === '';
    default:
      return false;
  }
}

/** `{PriorityClass In [high low]}`, as messages show it. */
export function formatScope({ scopeName, operator, values }: ScopeRequirement): string {
  return `{${scopeName} ${operator} [${values.join(' ')}]}`;
}
