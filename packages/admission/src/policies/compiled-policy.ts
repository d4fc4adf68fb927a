/** A policy with its expressions compiled: once for each stored version of it. */
import { selectorFromLabelSelector } from '@k/apimachinery';
import type { AdmissionExpressions, ExpressionContext } from '../cel/admission-expressions.js';
import { type CelType, DYN } from '../cel/check/types.js';
import { CelCompileError } from '../cel/errors.js';
import type { CelExpression } from '../cel/expression.js';
import type { AdmissionDependencies } from '../interface.js';
import { MatchConditions } from '../webhooks/match-conditions.js';
import type { MatchCriteria } from '../webhooks/request-matcher.js';
import type { MatchResources, MutatingSpec, PolicyObject, PolicySpec, ValidatingSpec } from './types.js';

/** An expression with its text; one that does not compile fails when it is evaluated. */
export interface Compiled {
  text: string;
  expression: CelExpression | CelCompileError;
}

export interface CompiledValidation extends Compiled {
  message: string;
  messageExpression: Compiled | null;
  reason: string;
}

export interface CompiledMutation extends Compiled {
  patchType: string;
}

/** A policy of either kind. */
export interface CompiledPolicy {
  readonly name: string;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly paramKind: { apiVersion: string; kind: string } | null;
  readonly criteria: MatchCriteria;
  readonly conditions: MatchConditions;
  readonly variables: ReadonlyMap<string, Compiled>;
  readonly validations: readonly CompiledValidation[];
  readonly auditAnnotations: readonly (Compiled & { key: string })[];
  readonly mutations: readonly CompiledMutation[];
  readonly reinvocationPolicy: 'Never' | 'IfNeeded';
}

/** `matchConstraints` or `matchResources` ready for comparison. */
export function criteriaOf(match: MatchResources = {}): MatchCriteria {
  return {
    rules: match.resourceRules ?? [],
    excludeRules: match.excludeResourceRules ?? [],
    matchPolicy: match.matchPolicy ?? 'Equivalent',
    namespaceSelector: selectorFromLabelSelector(match.namespaceSelector) ?? [],
    objectSelector: selectorFromLabelSelector(match.objectSelector) ?? [],
  };
}

/** The result that a mutation of this type has. */
export const mutationResult = (patchType: string): string => (patchType === 'JSONPatch' ? 'list(JSONPatch)' : 'Object');

/** Compiles the expressions of one policy; variables can be read by what is compiled behind them. */
export class PolicyCompiler {
  readonly #expressions: AdmissionExpressions;
  readonly #isMutating: boolean;
  readonly #hasParams: boolean;
  readonly #variables = new Map<string, CelType>();

  constructor(expressions: AdmissionExpressions, options: { isMutating: boolean; hasParams: boolean }) {
    this.#expressions = expressions;
    this.#isMutating = options.isMutating;
    this.#hasParams = options.hasParams;
  }

  /** Match conditions do not see variables. */
  get conditionContext(): ExpressionContext {
    return { hasParams: this.#hasParams, hasAuthorizer: true };
  }

  /** Declares a variable whether it compiles or not; what reads a broken one fails then. */
  variable(name: string, text: string): Compiled {
    const compiled = this.#compile(text, this.#context(true), []);
    this.#variables.set(name, compiled.expression instanceof CelCompileError ? DYN : compiled.expression.type);
    return compiled;
  }

  validation(text: string): Compiled {
    return this.#compile(text, this.#context(true), ['bool']);
  }

  message(text: string): Compiled {
    return this.#compile(text, this.#context(false), ['string']);
  }

  auditAnnotation(text: string): Compiled {
    return this.#compile(text, this.#context(true), ['string', 'null_type']);
  }

  mutation(patchType: string, text: string): Compiled {
    return this.#compile(text, this.#context(true), [mutationResult(patchType)]);
  }

  condition(text: string): Compiled {
    return this.#compile(text, this.conditionContext, ['bool']);
  }

  #context(hasAuthorizer: boolean): ExpressionContext {
    return { hasParams: this.#hasParams, hasAuthorizer, isMutating: this.#isMutating, variables: this.#variables };
  }

  #compile(text: string, context: ExpressionContext, wanted: readonly string[]): Compiled {
    try {
      return { text, expression: this.#expressions.compile(text, context, wanted) };
    } catch (error) {
      if (error instanceof CelCompileError) return { text, expression: error };
      throw error;
    }
  }
}

/** Compiles a stored policy. */
export function compilePolicy(
  policy: PolicyObject,
  dependencies: AdmissionDependencies,
  expressions: AdmissionExpressions,
): CompiledPolicy {
  const spec: PolicySpec & ValidatingSpec & MutatingSpec = policy.spec ?? {};
  const isMutating = spec.mutations !== undefined;
  const compiler = new PolicyCompiler(expressions, { isMutating, hasParams: spec.paramKind !== undefined });
  const name = policy.metadata?.name ?? '';
  const failurePolicy = spec.failurePolicy ?? 'Fail';
  const conditions = (spec.matchConditions ?? []).map((entry) => ({ ...entry, expression: entry.expression.trim() }));
  const owner = { name, kind: 'policy', type: isMutating ? 'admit' : 'validate', conditions, failurePolicy } as const;
  const variables = new Map<string, Compiled>();
  for (const variable of spec.variables ?? []) variables.set(variable.name, compiler.variable(variable.name, variable.expression));
  return {
    name,
    failurePolicy,
    paramKind: spec.paramKind === undefined ? null : { apiVersion: spec.paramKind.apiVersion ?? '', kind: spec.paramKind.kind ?? '' },
    criteria: criteriaOf(spec.matchConstraints),
    conditions: new MatchConditions(owner, expressions, compiler.conditionContext, dependencies),
    variables,
    validations: (spec.validations ?? []).map(({ expression, message = '', messageExpression = '', reason = 'Invalid' }) => ({
      ...compiler.validation(expression),
      message,
      messageExpression: messageExpression === '' ? null : compiler.message(messageExpression),
      reason,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      ...compiler.auditAnnotation(valueExpression),
      key,
    })),
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => {
      const { expression = '' } = (patchType === 'JSONPatch' ? jsonPatch : applyConfiguration) ?? {};
      return { ...compiler.mutation(patchType, expression), patchType };
    }),
    reinvocationPolicy: spec.reinvocationPolicy ?? 'Never',
  };
}
