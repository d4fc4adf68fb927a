import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS } from './bindings.js';
import { CLUSTER_ROLES } from './cluster-roles.js';
import { CONTROLLER_ROLES } from './controller-roles.js';
import { type BootstrapBinding, type BootstrapRole, bindingOf, roleOf } from './notation.js';
import { ROLES } from './roles.js';

/** The RBAC objects that every Kubernetes 1.36 cluster starts with. */
export interface BootstrapPolicy {
  clusterRoles: BootstrapRole[];
  clusterRoleBindings: BootstrapBinding[];
  roles: BootstrapRole[];
  roleBindings: BootstrapBinding[];
}

/** Builds the default policy; fresh objects on every call. */
export function bootstrapPolicy(): BootstrapPolicy {
  return {
    clusterRoles: aggregated([...CLUSTER_ROLES, ...CONTROLLER_ROLES].map(roleOf)),
    clusterRoleBindings: [
      ...CLUSTER_ROLE_BINDINGS,
      ...CONTROLLER_ROLES.map(({ name }) => ({
        name,
        role: name,
        subjects: [`ServiceAccount kube-system/${name.slice('system:controller:'.length)}`],
      })),
    ].map(bindingOf),
    roles: ROLES.map(roleOf),
    roleBindings: ROLE_BINDINGS.map(bindingOf),
  };
}

/** Fills aggregated roles from their members, so that the first request finds them complete. */
function aggregated(roles: BootstrapRole[]): BootstrapRole[] {
  for (const name of ['view', 'edit', 'admin']) {
    const role = roles.find(({ metadata }) => metadata.name === name);
    if (role !== undefined) role.rules = aggregateRules(role, roles) as BootstrapRole['rules'];
  }
  return roles;
}

/** A ClusterRole as far as aggregation looks at it. */
export interface AggregatedRole<Rule> {
  metadata?: { name?: string; labels?: Record<string, string> };
  aggregationRule?: { clusterRoleSelectors?: { matchLabels?: Record<string, string> }[] };
  rules?: Rule[] | null;
}

/**
 * The rules that an aggregated ClusterRole gets from the roles its selectors choose: members by name, no rule twice.
 *
 * @param matches decides whether a selector chooses labels; default `matchLabels` alone.
 */
export function aggregateRules<Rule>(
  role: AggregatedRole<Rule>,
  all: readonly AggregatedRole<Rule>[],
  matches: (selector: { matchLabels?: Record<string, string> }, labels: Record<string, string>) => boolean = matchLabels,
): Rule[] {
  const out = new Map<string, Rule>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const members = all
      .filter((member) => member.metadata?.name !== role.metadata?.name && matches(selector, member.metadata?.labels ?? {}))
      .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
    for (const rule of members.flatMap((member) => member.rules ?? [])) {
      const key = JSON.stringify(rule);
      if (!out.has(key)) out.set(key, rule);
    }
  }
  return [...out.values()];
}

function matchLabels(selector: { matchLabels?: Record<string, string> }, labels: Record<string, string>): boolean {
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}
