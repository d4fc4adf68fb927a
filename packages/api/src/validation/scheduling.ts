import { type FieldErrors, MUST_BE_POSITIVE } from './field-errors.js';
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from './names.js';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from './scheduling-types.js';
import { type Selector, validateSelector } from './selectors.js';

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** The effect of a taint. */
export function validateTaintEffect(effect: string, at: string, errors: FieldErrors): void {
  if (effect === '') errors.required(at);
  else errors.oneOf(at, effect, TAINT_EFFECTS);
}

/** Tolerations of a pod or of a runtime class. */
export function validateTolerations(tolerations: Toleration[] | undefined, at: string, errors: FieldErrors): void {
  tolerations?.forEach(({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, i) => {
    const path = `${at}[${i}]`;
    if (key !== '') errors.invalidEach(`${path}.key`, key, isQualifiedName(key));
    else if (operator !== 'Exists') {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.invalid(`${path}.operator`, operator, detail);
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (operator === 'Equal' || operator === '') {
      const messages = isLabelValue(value);
      if (messages.length > 0) errors.invalid(`${path}.operator`, value, messages.join(';'));
    } else if (operator === 'Exists') {
      if (value !== '') errors.invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'");
    } else errors.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']);
    if (effect !== '') validateTaintEffect(effect, `${path}.effect`, errors);
  });
}

function validateNodeLabels(requirement: NodeSelectorRequirement, checkValues: boolean, at: string, errors: FieldErrors): void {
  const { key = '', operator = '', values = [] } = requirement;
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) errors.required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else errors.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  errors.invalidEach(`${at}.key`, key, isQualifiedName(key));
  if (!checkValues) return;
  values.forEach((value, i) => {
    errors.invalidEach(`${at}.values[${i}]`, value, isLabelValue(value));
  });
}

function validateNodeFields({ key = '', operator = '', values = [] }: NodeSelectorRequirement, at: string, errors: FieldErrors): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1) {
      errors.required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    }
  } else errors.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  if (key !== 'metadata.name') {
    errors.invalid(`${at}.key`, key, 'not a valid field selector key');
    return;
  }
  values.forEach((value, i) => {
    errors.invalidEach(`${at}.values[${i}]`, value, isDns1123Subdomain(value));
  });
}

function validateNodeTerm(term: NodeSelectorTerm, checkValues: boolean, at: string, errors: FieldErrors): void {
  term.matchExpressions?.forEach((requirement, i) => {
    validateNodeLabels(requirement, checkValues, `${at}.matchExpressions[${i}]`, errors);
  });
  term.matchFields?.forEach((requirement, i) => {
    validateNodeFields(requirement, `${at}.matchFields[${i}]`, errors);
  });
}

/** A selector of nodes: any of its terms. */
export function validateNodeSelector(selector: NodeSelector, at: string, errors: FieldErrors): void {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) errors.required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term');
  terms.forEach((term, i) => {
    validateNodeTerm(term, true, `${at}.nodeSelectorTerms[${i}]`, errors);
  });
}

function validateWeight(weight: number | undefined, at: string, errors: FieldErrors): void {
  if (weight === undefined || weight < 1 || weight > 100) errors.invalid(`${at}.weight`, weight ?? 0, 'must be in the range 1-100');
}

function validateLabelKeys(keys: string[] | undefined, selector: Selector | undefined, at: string, errors: FieldErrors): void {
  if (keys === undefined || keys.length === 0) return;
  if (selector === undefined) {
    errors.forbidden(at, 'must not be specified when labelSelector is not set');
    return;
  }
  keys.forEach((key, i) => {
    errors.invalidEach(`${at}[${i}]`, key, isQualifiedName(key));
  });
}

