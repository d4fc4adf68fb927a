import type { KubeObject } from '@k/apimachinery';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isPathSegment } from './names.js';
import { type Selector, validateSelector } from './selectors.js';

interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  nonResourceURLs?: string[];
}

interface Subject {
  kind?: string;
  apiGroup?: string;
  name?: string;
  namespace?: string;
}

interface RoleRef {
  apiGroup?: string;
  kind?: string;
  name?: string;
}

const GROUP = 'rbac.authorization.k8s.io';

function validateRule(rule: PolicyRule, namespaced: boolean, at: string, errors: FieldErrors): void {
  const { verbs = [], apiGroups = [], resources = [], nonResourceURLs: urls = [] } = rule;
  if (verbs.length === 0) errors.required(`${at}.verbs`, 'verbs must contain at least one value');
  if (urls.length > 0) {
    const path = `${at}.nonResourceURLs`;
    if (namespaced) errors.invalid(path, urls, 'namespaced rules cannot apply to non-resource URLs');
    if (apiGroups.length > 0 || resources.length > 0) {
      errors.invalid(path, urls, 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (apiGroups.length === 0) errors.required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
  if (resources.length === 0) errors.required(`${at}.resources`, 'resource rules must supply at least one resource');
}

function validateRules(object: KubeObject, namespaced: boolean, errors: FieldErrors): void {
  ((object['rules'] as PolicyRule[] | undefined) ?? []).forEach((rule, i) => {
    validateRule(rule, namespaced, `rules[${i}]`, errors);
  });
}

/** Roles of a namespace. */
export const roleValidation: KindValidation = {
  nameRule: isPathSegment,
  metadataOnUpdate: 'both',
  create: (object, errors) => validateRules(object, true, errors),
};

/** Roles of the cluster. */
export const clusterRoleValidation: KindValidation = {
  nameRule: isPathSegment,
  metadataOnUpdate: 'both',
  create: (object, errors) => {
    validateRules(object, false, errors);
    const aggregation = object['aggregationRule'] as { clusterRoleSelectors?: Selector[] } | undefined;
    if (aggregation === undefined) return;
    const selectors = aggregation.clusterRoleSelectors ?? [];
    const at = 'aggregationRule.clusterRoleSelectors';
    if (selectors.length === 0) errors.required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
    selectors.forEach((selector, i) => {
      validateSelector(selector, `${at}[${i}]`, errors);
    });
  },
};

function validateSubject(subject: Subject, namespaced: boolean, at: string, errors: FieldErrors): void {
  const { kind = '', apiGroup = '', name = '', namespace = '' } = subject;
  if (name === '') errors.required(`${at}.name`);
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.invalidEach(`${at}.name`, name, isDns1123Subdomain(name));
      if (apiGroup !== '') errors.notSupported(`${at}.apiGroup`, apiGroup, ['']);
      if (!namespaced && namespace === '') errors.required(`${at}.namespace`);
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.notSupported(`${at}.apiGroup`, apiGroup, [GROUP]);
      break;
    default:
      errors.notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']);
  }
}

function bindingValidation(namespaced: boolean): KindValidation {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const roleRef = (object: KubeObject): RoleRef => (object['roleRef'] as RoleRef | undefined) ?? {};
  const validate = (object: KubeObject, errors: FieldErrors): void => {
    const { apiGroup = '', kind = '', name = '' } = roleRef(object);
    if (apiGroup !== GROUP) errors.notSupported('roleRef.apiGroup', apiGroup, [GROUP]);
    errors.oneOf('roleRef.kind', kind, kinds);
    if (name === '') errors.required('roleRef.name');
    else errors.invalidEach('roleRef.name', name, isPathSegment(name));
    ((object['subjects'] as Subject[] | undefined) ?? []).forEach((subject, i) => {
      validateSubject(subject, namespaced, `subjects[${i}]`, errors);
    });
  };
  return {
    nameRule: isPathSegment,
    metadataOnUpdate: 'both',
    create: validate,
    update: (object, old, errors) => {
      validate(object, errors);
      if (!deepEqual(roleRef(object), roleRef(old))) {
        errors.invalid('roleRef', internalForm('RoleRef', roleRef(object)), 'cannot change roleRef');
      }
    },
  };
}

/** Bindings in a namespace. */
export const roleBindingValidation: KindValidation = bindingValidation(true);
/** Bindings in the whole cluster. */
export const clusterRoleBindingValidation: KindValidation = bindingValidation(false);
