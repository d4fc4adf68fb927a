import type { KubeObject } from '@k/apimachinery';
import type { AdmissionRequest } from '../interface.js';
import type { ResourceList } from '../resource-list.js';
import type { ScopeRequirement } from './scopes.js';

/** How objects of one resource count against quotas. Pure: asks nothing of the server. */
export interface QuotaEvaluator {
  readonly group: string;
  readonly resource: string;
  /** Whether this request can raise what is used. */
  handles(request: AdmissionRequest): boolean;
  /** Those names of a quota that objects of this resource count against. */
  matchingNames(names: Iterable<string>): string[];
  /** What an object uses. */
  usage(object: KubeObject): ResourceList;
  matchesScope(scope: ScopeRequirement, object: KubeObject): boolean;
  /** What an object must say for a quota with these names, but does not; null when nothing is missing. */
  missing(names: readonly string[], object: KubeObject): string | null;
  /** Objects can fall into scopes at all. */
  readonly hasScopes: boolean;
}
