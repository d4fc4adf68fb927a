import type { AdmissionRequest } from '../interface.js';
import type { WebhookRule } from './types.js';

/** What a rule is compared with. */
export interface RuleTarget {
  operation: AdmissionRequest['operation'];
  group: string;
  version: string;
  resource: string;
  /** '' = the resource itself. */
  subresource: string;
  namespace: string;
}

/** True when a request is one of those that a rule names. */
export function matchesRule(rule: WebhookRule, target: RuleTarget): boolean {
  return (
    has(rule.operations, target.operation) &&
    has(rule.apiGroups, target.group) &&
    has(rule.apiVersions, target.version) &&
    (rule.resources ?? []).some((entry) => matchesResource(entry, target)) &&
    matchesScope(rule.scope ?? '*', target)
  );
}

function has(list: readonly string[] | undefined, item: string): boolean {
  return list?.some((entry) => entry === '*' || entry === item) ?? false;
}

/** `x/*` names the resource itself as well; an entry without a slash names no subresource. */
function matchesResource(entry: string, { resource, subresource }: RuleTarget): boolean {
  const slash = entry.indexOf('/');
  const [main, sub] = slash < 0 ? [entry, ''] : [entry.slice(0, slash), entry.slice(slash + 1)];
  return (main === '*' || main === resource) && (sub === '*' || sub === subresource);
}

/** Namespaces carry their own name as namespace, and are cluster-scoped all the same. */
function matchesScope(scope: string, { group, resource, namespace }: RuleTarget): boolean {
  if (scope === '*') return true;
  const isNamespaced = namespace !== '' && !(group === '' && resource === 'namespaces');
  return isNamespaced === (scope === 'Namespaced');
}
