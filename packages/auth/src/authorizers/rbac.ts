/**
 * RBAC: role bindings of the user's namespace and of the cluster, and the rules of the roles they name.
 */
import { goQuote } from '@k/apimachinery';
import type {
  AuthorizationAttributes,
  AuthorizationDecision,
  Authorizer,
  PolicyRule,
  RbacBinding,
  RbacSource,
  SubjectRules,
  UserInfo,
} from '../interface.js';
import { aggregateErrors } from './aggregate-errors.js';

/** True when the binding names the user. */
function bindsUser(binding: RbacBinding, user: UserInfo): { kind: string; name: string; namespace?: string } | null {
  for (const subject of binding.subjects) {
    if (subject.kind === 'User' && subject.name === user.username) return subject;
    if (subject.kind === 'Group' && user.groups.includes(subject.name)) return subject;
    if (subject.kind === 'ServiceAccount') {
      const namespace = subject.namespace ?? binding.namespace;
      if (namespace !== '' && user.username === `system:serviceaccount:${namespace}:${subject.name}`) return subject;
    }
  }
  return null;
}

/** True when one rule allows the request. */
export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!includes(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResourceRequest) return (rule.nonResourceURLs ?? []).some((url) => matchesUrl(url, attributes.path));
  if (!includes(rule.apiGroups ?? [], attributes.apiGroup)) return false;
  if (!matchesResource(rule.resources ?? [], attributes.resource, attributes.subresource)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(attributes.name);
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function matchesResource(list: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const item of list) {
    if (item === '*' || item === full) return true;
    if (subresource !== '' && item === `*/${subresource}`) return true;
  }
  return false;
}

function matchesUrl(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('*') && path.startsWith(url.slice(0, -1).replace(/\*+$/, ''));
}

/** Makes the authorizer over a watched set of roles and bindings. */
export function createRbacAuthorizer(source: RbacSource): Authorizer {
  /** The rules that a binding hands out; a role that is gone is noted in `missing`. */
  const rulesOf = (binding: RbacBinding, missing: Set<string>): readonly PolicyRule[] => {
    const { kind, name } = binding.roleRef;
    const role = kind === 'ClusterRole' ? source.clusterRole(name) : source.role(binding.namespace, name);
    if (role !== undefined) return role.rules;
    missing.add(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${goQuote(name)} not found`);
    return [];
  };
  const reason = (type: string, binding: RbacBinding, subject: { kind: string; name: string; namespace?: string }): string => {
    const shown = type === 'RoleBinding' ? `${binding.name}/${binding.namespace}` : binding.name;
    const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? binding.namespace}` : subject.name;
    return `RBAC: allowed by ${type} "${shown}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subject.kind} "${who}"`;
  };
  return {
    name: 'RBAC',
    authorize(attributes): AuthorizationDecision {
      const missing = new Set<string>();
      for (const binding of source.clusterRoleBindings(attributes.user)) {
        const subject = bindsUser(binding, attributes.user);
        if (subject === null) continue;
        for (const rule of rulesOf(binding, missing)) {
          if (ruleAllows(rule, attributes)) return { decision: 'allow', reason: reason('ClusterRoleBinding', binding, subject) };
        }
      }
      if (attributes.namespace !== '') {
        for (const binding of source.roleBindings(attributes.namespace, attributes.user)) {
          const subject = bindsUser(binding, attributes.user);
          if (subject === null) continue;
          for (const rule of rulesOf(binding, missing)) {
            if (ruleAllows(rule, attributes)) return { decision: 'allow', reason: reason('RoleBinding', binding, subject) };
          }
        }
      }
      return { decision: 'noOpinion', reason: missing.size === 0 ? '' : `RBAC: ${aggregateErrors(missing)}` };
    },
    rulesFor(user, namespace): SubjectRules {
      const out: SubjectRules = { resourceRules: [], nonResourceRules: [], incomplete: false };
      const add = (rules: readonly PolicyRule[]): void => {
        for (const { nonResourceURLs, ...rule } of rules) {
          if (nonResourceURLs !== undefined && nonResourceURLs.length > 0)
            out.nonResourceRules.push({ verbs: rule.verbs, nonResourceURLs });
          else out.resourceRules.push(rule);
        }
      };
      const missing = new Set<string>();
      for (const binding of source.clusterRoleBindings(user)) if (bindsUser(binding, user)) add(rulesOf(binding, missing));
      if (namespace !== '') {
        for (const binding of source.roleBindings(namespace, user)) if (bindsUser(binding, user)) add(rulesOf(binding, missing));
      }
      if (missing.size > 0) out.evaluationError = aggregateErrors(missing);
      return out;
    },
  };
}