function validatePodTerm(term: PodAffinityTerm, at: string, errors: FieldErrors): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [], topologyKey = '' } = term;
  validateSelector(labelSelector, `${at}.labelSelector`, errors);
  validateSelector(term.namespaceSelector, `${at}.namespaceSelector`, errors);
  for (const name of term.namespaces ?? []) errors.invalidEach(`${at}.namespace`, name, isDns1123Label(name));
  validateLabelKeys(matchLabelKeys, labelSelector, `${at}.matchLabelKeys`, errors);
  validateLabelKeys(mismatchLabelKeys, labelSelector, `${at}.mismatchLabelKeys`, errors);
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key = '' } of labelSelector?.matchExpressions ?? []) {
    const i = matchLabelKeys.indexOf(key);
    if (i >= 0 && seen.has(key)) errors.invalid(`${at}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector');
    seen.add(key);
  }
  matchLabelKeys.forEach((key, i) => {
    if (mismatchLabelKeys.includes(key)) {
      errors.invalid(`${at}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
    }
  });
  if (topologyKey === '') errors.required(`${at}.topologyKey`, 'can not be empty');
  errors.invalidEach(`${at}.topologyKey`, topologyKey, isQualifiedName(topologyKey));
}

function validatePodAffinity(affinity: PodAffinity | undefined, at: string, errors: FieldErrors): void {
  affinity?.[REQUIRED]?.forEach((term, i) => {
    validatePodTerm(term, `${at}.${REQUIRED}[${i}]`, errors);
  });
  affinity?.[PREFERRED]?.forEach(({ weight, podAffinityTerm }, i) => {
    const path = `${at}.${PREFERRED}[${i}]`;
    validateWeight(weight, path, errors);
    validatePodTerm(podAffinityTerm ?? {}, `${path}.podAffinityTerm`, errors);
  });
}

/** Affinities of a pod. */
export function validateAffinity(affinity: Affinity | undefined, at: string, errors: FieldErrors): void {
  if (affinity === undefined) return;
  const { nodeAffinity } = affinity;
  const required = nodeAffinity?.[REQUIRED];
  if (required !== undefined) validateNodeSelector(required, `${at}.nodeAffinity.${REQUIRED}`, errors);
  nodeAffinity?.[PREFERRED]?.forEach(({ weight, preference }, i) => {
    const path = `${at}.nodeAffinity.${PREFERRED}[${i}]`;
    validateWeight(weight, path, errors);
    validateNodeTerm(preference ?? {}, false, `${path}.preference`, errors);
  });
  validatePodAffinity(affinity.podAffinity, `${at}.podAffinity`, errors);
  validatePodAffinity(affinity.podAntiAffinity, `${at}.podAntiAffinity`, errors);
}

/** How pods spread over the cluster. */
export function validateTopologySpread(constraints: TopologySpreadConstraint[] | undefined, at: string, errors: FieldErrors): void {
  constraints?.forEach((constraint, i) => {
    const path = `${at}[${i}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains, labelSelector, matchLabelKeys } = constraint;
    if (maxSkew <= 0) errors.invalid(`${path}.maxSkew`, maxSkew, MUST_BE_POSITIVE);
    if (topologyKey === '') errors.required(`${path}.topologyKey`, 'can not be empty');
    errors.oneOf(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    const again = constraints.slice(i + 1).some((other) => {
      return (other.topologyKey ?? '') === topologyKey && (other.whenUnsatisfiable ?? '') === whenUnsatisfiable;
    });
    if (again) errors.duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.invalid(`${path}.minDomains`, minDomains, MUST_BE_POSITIVE);
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.invalid(`${path}.minDomains`, minDomains, detail);
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      if (constraint[field] !== undefined) errors.oneOf(`${path}.${field}`, constraint[field], ['Honor', 'Ignore']);
    }
    validateSpreadKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`, errors);
    validateSelector(labelSelector, `${path}.labelSelector`, errors);
  });
}

function validateSpreadKeys(keys: string[] | undefined, selector: Selector | undefined, at: string, errors: FieldErrors): void {
  if (keys === undefined || keys.length === 0) return;
  if (selector === undefined) errors.forbidden(at, 'must not be specified when labelSelector is not set');
  const used = new Set([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map((term) => term.key ?? '')]);
  keys.forEach((key, i) => {
    errors.invalidEach(`${at}[${i}]`, key, isQualifiedName(key));
    if (used.has(key)) errors.invalid(`${at}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector');
  });
}
