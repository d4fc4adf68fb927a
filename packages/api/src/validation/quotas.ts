import { type KubeObject, Quantity } from '@k/apimachinery';
import { deepEqual, type FieldErrors, IMMUTABLE } from './field-errors.js';
import { internalForm } from './internal-form.js';
import type { KindValidation } from './kind-validation.js';
import { isQualifiedName } from './names.js';
import {
  isOvercommitAllowed,
  isStandardOfQuotas,
  type ResourceList,
  validateContainerResourceName,
  validateResourceName,
  validateResourceQuantity,
} from './resources.js';

interface ScopeTerm {
  scopeName?: string;
  operator?: string;
  values?: string[];
}

interface QuotaSpec {
  hard?: ResourceList;
  scopes?: string[];
  scopeSelector?: { matchExpressions?: ScopeTerm[] };
}

const COMPUTE = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
];
const POD_RESOURCES = new Set(['pods', ...COMPUTE]);
const SCOPES = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]);
const EXISTS_ONLY = new Set(['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']);
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];
const CLAIM_RESOURCES = new Set(['persistentvolumeclaims', 'requests.storage']);

/** Whether objects that the resource counts can be told apart by the scope. */
function fits(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return CLAIM_RESOURCES.has(resource);
  if (!SCOPES.has(scope)) return true;
  return POD_RESOURCES.has(resource);
}

function validateAmounts(list: ResourceList | undefined, at: string, errors: FieldErrors): void {
  for (const name in list) {
    const path = `${at}[${name}]`;
    validateResourceName(name, path, errors);
    if (!name.includes('/') && !isStandardOfQuotas(name)) errors.invalid(path, name, 'must be a standard resource for quota');
    validateResourceQuantity(name, list[name] as string, path, errors);
  }
}

function validateScopes(spec: QuotaSpec, errors: FieldErrors): void {
  const { scopes = [], scopeSelector } = spec;
  const resources = Object.keys(spec.hard ?? {}).sort();
  const at = 'spec.scopes';
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.invalid(at, scopes, 'unsupported scope');
    for (const resource of resources) {
      if (isStandardOfQuotas(resource) && !fits(scope, resource)) errors.invalid(at, scopes, 'unsupported scope applied to resource');
    }
  }
  const conflict = (names: readonly string[]): void => {
    for (const pair of OPPOSITES) {
      if (pair.every((scope) => names.includes(scope))) errors.invalid(at, spec.scopes ?? null, 'conflicting scopes');
    }
  };
  conflict(scopes);
  if (scopeSelector === undefined) return;
  const terms = scopeSelector.matchExpressions ?? [];
  for (const term of terms) validateScopeTerm(term, resources, scopeSelector, errors);
  conflict(terms.map(({ scopeName = '' }) => scopeName));
}

