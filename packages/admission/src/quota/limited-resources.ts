/** `ResourceQuotaConfiguration`: resources that may only be used where a quota covers them. */
import { ConfigurationReader } from '../configuration-reader.js';
import type { ReadonlyResourceList } from '../resource-list.js';
import type { ScopeRequirement } from './scopes.js';

/** One entry of `limitedResources`. */
export interface LimitedResource {
  group: string;
  resource: string;
  /** A used name that contains one of these needs a quota on it. */
  matchContains: readonly string[];
  /** An object in one of these scopes needs a quota on that scope. */
  matchScopes: readonly ScopeRequirement[];
}

/** @throws {RangeError} naming the field and the value that is wrong. */
export function parseResourceQuotaConfiguration(configuration: unknown): LimitedResource[] {
  if (configuration === undefined) return [];
  const reader = new ConfigurationReader('ResourceQuota', configuration);
  reader.expectKind([
    ['apiserver.config.k8s.io/v1', 'ResourceQuotaConfiguration'],
    ['resourcequota.admission.k8s.io/v1beta1', 'Configuration'],
    ['resourcequota.admission.k8s.io/v1alpha1', 'Configuration'],
  ]);
  reader.expectFields(['apiVersion', 'kind', 'limitedResources']);
  return reader.list('limitedResources').map((entry) => {
    entry.expectFields(['apiGroup', 'resource', 'matchContains', 'matchScopes']);
    return {
      group: entry.optionalString('apiGroup') ?? '',
      resource: entry.string('resource'),
      matchContains: entry.strings('matchContains'),
      matchScopes: entry.list('matchScopes').map((scope) => {
        scope.expectFields(['scopeName', 'operator', 'values']);
        return { scopeName: scope.string('scopeName'), operator: scope.string('operator'), values: scope.strings('values') };
      }),
    };
  });
}

/** The used names that need a quota. */
export function limitedNames(usage: ReadonlyResourceList, limited: readonly LimitedResource[]): string[] {
  return [...usage].flatMap(([name, amount]) =>
    amount.sign() > 0 && limited.some(({ matchContains }) => matchContains.some((part) => name.includes(part))) ? [name] : [],
  );
}
