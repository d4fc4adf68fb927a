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

interface Made {
  value: unknown;
}

/** Values that are made when an expression first reads them. */
export class InputValues {
  /** Where expressions find variables. */
  _scope: CelScope | undefined;
  /** Match conditions see no namespace. */
  isForConditions = false;
  readonly #input: EvaluationInput;
  readonly #dependencies: AdmissionDependencies;
  readonly #given: KubeObject | null;
  #object: Made | undefined;
  #oldObject: Made | undefined;
  #request: Made | undefined;
  #params: Made | undefined;
  #namespace: Made | undefined;
  #authorizer: Made | undefined;

  /** @param object - Default: the object of the request. */
  constructor(input: EvaluationInput, dependencies: AdmissionDependencies, object: KubeObject | null = input.versioned.object) {
    this.#input = input;
    this.#dependencies = dependencies;
    this.#given = object;
  }

  get object(): unknown {
    this.#object ??= { value: toCelValue(this.#given, this.#schema()) };
    return this.#object.value;
  }

  get oldObject(): unknown {
    this.#oldObject ??= { value: toCelValue(this.#input.versioned.oldObject, this.#schema()) };
    return this.#oldObject.value;
  }

  get request(): unknown {
    this.#request ??= { value: toCelValue(this.#input.versioned.describe()) };
    return this.#request.value;
  }

  get params(): unknown {
    this.#params ??= { value: toCelValue(this.#input.params) };
    return this.#params.value;
  }

  get namespaceObject(): unknown {
    if (this.isForConditions) return {};
    this.#namespace ??= { value: namespaceValue(this.#input.namespace) };
    return this.#namespace.value;
  }

  get authorizer(): unknown {
    this.#authorizer ??= { value: new CelAuthorizer(this.#input.versioned.request, this.#dependencies.authorize) };
    return this.#authorizer.value;
  }

  #schema(): Schema | undefined {
    const { group, version, kind } = this.#input.versioned.target.kind;
    return this.#dependencies.catalogue.findKind(group, version, kind)?.version.schema;
  }
}

/** Evaluates the expressions of one policy for one request, binding and parameter. */
export class Evaluation {
  readonly #policy: CompiledPolicy;
  readonly #values: InputValues;
  readonly #budget: CelBudget;
  readonly #memo = new Map<string, Outcome | Promise<Outcome>>();

  /** @param budget - Shared by what counts together. Default: a whole one. */
  constructor(policy: CompiledPolicy, values: InputValues, budget: CelBudget = { left: POLICY_COST_MAX }) {
    this.#policy = policy;
    this.#budget = budget;
    this.#values = values;
    values._scope = new CelScope((name) => this.#variable(name));
  }

  /** Variables for match conditions; what is evaluated next sees everything again. */
  conditionValues(): Record<string, unknown> {
    this.#values.isForConditions = true;
    return this.#values as unknown as Record<string, unknown>;
  }

  /**
   * One expression.
   *
   * @throws {@link OutOfBudgetError}
   */
  evaluate(compiled: Compiled): Outcome | Promise<Outcome> {
    const { text, expression } = compiled;
    if (expression instanceof CelCompileError) return { error: `compilation error: ${expression.message}`, isCompileError: true };
    this.#values.isForConditions = false;
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
      value = expression.program.run(this.#values as unknown as Record<string, unknown>, own);
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
