/** One evaluation of a policy's expressions: the same variables and one budget for all of them. */
import type { KubeObject, Schema } from '@k/apimachinery';
import { CelAuthorizer } from '../cel/authorizer.js';
import { CelBudgetError, CelCompileError, CelEvaluationError } from '../cel/errors.js';
import { CelScope } from '../cel/functions/translated.js';
import type { CelBudget } from '../cel/program.js';
import { toCelValue } from '../cel/values.js';
import type { AdmissionDependencies } from '../interface.js';
import type { VersionedRequest } from '../webhooks/versioned-request.js';
import type { Compiled, CompiledPolicy } from './compiled-policy.js';
import { namespaceValue } from './namespace-value.js';

/** Units that one expression may use up. */
export const EXPRESSION_COST_MAX = 1_000_000;
/** Units that all expressions of one policy may use up for one binding and parameter. */
export const POLICY_COST_MAX = 10_000_000;
export const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** All expressions together used up the budget; nothing further may run. */
export class OutOfBudgetError extends Error {
  constructor() {
    super(OUT_OF_BUDGET);
  }
}

/** What an expression gave, or the text of its error. */
export type Outcome = { value: unknown } | { error: string; isCompileError?: boolean };

/** What the expressions of a policy read. */
export interface EvaluationInput {
  versioned: VersionedRequest;
  params: KubeObject | null;
  /** Null for cluster-scoped objects. */
  namespace: KubeObject | null;
}

/** Values that are made when an expression first reads them; shared by evaluations of the same request. */
export class InputValues {
  readonly [name: string]: unknown;

  constructor(input: EvaluationInput, dependencies: AdmissionDependencies, object: KubeObject | null = input.versioned.object) {
    const { versioned, params, namespace } = input;
    const { catalogue, authorize } = dependencies;
    const { group, version, kind } = versioned.target.kind;
    const schema = (): Schema | undefined => catalogue.findKind(group, version, kind)?.version.schema;
    const make: Readonly<Record<string, () => unknown>> = {
      object: () => toCelValue(object, schema()),
      oldObject: () => toCelValue(versioned.oldObject, schema()),
      request: () => toCelValue(versioned.describe()),
      params: () => toCelValue(params),
      namespaceObject: () => namespaceValue(namespace),
      authorizer: () => new CelAuthorizer(versioned.request, authorize),
    };
    for (const name of Object.keys(make)) {
      let made: { value: unknown } | undefined;
      Object.defineProperty(this, name, {
        enumerable: true,
        get: () => {
          made ??= { value: (make[name] as () => unknown)() };
          return made.value;
        },
      });
    }
  }
}

/** Evaluates the expressions of one policy for one request, binding and parameter. */
export class Evaluation {
  readonly #policy: CompiledPolicy;
  readonly #values: Record<string, unknown>;
  readonly #budget: CelBudget;
  readonly #memo = new Map<string, Outcome | Promise<Outcome>>();

  /** @param budget - Shared by what counts together. Default: a whole one. */
  constructor(policy: CompiledPolicy, values: InputValues, budget: CelBudget = { left: POLICY_COST_MAX }) {
    this.#policy = policy;
    this.#budget = budget;
    // Looked up before the values, which stay as they are.
    this.#values = Object.create(values, { _scope: { value: new CelScope((name) => this.#variable(name)) } }) as Record<string, unknown>;
  }

  /** Variables for match conditions, which see no namespace. */
  conditionValues(): Record<string, unknown> {
    return Object.create(this.#values, { namespaceObject: { value: {} } }) as Record<string, unknown>;
  }

  /**
   * One expression.
   *
   * @throws {@link OutOfBudgetError}
   */
  evaluate(compiled: Compiled): Outcome | Promise<Outcome> {
    const { text, expression } = compiled;
    if (expression instanceof CelCompileError) return { error: `compilation error: ${expression.message}`, isCompileError: true };
    const failed = (error: unknown): Outcome => ({ error: `expression '${text}' resulted in error: ${this.#reason(error)}` });
    return this.#run(compiled, (value) => ({ value }), failed);
  }

  #run(compiled: Compiled, done: (value: unknown) => Outcome, failed: (error: unknown) => Outcome): Outcome | Promise<Outcome> {
    const budget = this.#budget;
    const given = Math.min(EXPRESSION_COST_MAX, budget.left);
    const own: CelBudget = { left: given };
    const isLast = given < EXPRESSION_COST_MAX;
    const charge = (): void => {
      budget.left -= given - own.left;
      if (budget.left < 0 || (isLast && own.left < 0)) throw new OutOfBudgetError();
    };
    const succeed = (value: unknown): Outcome => {
      charge();
      return done(value);
    };
    const fail = (error: unknown): Outcome => {
      charge();
      return failed(error);
    };
    const { expression } = compiled;
    if (expression instanceof CelCompileError) return failed(expression);
    let value: unknown;
    try {
      value = expression.program.run(this.#values, own);
    } catch (error) {
      return fail(error);
    }
    return value instanceof Promise ? value.then(succeed, fail) : succeed(value);
  }

  #reason(error: unknown): string {
    if (error instanceof OutOfBudgetError) throw error;
    if (error instanceof CelBudgetError || error instanceof CelEvaluationError) return error.message;
    throw error;
  }

  /** The value of a variable: evaluated once, and only when it is read. */
  #variable(name: string): unknown {
    const compiled = this.#policy.variables.get(name);
    if (compiled === undefined) throw new CelEvaluationError(`no such key: ${name}`);
    let outcome = this.#memo.get(name);
    if (outcome === undefined) {
      const { expression } = compiled;
      if (expression instanceof CelCompileError) {
        outcome = { error: `composited variable "${name}" fails to compile: ${expression.message}` };
      } else {
        const failed = (error: unknown): Outcome => ({ error: `composited variable "${name}" fails to evaluate: ${this.#reason(error)}` });
        outcome = this.#run(compiled, (value) => ({ value }), failed);
      }
      this.#memo.set(name, outcome);
    }
    return outcome instanceof Promise ? outcome.then(contentOf) : contentOf(outcome);
  }
}

function contentOf(outcome: Outcome): unknown {
  if ('error' in outcome) throw new CelEvaluationError(outcome.error);
  return outcome.value;
}
