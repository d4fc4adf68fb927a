import type { AuditLevel, AuditStage } from '../event.js';

/** `audit.k8s.io/v1` Policy: the first rule that matches decides. */
export interface AuditPolicy {
  omitStages: readonly AuditStage[];
  omitManagedFields: boolean;
  rules: readonly PolicyRule[];
}

/** Every part that is given must match. */
export interface PolicyRule {
  level: AuditLevel;
  users?: readonly string[];
  userGroups?: readonly string[];
  verbs?: readonly string[];
  /** '' stands for cluster-scoped requests. */
  namespaces?: readonly string[];
  resources?: readonly GroupResources[];
  /** `/healthz*`: exact, or a prefix with a final star. */
  nonResourceURLs?: readonly string[];
  omitStages?: readonly AuditStage[];
  omitManagedFields?: boolean;
}

/** Resources of one group. */
export interface GroupResources {
  /** '' is the core group, `*` all. */
  group: string;
  /** `pods`, `pods/log`, `pods/*`, `*&#47;scale`, `*`. None = all of the group. */
  resources?: readonly string[];
  resourceNames?: readonly string[];
}

/** What is decided about. */
export interface AuditAttributes {
  user?: { username: string; groups: readonly string[] } | undefined;
  verb: string;
  isResourceRequest: boolean;
  apiGroup: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
}

/** How one request is to be audited. */
export interface AuditDecision {
  level: AuditLevel;
  omitStages: ReadonlySet<AuditStage>;
  omitManagedFields: boolean;
  /** Index of the rule that matched; -1 for none. */
  rule: number;
}
