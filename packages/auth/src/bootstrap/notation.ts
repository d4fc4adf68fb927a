/** Compact rows of the default RBAC policy and the objects they stand for. */
import type { PolicyRule } from '../interface.js';

const GROUP = 'rbac.authorization.k8s.io';
const AGGREGATE_LABEL = `${GROUP}/aggregate-to-`;

/** One Role or ClusterRole. */
export interface RoleRow {
  name: string;
  /** Of a Role. */
  namespace?: string;
  /** The aggregated role that this one becomes part of. */
  aggregateTo?: string;
  /** Collects the roles that aggregate to this name; its own rules are theirs. */
  aggregates?: string;
  rules: readonly string[];
}

/** One RoleBinding or ClusterRoleBinding. A Role when `namespace` is set. */
export interface BindingRow {
  name: string;
  namespace?: string;
  role: string;
  subjects: readonly string[];
}

/** A subject of a binding as stored. */
export interface RbacSubject {
  kind: string;
  apiGroup?: string;
  name: string;
  namespace?: string;
}

/** `metadata` of a default object: the server keeps it up to date while the annotation says `true`. */
export interface BootstrapMetadata {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** A default role. */
export interface BootstrapRole {
  metadata: BootstrapMetadata;
  aggregationRule?: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] };
  rules: PolicyRule[];
}

/** A default binding. */
export interface BootstrapBinding {
  metadata: BootstrapMetadata;
  subjects?: RbacSubject[];
  roleRef: { apiGroup: string; kind: 'Role' | 'ClusterRole'; name: string };
}

function metadata(row: { name: string; namespace?: string; aggregateTo?: string }): BootstrapMetadata {
  return {
    name: row.name,
    ...(row.namespace === undefined ? {} : { namespace: row.namespace }),
    labels: {
      'kubernetes.io/bootstrapping': 'rbac-defaults',
      ...(row.aggregateTo === undefined ? {} : { [`${AGGREGATE_LABEL}${row.aggregateTo}`]: 'true' }),
    },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

/** `verbs groups resources [names]` or `verbs urls`. */
export function ruleOf(text: string): PolicyRule {
  const [verbs = '', second = '', resources, names] = text.split(' ');
  if (resources === undefined) return { verbs: verbs.split(','), nonResourceURLs: second.split(',') };
  return {
    verbs: verbs.split(','),
    apiGroups: second.split(',').map((group) => (group === 'core' ? '' : group)),
    resources: resources.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
  };
}

/** The object of a role row. */
export function roleOf(row: RoleRow): BootstrapRole {
  return {
    metadata: metadata(row),
    ...(row.aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE_LABEL}${row.aggregates}`]: 'true' } }] } }),
    rules: row.rules.map(ruleOf),
  };
}

function subjectOf(text: string): RbacSubject {
  const [kind = '', name = ''] = text.split(' ');
  if (kind !== 'ServiceAccount') return { kind, apiGroup: GROUP, name };
  const [namespace = '', account = ''] = name.split('/');
  return { kind, name: account, namespace };
}

/** The object of a binding row. */
export function bindingOf(row: BindingRow): BootstrapBinding {
  return {
    metadata: metadata(row),
    ...(row.subjects.length === 0 ? {} : { subjects: row.subjects.map(subjectOf) }),
    roleRef: { apiGroup: GROUP, kind: row.namespace === undefined ? 'ClusterRole' : 'Role', name: row.role },
  };
}
