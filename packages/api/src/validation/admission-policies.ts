/** Validating and mutating admission policies with their bindings. The expression language is not this package's. */
import type { FieldError, KubeObject } from '@k/apimachinery';
import {
  isCelIdentifier,
  type MatchResources,
  type ParamKind,
  type ParamRef,
  validateConditionName,
  validateMatchResources,
  validateParamKind,
  validateParamRef,
} from './admission-policy-parts.js';
import { validateConditions } from './conditions.js';
import { deepEqual, FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isQualifiedName } from './names.js';

/**
 * Compiles the expressions of one policy, in order: variables can be read by what comes behind them. Each answers with
 * what is wrong, or null.
 */
export interface PolicyExpressions {
  condition(text: string): string | null;
  variable(name: string, text: string): string | null;
  validation(text: string): string | null;
  message(text: string): string | null;
  auditAnnotation(text: string): string | null;
  mutation(patchType: string, text: string): string | null;
}

interface PolicySpec {
  failurePolicy?: string;
  paramKind?: ParamKind;
  matchConstraints?: MatchResources;
  matchConditions?: { name?: string; expression?: string }[];
  variables?: { name?: string; expression?: string }[];
  validations?: { expression?: string; message?: string; messageExpression?: string; reason?: string }[];
  auditAnnotations?: { key?: string; valueExpression?: string }[];
  mutations?: Mutation[];
  reinvocationPolicy?: string;
}

interface Mutation {
  patchType?: string;
  applyConfiguration?: { expression?: string };
  jsonPatch?: { expression?: string };
}

interface BindingSpec {
  policyName?: string;
  paramRef?: ParamRef;
  matchResources?: MatchResources;
  validationActions?: string[];
}

const CONDITIONS_MAX = 64;
const ANNOTATIONS_MAX = 20;
const ANNOTATION_BYTES_MAX = 5 * 1024;
const LINE_BREAK = /[\r\n]/;
const UNKNOWN: PolicyExpressions = {
  condition: () => null,
  variable: () => null,
  validation: () => null,
  message: () => null,
  auditAnnotation: () => null,
  mutation: () => null,
};

/**
 * All errors of a policy, those of its expressions in their places.
 *
 * @param expressions - Makes the compiler; `hasParams` says whether the policy has parameters. Absent: they are not compiled.
 */
export function validatePolicy(
  object: KubeObject,
  old: KubeObject | null,
  isMutating: boolean,
  expressions?: (hasParams: boolean) => PolicyExpressions,
): FieldError[] {
  const errors = new FieldErrors();
  const spec = (object['spec'] ?? {}) as PolicySpec;
  const compile = expressions?.(spec.paramKind !== undefined) ?? UNKNOWN;
  const policy = new PolicyCheck(errors, compile);
  policy.common(spec, (old?.['spec'] as PolicySpec | undefined) ?? null, isMutating);
  if (isMutating) policy.mutating(spec);
  else policy.validating(spec, object.metadata?.name ?? '');
  return errors.list;
}

class PolicyCheck {
  readonly #errors: FieldErrors;
  readonly #expressions: PolicyExpressions;

  constructor(errors: FieldErrors, expressions: PolicyExpressions) {
    this.#errors = errors;
    this.#expressions = expressions;
  }

