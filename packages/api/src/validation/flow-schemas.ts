/** Flow schemas: which requests belong to which priority level. */
import type { KubeObject } from '@k/apimachinery';
import type { FlowSchemaResourceRule, FlowSchemaRules, FlowSchemaSpec, FlowSchemaSubject } from '../flow-schema-spec.js';
import { MANDATORY_FLOW_SCHEMAS } from '../mandatory-flow.js';
import type { Condition } from './conditions.js';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Label, isDns1123Subdomain } from './names.js';

const PRECEDENCE_MAX = 10000;
const VERBS: readonly string[] = ['*', 'create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

/** By kind of subject, the field that says which. */
const SUBJECT_FIELDS: ReadonlyMap<string, 'user' | 'group' | 'serviceAccount'> = new Map([
  ['User', 'user'],
  ['Group', 'group'],
  ['ServiceAccount', 'serviceAccount'],
]);

function validateSubject(subject: FlowSchemaSubject, at: string, errors: FieldErrors): void {
  const { kind = '', user, group, serviceAccount } = subject;
  const wanted = SUBJECT_FIELDS.get(kind);
  if (wanted === undefined) {
    errors.notSupported(`${at}.kind`, kind, ['Group', 'ServiceAccount', 'User']);
    return;
  }
  for (const [field, value] of Object.entries({ serviceAccount, user, group })) {
    if (field === wanted) continue;
    if (value !== undefined) errors.forbidden(`${at}.${field}`, `${field} is forbidden when subject kind is not '${kindOf(field)}'`);
  }
  if (subject[wanted] === undefined) {
    errors.required(`${at}.${wanted}`, `${wanted} is required when subject kind is '${kind}'`);
    return;
  }
  if (kind === 'User' && (user?.name ?? '') === '') errors.required(`${at}.user.name`);
  if (kind === 'Group' && (group?.name ?? '') === '') errors.required(`${at}.group.name`);
  if (kind === 'ServiceAccount') validateAccount(serviceAccount ?? {}, `${at}.serviceAccount`, errors);
}

const kindOf = (field: string): string => `${(field[0] as string).toUpperCase()}${field.slice(1)}`;

function validateAccount({ name = '', namespace = '' }: { name?: string; namespace?: string }, at: string, errors: FieldErrors): void {
  if (name === '') errors.required(`${at}.name`);
  else if (name !== '*') errors.invalidEach(`${at}.name`, name, isDns1123Subdomain(name));
  if (namespace === '') errors.required(`${at}.namespace`, 'must specify namespace for service account');
  else errors.invalidEach(`${at}.namespace`, namespace, isDns1123Label(namespace));
}

function validateVerbs(verbs: string[] = [], at: string, errors: FieldErrors): void {
  if (verbs.length === 0) errors.required(at, 'verbs must contain at least one value');
  else if (verbs.includes('*') && verbs.length > 1) errors.invalid(at, verbs, "if '*' is present, must not specify other verbs");
  else if (verbs.some((verb) => !VERBS.includes(verb))) errors.notSupported(at, verbs, VERBS);
}

function validateWildcardList(list: string[] = [], at: string, required: string, others: string, errors: FieldErrors): void {
  if (list.length === 0) errors.required(at, required);
  else if (list.includes('*') && list.length > 1) errors.invalid(at, list, `if '*' is present, must not specify other ${others}`);
}

function validateResourceRule(rule: FlowSchemaResourceRule, at: string, errors: FieldErrors): void {
  validateVerbs(rule.verbs, `${at}.verbs`, errors);
  validateWildcardList(rule.apiGroups, `${at}.apiGroups`, 'resource rules must supply at least one api group', 'api groups', errors);
  validateWildcardList(rule.resources, `${at}.resources`, 'resource rules must supply at least one resource', 'resources', errors);
  const { namespaces = [] } = rule;
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    errors.required(`${at}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace');
  } else if (namespaces.includes('*')) {
    if (namespaces.length > 1) errors.invalid(`${at}.namespaces`, namespaces, "if '*' is present, must not specify other namespaces");
  } else {
    namespaces.forEach((namespace, i) => {
      errors.invalidEach(`${at}.namespaces[${i}]`, namespace, isDns1123Label(namespace));
    });
  }
}

function validateUrls(urls: string[] = [], at: string, errors: FieldErrors): void {
  if (urls.length === 0) {
    errors.required(at, 'nonResourceURLs must contain at least one value');
    return;
  }
  if (urls.includes('*') && urls.length > 1) {
    errors.invalid(at, urls, "if '*' is present, must not specify other non-resource URLs");
    return;
  }
  urls.forEach((url, i) => {
    const path = `${at}[${i}]`;
    if (url === '*') return;
    if (url === '') errors.invalid(path, url, 'must start with slash');
    else if (!url.startsWith('/')) errors.invalid(path, url, 'must start with slash');
    else if (url.includes(' ')) errors.invalid(path, url, 'must not contain white-space');
    else if (url.includes('//')) errors.invalid(path, url, 'must not contain double slash');
    else if (url.includes('*') && (url.indexOf('*') !== url.length - 1 || !url.endsWith('/*'))) {
      errors.invalid(path, url, 'wildcard can only do suffix matching');
    }
  });
}

function validateRules(rules: FlowSchemaRules, at: string, errors: FieldErrors): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rules;
  if (subjects.length === 0) errors.required(`${at}.subjects`, 'subjects must contain at least one value');
  subjects.forEach((subject, i) => {
    validateSubject(subject, `${at}.subjects[${i}]`, errors);
  });
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  resourceRules.forEach((rule, i) => {
    validateResourceRule(rule, `${at}.resourceRules[${i}]`, errors);
  });
  nonResourceRules.forEach((rule, i) => {
    validateVerbs(rule.verbs, `${at}.nonResourceRules[${i}].verbs`, errors);
    validateUrls(rule.nonResourceURLs, `${at}.nonResourceRules[${i}].nonResourceURLs`, errors);
  });
}

function validateSchemaSpec(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] ?? {}) as FlowSchemaSpec;
  const { matchingPrecedence = 0, priorityLevelConfiguration, distinguisherMethod, rules = [] } = spec;
  if (matchingPrecedence <= 0) errors.invalid('spec.matchingPrecedence', matchingPrecedence, 'must be a positive value');
  if (matchingPrecedence > PRECEDENCE_MAX) {
    errors.invalid('spec.matchingPrecedence', matchingPrecedence, `must not be greater than ${PRECEDENCE_MAX}`);
  }
  if (matchingPrecedence === 1 && object.metadata?.name !== 'exempt') {
    errors.invalid('spec.matchingPrecedence', matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (distinguisherMethod !== undefined) {
    errors.oneOf('spec.distinguisherMethod', distinguisherMethod.type, ['ByNamespace', 'ByUser']);
  }
  const level = priorityLevelConfiguration?.name ?? '';
  if (level === '') errors.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  else errors.invalidEach('spec.priorityLevelConfiguration.name', level, isDns1123Subdomain(level));
  rules.forEach((rule, i) => {
    validateRules(rule, `spec.rules[${i}]`, errors);
  });
  const { name = '' } = object.metadata ?? {};
  const fixed = Object.hasOwn(MANDATORY_FLOW_SCHEMAS, name) ? MANDATORY_FLOW_SCHEMAS[name] : undefined;
  if (fixed !== undefined && !deepEqual(spec, fixed)) {
    errors.invalid('spec', internalForm('FlowSchemaSpec', spec), `spec of '${name}' must equal the fixed value`);
  }
}

/** Conditions of flow schemas and of priority levels. */
export function validateFlowStatus(object: KubeObject, _old: KubeObject, errors: FieldErrors): void {
  const conditions = (object['status'] as { conditions?: Condition[] } | undefined)?.conditions ?? [];
  const types = new Set<string>();
  conditions.forEach(({ type = '' }, i) => {
    if (types.has(type)) errors.duplicate(`status.conditions[${i}].type`, type);
    types.add(type);
    if (type === '') errors.required(`status.conditions[${i}].type`);
  });
}

/** Flow schemas. */
export const flowSchemaValidation: KindValidation = {
  create: validateSchemaSpec,
  metadataOnUpdate: 'both',
  subresources: { status: validateFlowStatus },
};
