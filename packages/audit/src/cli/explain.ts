import { createPolicyEvaluator, type RulePart } from '../policy/evaluator.js';
import type { AuditAttributes, AuditPolicy, PolicyRule } from '../policy/policy.js';

function show(rule: PolicyRule, part: RulePart): string {
  const value = rule[part] ?? [];
  if (part !== 'resources') return value.join(', ');
  return (rule.resources ?? [])
    .map(({ group, resources, resourceNames }) => {
      const names = resourceNames === undefined || resourceNames.length === 0 ? '' : ` named ${resourceNames.join(', ')}`;
      const list = resources === undefined || resources.length === 0 ? '*' : resources.join(', ');
      return `${list} of ${group === '' ? 'the core group' : group}${names}`;
    })
    .join('; ');
}

function given({ user, ...attributes }: AuditAttributes, part: RulePart): string {
  if (part === 'users') return user === undefined ? 'nobody' : user.username;
  if (part === 'userGroups') return user === undefined ? 'nobody' : user.groups.join(', ');
  if (part === 'verbs') return attributes.verb;
  if (!attributes.isResourceRequest) return `the path ${attributes.path}`;
  if (part === 'namespaces') return attributes.namespace === '' ? 'no namespace' : attributes.namespace;
  const { resource, subresource, apiGroup, name } = attributes;
  const type = `${resource}${subresource === '' ? '' : `/${subresource}`} of ${apiGroup === '' ? 'the core group' : apiGroup}`;
  return `${type}${name === '' ? '' : ` named ${name}`}`;
}

/** Why a request gets its level, rule by rule. */
export function explainRequest(policy: AuditPolicy, attributes: AuditAttributes): string[] {
  const evaluator = createPolicyEvaluator(policy);
  const decision = evaluator.evaluate(attributes);
  const steps = evaluator.explain(attributes).map(({ rule: index, mismatch }) => {
    const rule = policy.rules[index] as PolicyRule;
    const title = `rules[${index}] (${rule.level})`;
    return mismatch === null
      ? `${title}: matches`
      : `${title}: ${mismatch} has ${show(rule, mismatch)}; the request has ${given(attributes, mismatch)}`;
  });
  const omitted = [...decision.omitStages];
  return [
    ...steps,
    decision.rule < 0 ? 'no rule matches: level None, nothing is logged' : `level ${decision.level}`,
    ...(decision.level === 'None' ? [] : [`omitted stages: ${omitted.length === 0 ? 'none' : omitted.join(', ')}`]),
    ...(decision.omitManagedFields && decision.level !== 'None' ? ['managed fields are left out'] : []),
  ];
}