function validateScopeTerm(
  { scopeName = '', operator = '', values = [] }: ScopeTerm,
  resources: readonly string[],
  selector: object,
  errors: FieldErrors,
): void {
  const at = 'spec.scopeSelector.matchExpressions';
  if (!SCOPES.has(scopeName)) errors.invalid(`${at}.scopeName`, scopeName, 'unsupported scope');
  for (const resource of resources) {
    if (isStandardOfQuotas(resource) && !fits(scopeName, resource)) {
      errors.invalid(at, internalForm('ScopeSelector', selector), 'unsupported scope applied to resource');
    }
  }
  if (EXISTS_ONLY.has(scopeName) && operator !== 'Exists') {
    const detail =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.invalid(`${at}.operator`, operator, detail);
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.invalid(`${at}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
    }
  } else errors.invalid(`${at}.operator`, operator, 'not a valid selector operator');
}

function validateQuota(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] as QuotaSpec | undefined) ?? {};
  validateAmounts(spec.hard, 'spec.hard', errors);
  validateScopes(spec, errors);
}

/** Resource quotas. */
export const resourceQuotaValidation: KindValidation = {
  create: validateQuota,
  update: (object, old, errors) => {
    validateQuota(object, errors);
    const scopes = (object['spec'] as QuotaSpec | undefined)?.scopes ?? [];
    const before = (old['spec'] as QuotaSpec | undefined)?.scopes ?? [];
    if (!deepEqual([...new Set(scopes)].sort(), [...new Set(before)].sort())) errors.invalid('spec.scopes', scopes, IMMUTABLE);
  },
  subresources: {
    status: (object, _old, errors) => {
      const status = object['status'] as { hard?: ResourceList; used?: ResourceList } | undefined;
      validateAmounts(status?.hard, 'status.hard', errors);
      validateAmounts(status?.used, 'status.used', errors);
    },
  },
};

interface LimitItem {
  type?: string;
  max?: ResourceList;
  min?: ResourceList;
  default?: ResourceList;
  defaultRequest?: ResourceList;
  maxLimitRequestRatio?: ResourceList;
}

const LIMIT_TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
/** Up to here thousandths fit into 64 bits. */
const MILLI_SAFE_MAX = (1n << 63n) / 1000n;

function read(list: ResourceList | undefined, name: string): Quantity | undefined {
  const text = list?.[name];
  return text === undefined ? undefined : Quantity.parse(text);
}

function above(left: Quantity | undefined, right: Quantity | undefined): boolean {
  return left !== undefined && right !== undefined && left.compare(right) > 0;
}

/** How min, max, defaults and ratio of one resource relate. */
function validateRelations(item: LimitItem, name: string, at: string, errors: FieldErrors): void {
  const min = read(item.min, name);
  const max = read(item.max, name);
  const limit = item.type === 'Pod' ? undefined : read(item.default, name);
  const request = item.type === 'Pod' ? undefined : read(item.defaultRequest, name);
  const ratio = read(item.maxLimitRequestRatio, name);
  const refuse = (field: string, value: Quantity | undefined, detail: string): void =>
    errors.invalid(`${at}.${field}[${name}]`, String(value), detail);
  if (above(min, max)) refuse('min', min, `min value ${min} is greater than max value ${max}`);
  if (above(min, request)) refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (above(request, max)) refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (above(request, limit)) {
    refuse('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`);
  }
  if (above(min, limit)) refuse('default', min, `min value ${min} is greater than default value ${limit}`);
  if (above(limit, max)) refuse('default', max, `default value ${limit} is greater than max value ${max}`);
  if (ratio !== undefined) {
    if (ratio.compare(Quantity.of(1n)) < 0) refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    if (min !== undefined && max !== undefined) {
      const exact = [ratio, min, max].every((amount) => amount.value() < MILLI_SAFE_MAX);
      const number = (amount: Quantity): number => Number(exact ? amount.milliValue() : amount.value());
      const bound = number(max) / number(min);
      if ((exact ? number(ratio) / 1000 : number(ratio)) > bound) {
        refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${bound.toFixed(6)}`);
      }
    }
  }
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && limit.compare(request) !== 0) {
    refuse('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`);
  }
}

function validateLimitType(type: string, at: string, errors: FieldErrors): void {
  const messages = isQualifiedName(type);
  errors.invalidEach(at, type, messages);
  if (messages.length === 0 && !type.includes('/') && !LIMIT_TYPES.has(type)) {
    errors.invalid(at, type, 'must be a standard limit type or fully qualified');
  }
}

/** Limit ranges. */
export const limitRangeValidation: KindValidation = {
  metadataOnUpdate: 'create',
  create: (object, errors) => {
    const types = new Set<string>();
    ((object['spec'] as { limits?: LimitItem[] } | undefined)?.limits ?? []).forEach((item, i) => {
      const at = `spec.limits[${i}]`;
      const { type = '' } = item;
      validateLimitType(type, `${at}.type`, errors);
      if (types.has(type)) errors.duplicate(`${at}.type`, type);
      types.add(type);
      const names = new Set<string>();
      const check = type === 'Pod' || type === 'Container' ? validateContainerResourceName : validateResourceName;
      const collect = (field: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio'): void => {
        for (const name in item[field]) {
          check(name, `${at}.${field}[${name}]`, errors);
          names.add(name);
        }
      };
      collect('max');
      collect('min');
      for (const field of ['default', 'defaultRequest'] as const) {
        if (type !== 'Pod') collect(field);
        else if (Object.keys(item[field] ?? {}).length > 0) {
          errors.forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'");
        }
      }
      if (type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
        errors.required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
      }
      collect('maxLimitRequestRatio');
      for (const name of names) validateRelations(item, name, at, errors);
    });
  },
};