  common(spec: PolicySpec, old: PolicySpec | null, isMutating: boolean): void {
    const errors = this.#errors;
    if (spec.failurePolicy === undefined) errors.required('spec.failurePolicy');
    else errors.oneOf('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']);
    if (spec.paramKind !== undefined) validateParamKind(spec.paramKind, 'spec.paramKind', errors);
    const { matchConstraints } = spec;
    if (matchConstraints === undefined) errors.required('spec.matchConstraints');
    else {
      validateMatchResources(matchConstraints, 'spec.matchConstraints', errors);
      const rules = matchConstraints.resourceRules ?? [];
      if (rules.length === 0) errors.required('spec.matchConstraints.resourceRules');
      const isDelete = isMutating && rules.some(({ operations }) => operations?.includes('DELETE'));
      if (isDelete) errors.notSupported('spec.matchConstraints.resourceRules.operations', 'DELETE', ['*', 'CONNECT', 'CREATE', 'UPDATE']);
    }
    // Conditions that are stored already may stay as they are.
    if (old === null || !deepEqual(spec.matchConditions, old.matchConditions)) this.#conditions(spec.matchConditions ?? []);
    spec.variables?.forEach(({ name = '', expression = '' }, i) => {
      const at = `spec.variables[${i}]`;
      if (name.trim() === '') errors.required(`${at}.name`, 'name is not specified');
      else if (!isCelIdentifier(name)) errors.invalid(`${at}.name`, name, 'must be a valid CEL identifier');
      if (expression.trim() === '') errors.required(`${at}.expression`, 'expression is not specified');
      else this.#compiled(`${at}.expression`, expression, this.#expressions.variable(name, expression));
    });
  }

  validating(spec: PolicySpec, name: string): void {
    const { validations = [], auditAnnotations = [] } = spec;
    if (validations.length === 0 && auditAnnotations.length === 0) {
      const detail = 'validations or auditAnnotations must contain at least one item';
      this.#errors.required('spec.validations', detail);
      this.#errors.required('spec.auditAnnotations', detail);
      return;
    }
    for (const [i, validation] of validations.entries()) this.#validation(validation, `spec.validations[${i}]`);
    if (auditAnnotations.length > ANNOTATIONS_MAX) {
      // As Go prints its structs.
      const shown = auditAnnotations.map(({ key = '', valueExpression = '' }) => ({ Key: key, ValueExpression: valueExpression }));
      this.#errors.invalid('spec.auditAnnotations', shown, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`);
    }
    const keys = new Set<string>();
    auditAnnotations.forEach(({ key = '', valueExpression = '' }, i) => {
      const at = `spec.auditAnnotations[${i}]`;
      this.#annotation(name, key, valueExpression, at);
      if (keys.has(key)) this.#errors.duplicate(`${at}.key`, key);
      keys.add(key);
    });
  }

  mutating(spec: PolicySpec): void {
    const { mutations = [], reinvocationPolicy = '' } = spec;
    if (mutations.length === 0) this.#errors.required('spec.mutations', 'mutations must contain at least one item');
    for (const [i, mutation] of mutations.entries()) this.#mutation(mutation, `spec.mutations[${i}]`);
    if (reinvocationPolicy === '') this.#errors.required('spec.reinvocationPolicy');
    else this.#errors.oneOf('spec.reinvocationPolicy', reinvocationPolicy, ['IfNeeded', 'Never']);
  }

  #compiled(at: string, expression: string, fault: string | null): void {
    if (fault !== null) this.#errors.invalid(at, expression, fault);
  }

  #conditions(conditions: NonNullable<PolicySpec['matchConditions']>): void {
    const at = 'spec.matchConditions';
    if (conditions.length > CONDITIONS_MAX) this.#errors.tooMany(at, conditions.length, CONDITIONS_MAX);
    const names = new Set<string>();
    conditions.forEach(({ name = '', expression = '' }, i) => {
      const text = expression.trim();
      if (text === '') this.#errors.required(`${at}[${i}].expression`);
      else this.#compiled(`${at}[${i}].expression`, text, this.#expressions.condition(text));
      validateConditionName(name, `${at}[${i}].name`, this.#errors);
      if (name !== '' && names.has(name)) this.#errors.duplicate(`${at}[${i}].name`, name);
      names.add(name);
    });
  }

  #validation(validation: NonNullable<PolicySpec['validations']>[number], at: string): void {
    const { expression = '', message = '', messageExpression = '', reason } = validation;
    const errors = this.#errors;
    if (expression.trim() === '') errors.required(`${at}.expression`, 'expression is not specified');
    else this.#compiled(`${at}.expression`, expression, this.#expressions.validation(expression));
    if (messageExpression !== '' && messageExpression.trim() === '') {
      errors.invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified');
    } else if (messageExpression !== '') {
      this.#compiled(`${at}.messageExpression`, messageExpression, this.#expressions.message(messageExpression));
    }
    // Upstream means to ask for a message when the expression has several lines, and never does.
    if (message !== '' && message.trim() === '') errors.invalid(`${at}.message`, message, 'must be non-empty if specified');
    else if (LINE_BREAK.test(message.trim())) errors.invalid(`${at}.message`, message, 'must not contain line breaks');
    if (reason !== undefined) errors.oneOf(`${at}.reason`, reason, ['Forbidden', 'Invalid', 'RequestEntityTooLarge']);
  }

  #annotation(name: string, key: string, expression: string, at: string): void {
    const errors = this.#errors;
    const full = `${name}/${key}`;
    if (name === '') errors.invalid(`${at}.key`, key, 'requires metadata.name be non-empty');
    else errors.invalidEach(`${at}.key`, full, isQualifiedName(full));
    const text = expression.trim();
    if (text === '') errors.required(`${at}.valueExpression`, 'valueExpression is not specified');
    else if (Buffer.byteLength(text) > ANNOTATION_BYTES_MAX) {
      errors.required(`${at}.valueExpression`, `must not exceed ${ANNOTATION_BYTES_MAX} bytes in length`);
    } else this.#compiled(`${at}.valueExpression`, expression, this.#expressions.auditAnnotation(expression));
  }

  #mutation({ patchType = '', applyConfiguration, jsonPatch }: Mutation, at: string): void {
    const errors = this.#errors;
    if (patchType === '') {
      errors.required(`${at}.patchType`);
      return;
    }
    if (patchType !== 'ApplyConfiguration' && patchType !== 'JSONPatch') {
      errors.notSupported(`${at}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']);
      return;
    }
    const isApply = patchType === 'ApplyConfiguration';
    const [own, ownField, other, otherField] = isApply
      ? [applyConfiguration, 'applyConfiguration', jsonPatch, 'jsonPatch']
      : [jsonPatch, 'jsonPatch', applyConfiguration, 'applyConfiguration'];
    if (own === undefined) errors.required(`${at}.${ownField}`, `must be specified when patchType is ${patchType}`);
    else {
      const { expression = '' } = own;
      if (expression.trim() === '') errors.required(`${at}.${ownField}.expression`, 'expression is not specified');
      else this.#compiled(`${at}.${ownField}.expression`, expression, this.#expressions.mutation(patchType, expression));
    }
    if (other !== undefined)
      errors.invalid(`${at}.${otherField}`, `{${otherField}}`, `must not be specified when patchType is ${patchType}`);
  }
}

function validateBinding(object: KubeObject, errors: FieldErrors): BindingSpec {
  const spec = (object['spec'] ?? {}) as BindingSpec;
  const { policyName = '', paramRef, matchResources } = spec;
  if (policyName === '') errors.required('spec.policyName');
  else errors.invalidEach('spec.policyName', policyName, isDns1123Subdomain(policyName));
  if (paramRef !== undefined) validateParamRef(paramRef, 'spec.paramRef', errors);
  // The path is spelled as upstream spells it.
  if (matchResources !== undefined) validateMatchResources(matchResources, 'spec.matchResouces', errors);
  return spec;
}

function validateActions(actions: readonly string[], errors: FieldErrors): void {
  const at = 'spec.validationActions';
  if (actions.length === 0) errors.required(at, 'at least one validation action is required');
  const seen = new Set<string>();
  for (const [i, action] of actions.entries()) {
    errors.oneOf(`${at}[${i}]`, action, ['Audit', 'Deny', 'Warn']);
    if (seen.has(action)) errors.duplicate(`${at}[${i}]`, action);
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    const why = 'repeating the same validation failure information in the API response and headers serves no purpose';
    errors.invalid(at, [...actions], `must not contain both Deny and Warn (${why})`);
  }
}

interface PolicyStatus {
  conditions?: unknown[];
  typeChecking?: { expressionWarnings?: { fieldRef?: string; warning?: string }[] };
}

function validateStatus(object: KubeObject, errors: FieldErrors): void {
  const { conditions, typeChecking } = (object['status'] ?? {}) as PolicyStatus;
  validateConditions(conditions as never, 'status.conditions', errors);
  typeChecking?.expressionWarnings?.forEach(({ fieldRef = '', warning = '' }, i) => {
    const at = `status.typeChecking.expressionWarnings[${i}]`;
    if (warning.trim() === '') errors.required(`${at}.warning`);
    if (fieldRef.trim() === '') errors.required(`${at}.fieldRef`);
  });
}

const policyValidation = (isMutating: boolean): KindValidation => ({
  create: (object, errors) => errors.list.push(...validatePolicy(object, null, isMutating)),
  update: (object, old, errors) => errors.list.push(...validatePolicy(object, old, isMutating)),
});

export const validatingPolicyValidation: KindValidation = {
  ...policyValidation(false),
  subresources: { status: (object, _old, errors) => validateStatus(object, errors) },
};
export const mutatingPolicyValidation: KindValidation = policyValidation(true);
export const validatingPolicyBindingValidation: KindValidation = {
  create: (object, errors) => validateActions(validateBinding(object, errors).validationActions ?? [], errors),
};
export const mutatingPolicyBindingValidation: KindValidation = { create: (object, errors) => void validateBinding(object, errors) };
