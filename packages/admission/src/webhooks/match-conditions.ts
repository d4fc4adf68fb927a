/** `webhooks[].matchConditions`: which requests a webhook wants, as CEL expressions. */
import type { Schema } from '@k/apimachinery';
import { newForbidden, type StatusError } from '@k/apimachinery';
import type { Environment } from '@marcbachmann/cel-js';
import { CelAuthorizer } from '../cel/authorizer.js';
import { CelBudgetError, CelCompileError, CelEvaluationError } from '../cel/errors.js';
import { type CelBudget, CelProgram } from '../cel/program.js';
import { toCelValue } from '../cel/values.js';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import type { WebhookSpec, WebhookType } from './types.js';
import type { VersionedRequest } from './versioned-request.js';

/** Units that all conditions of one webhook may use up for one request. */
export const MATCH_CONDITIONS_COST_MAX = 2_500_000;

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** The conditions of one webhook, compiled. */
export class MatchConditions {
  readonly #spec: WebhookSpec;
  readonly #type: WebhookType;
  readonly #programs: readonly (CelProgram | CelCompileError)[];
  readonly #dependencies: AdmissionDependencies;

  constructor(spec: WebhookSpec, type: WebhookType, environment: Environment, dependencies: AdmissionDependencies) {
    this.#spec = spec;
    this.#type = type;
    this.#dependencies = dependencies;
    this.#programs = (spec.matchConditions ?? []).map(({ expression }) => {
      try {
        const program = new CelProgram(environment, expression);
        if (program.resultType !== 'bool' && program.resultType !== 'dyn') throw new CelCompileError('must evaluate to bool');
        return program;
      } catch (error) {
        if (error instanceof CelCompileError) return error;
        throw error;
      }
    });
  }

  /**
   * True when all hold. The first that is false ends it; errors only count when none is false, and then the failure
   * policy decides.
   *
   * @throws StatusError 403 with the errors, under failure policy `Fail`.
   */
  async match(request: AdmissionRequest, versioned: VersionedRequest): Promise<boolean> {
    if (this.#programs.length === 0) return true;
    const { metrics } = this.#dependencies;
    const labels = { name: this.#spec.name, kind: 'webhook', type: this.#type, operation: request.operation };
    const started = performance.now();
    const errors: string[] = [];
    const count = (what: string): void => metrics?.increment(`apiserver_admission_match_condition_${what}_total`, labels);
    try {
      const variables = variablesOf(request, versioned, this.#dependencies, this.#programs);
      const budget: CelBudget = { left: MATCH_CONDITIONS_COST_MAX };
      for (const [i, program] of this.#programs.entries()) {
        if (budget.left < 0) break;
        const result = await this.#evaluate(program, i, variables, budget);
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
    if (this.#spec.failurePolicy !== 'Ignore') throw refusal(request, errors);
    count('exclusions');
    return false;
  }

  /** What a condition says, or the text of its error. */
  async #evaluate(
    program: CelProgram | CelCompileError,
    index: number,
    variables: Record<string, unknown>,
    budget: CelBudget,
  ): Promise<boolean | string> {
    if (program instanceof CelCompileError) return `compilation error: ${program.message}`;
    try {
      return (await program.evaluate(variables, budget)) !== false;
    } catch (error) {
      if (error instanceof CelBudgetError) return OUT_OF_BUDGET;
      if (!(error instanceof CelEvaluationError)) throw error;
      return `expression '${this.#spec.matchConditions?.[index]?.expression}' resulted in error: ${error.message}`;
    }
  }
}

function refusal(request: AdmissionRequest, errors: readonly string[]): StatusError {
  const distinct = [...new Set(errors)];
  const text = distinct.length === 1 ? (distinct[0] as string) : `[${distinct.join(', ')}]`;
  return newForbidden({ group: request.resource.group, resource: request.resource.resource }, request.name, text);
}

/** Only what some expression reads is converted. */
function variablesOf(
  request: AdmissionRequest,
  versioned: VersionedRequest,
  { catalogue, authorize }: AdmissionDependencies,
  programs: readonly (CelProgram | CelCompileError)[],
): Record<string, unknown> {
  const reads = (name: string): boolean => programs.some((program) => program instanceof CelProgram && program.identifiers.has(name));
  const { group, version, kind } = versioned.target.kind;
  const schema: Schema | undefined = catalogue.findKind(group, version, kind)?.version.schema;
  const variables: Record<string, unknown> = {};
  if (reads('object')) variables['object'] = toCelValue(versioned.object, schema);
  if (reads('oldObject')) variables['oldObject'] = toCelValue(versioned.oldObject, schema);
  if (reads('request')) variables['request'] = toCelValue(versioned.describe());
  if (reads('authorizer')) variables['authorizer'] = new CelAuthorizer(request, authorize);
  return variables;
}
