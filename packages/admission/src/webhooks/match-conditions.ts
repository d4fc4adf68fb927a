/** `matchConditions` of webhooks and policies: which requests they want, as CEL expressions. */
import type { Schema } from '@k/apimachinery';
import { newForbidden, type StatusError } from '@k/apimachinery';
import type { AdmissionExpressions, ExpressionContext } from '../cel/admission-expressions.js';
import { CelAuthorizer } from '../cel/authorizer.js';
import { CelBudgetError, CelCompileError, CelEvaluationError } from '../cel/errors.js';
import type { CelExpression } from '../cel/expression.js';
import type { CelBudget } from '../cel/program.js';
import { toCelValue } from '../cel/values.js';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import type { WebhookType } from './types.js';
import type { VersionedRequest } from './versioned-request.js';

/** Units that all conditions of one webhook or policy may use up for one request. */
export const MATCH_CONDITIONS_COST_MAX = 2_500_000;

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** Whose conditions they are. */
export interface ConditionsOwner {
  name: string;
  kind: 'webhook' | 'policy';
  /** How metrics tell the phases apart. */
  type: WebhookType | 'validate';
  conditions: readonly { name: string; expression: string }[];
  failurePolicy: 'Fail' | 'Ignore' | undefined;
}

/** The conditions of one webhook or policy, compiled. */
export class MatchConditions {
  readonly #owner: ConditionsOwner;
  readonly #compiled: readonly (CelExpression | CelCompileError)[];
  readonly #dependencies: AdmissionDependencies;

  constructor(owner: ConditionsOwner, expressions: AdmissionExpressions, context: ExpressionContext, dependencies: AdmissionDependencies) {
    this.#owner = owner;
    this.#dependencies = dependencies;
    this.#compiled = owner.conditions.map(({ expression }) => {
      try {
        return expressions.compile(expression, context, ['bool']);
      } catch (error) {
        if (error instanceof CelCompileError) return error;
        throw error;
      }
    });
  }

  /** True when there is nothing to evaluate. */
  get isEmpty(): boolean {
    return this.#compiled.length === 0;
  }

  /**
   * True when all hold. The first that is false ends it; errors only count when none is false, and then the failure
   * policy decides.
   *
   * @throws StatusError 403 with the errors, under failure policy `Fail`.
   */
  async match(request: AdmissionRequest, versioned: VersionedRequest): Promise<boolean> {
    if (this.#compiled.length === 0) return true;
    const outcome = await this.evaluate(request.operation, variablesOf(request, versioned, this.#dependencies, this.#compiled));
    if (typeof outcome === 'string') throw refusal(request, outcome);
    return outcome;
  }

  /** Whether all hold for these variables, or the text of the errors under failure policy `Fail`. */
  async evaluate(operation: AdmissionRequest['operation'], variables: Record<string, unknown>): Promise<boolean | string> {
    const { metrics } = this.#dependencies;
    const { name, kind, type, failurePolicy } = this.#owner;
    const labels = { name, kind, type, operation };
    const started = performance.now();
    const errors: string[] = [];
    const count = (what: string): void => metrics?.increment(`apiserver_admission_match_condition_${what}_total`, labels);
    try {
      const budget: CelBudget = { left: MATCH_CONDITIONS_COST_MAX };
      for (const [i, expression] of this.#compiled.entries()) {
        if (budget.left < 0) break;
        const result = await this.#evaluate(expression, i, variables, budget);
        if (typeof result === 'string') {
          errors.push(result);
          count('evaluation_errors');
        } else if (!result) {
          count('exclusions');
          return false;
        }
      }
    } finally {
      metrics?.observe('apiserver_admission_match_condition_evaluation_seconds', labels, (performance.now() - started) / 1000);
    }
    if (errors.length === 0) return true;
    if (failurePolicy !== 'Ignore') return aggregate(errors);
    count('exclusions');
    return false;
  }

  /** What a condition says, or the text of its error. */
  async #evaluate(
    expression: CelExpression | CelCompileError,
    index: number,
    variables: Record<string, unknown>,
    budget: CelBudget,
  ): Promise<boolean | string> {
    if (expression instanceof CelCompileError) return `compilation error: ${expression.message}`;
    try {
      return (await expression.program.run(variables, budget)) !== false;
    } catch (error) {
      if (error instanceof CelBudgetError) return OUT_OF_BUDGET;
      if (!(error instanceof CelEvaluationError)) throw error;
      return `expression '${this.#owner.conditions[index]?.expression}' resulted in error: ${error.message}`;
    }
  }
}

/** Several errors as one text, each once. */
function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] as string) : `[${distinct.join(', ')}]`;
}

function refusal(request: AdmissionRequest, text: string): StatusError {
  return newForbidden({ group: request.resource.group, resource: request.resource.resource }, request.name, text);
}

/** Only what some expression reads is converted. */
function variablesOf(
  request: AdmissionRequest,
  versioned: VersionedRequest,
  { catalogue, authorize }: AdmissionDependencies,
  expressions: readonly (CelExpression | CelCompileError)[],
): Record<string, unknown> {
  const reads = (name: string): boolean =>
    expressions.some((expression) => !(expression instanceof CelCompileError) && expression.names.has(name));
  const { group, version, kind } = versioned.target.kind;
  const schema: Schema | undefined = catalogue.findKind(group, version, kind)?.version.schema;
  const variables: Record<string, unknown> = {};
  if (reads('object')) variables['object'] = toCelValue(versioned.object, schema);
  if (reads('oldObject')) variables['oldObject'] = toCelValue(versioned.oldObject, schema);
  if (reads('request')) variables['request'] = toCelValue(versioned.describe());
  if (reads('namespaceObject')) variables['namespaceObject'] = null;
  if (reads('authorizer')) variables['authorizer'] = new CelAuthorizer(request, authorize);
  return variables;
}
