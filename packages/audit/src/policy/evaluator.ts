/** A policy compiled into sets and closures: the first rule whose every part matches decides. */
import type { AuditStage } from '../event.js';
import type { AuditAttributes, AuditDecision, AuditPolicy, GroupResources, PolicyRule } from './policy.js';

/** Part of a rule that a request fails, for explanations. */
export type RulePart = 'users' | 'userGroups' | 'verbs' | 'namespaces' | 'resources' | 'nonResourceURLs';

/** Decides about requests. */
export interface PolicyEvaluator {
  evaluate(attributes: AuditAttributes): AuditDecision;
  /** For each rule up to the one that matches: the first part that did not match, or null for the match. */
  explain(attributes: AuditAttributes): { rule: number; mismatch: RulePart | null }[];
}

type Test = (attributes: AuditAttributes) => RulePart | null;

function resourceTest({ group, resources = [], resourceNames = [] }: GroupResources): (attributes: AuditAttributes) => boolean {
  const exact = new Set<string>();
  const bySubresource = new Set<string>();
  const byResource = new Set<string>();
  let all = resources.length === 0;
  for (const pattern of resources) {
    if (pattern === '*') all = true;
    else if (pattern.startsWith('*/')) bySubresource.add(pattern.slice(2));
    else if (pattern.endsWith('/*')) byResource.add(pattern.slice(0, -2));
    else exact.add(pattern);
  }
  // Without resources the names are not looked at.
  const names = resourceNames.length === 0 || resources.length === 0 ? null : new Set(resourceNames);
  return (attributes) => {
    if (group !== '*' && group !== attributes.apiGroup) return false;
    if (names !== null && !names.has(attributes.name)) return false;
    if (all || byResource.has(attributes.resource)) return true;
    if (attributes.subresource === '') return exact.has(attributes.resource);
    return bySubresource.has(attributes.subresource) || exact.has(`${attributes.resource}/${attributes.subresource}`);
  };
}

function urlTest(patterns: readonly string[]): (path: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.replace(/\*+$/, ''));
  return (path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
}

function compileRule(rule: PolicyRule): Test {
  const set = (list: readonly string[] | undefined): ReadonlySet<string> | null =>
    list === undefined || list.length === 0 ? null : new Set(list);
  const users = set(rule.users);
  const groups = set(rule.userGroups);
  const verbs = set(rule.verbs);
  const namespaces = set(rule.namespaces);
  const resources = rule.resources === undefined || rule.resources.length === 0 ? null : rule.resources.map(resourceTest);
  const urls = rule.nonResourceURLs === undefined || rule.nonResourceURLs.length === 0 ? null : urlTest(rule.nonResourceURLs);
  return (attributes) => {
    const { user } = attributes;
    if (users !== null && (user === undefined || !users.has(user.username))) return 'users';
    if (groups !== null && (user === undefined || !user.groups.some((group) => groups.has(group)))) return 'userGroups';
    if (verbs !== null && !verbs.has(attributes.verb)) return 'verbs';
    if (namespaces !== null || resources !== null) {
      if (!attributes.isResourceRequest) return resources === null ? 'namespaces' : 'resources';
      if (namespaces !== null && !namespaces.has(attributes.namespace)) return 'namespaces';
      return resources === null || resources.some((test) => test(attributes)) ? null : 'resources';
    }
    if (urls !== null && (attributes.isResourceRequest || !urls(attributes.path))) return 'nonResourceURLs';
    return null;
  };
}

/** Compiles a policy. */
export function createPolicyEvaluator(policy: AuditPolicy): PolicyEvaluator {
  const rules = policy.rules.map((rule, index) => ({
    test: compileRule(rule),
    decision: {
      level: rule.level,
      omitStages: new Set<AuditStage>([...(rule.omitStages ?? []), ...policy.omitStages]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
      rule: index,
    } satisfies AuditDecision,
  }));
  const none: AuditDecision = {
    level: 'None',
    omitStages: new Set(policy.omitStages),
    omitManagedFields: policy.omitManagedFields,
    rule: -1,
  };
  return {
    evaluate(attributes) {
      for (const { test, decision } of rules) if (test(attributes) === null) return decision;
      return none;
    },
    explain(attributes) {
      const out: { rule: number; mismatch: RulePart | null }[] = [];
      for (const { test, decision } of rules) {
        const mismatch = test(attributes);
        out.push({ rule: decision.rule, mismatch });
        if (mismatch === null) break;
      }
      return out;
    },
  };
}
