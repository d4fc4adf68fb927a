/** The mutations of one policy, one after the other, over one object. */
import { isDeepStrictEqual } from 'node:util';
import type { ServedResource } from '@k/api';
import { type KubeObject, newStatusError } from '@k/apimachinery';
import type { AdmissionDependencies } from '../interface.js';
import { applyConfiguration } from './apply-configuration.js';
import type { CompiledPolicy } from './compiled-policy.js';
import { completeObject } from './complete-object.js';
import { Evaluation, type EvaluationInput, InputValues, OutOfBudgetError, POLICY_COST_MAX } from './evaluation.js';
import { applyPatchValue } from './json-patch.js';
import { JsonValueError } from './json-value.js';
import { MutationError } from './mutation-error.js';

/** What a policy made of an object. */
export interface Mutated {
  object: KubeObject;
  isChanged: boolean;
  errors: string[];
  isCompileError: boolean;
}

/** Runs them. */
export class MutationRun {
  readonly #dependencies: AdmissionDependencies;

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Later mutations see what earlier ones did; one that fails does not keep the others from running.
   *
   * @throws StatusError 503 when the kind has no schema (yet), 500 when a result is no object of the kind.
   */
  async run(policy: CompiledPolicy, input: EvaluationInput): Promise<Mutated> {
    const before = input.versioned.object as KubeObject;
    const outcome: Mutated = { object: before, isChanged: false, errors: [], isCompileError: false };
    const evaluationOf = (object: KubeObject): Evaluation =>
      new Evaluation(policy, new InputValues(input, this.#dependencies, object), { left: POLICY_COST_MAX });
    if (!policy.conditions.isEmpty) {
      const { operation } = input.versioned.request;
      const matches = await policy.conditions.evaluate(operation, evaluationOf(before).conditionValues());
      if (typeof matches === 'string') return { ...outcome, errors: [matches] };
      if (!matches) return outcome;
    }
    const served = this.#servedOf(input);
    for (const mutation of policy.mutations) {
      try {
        const result = await evaluationOf(outcome.object).evaluate(mutation);
        if ('error' in result) {
          outcome.errors.push(result.error);
          outcome.isCompileError ||= result.isCompileError === true;
          continue;
        }
        const { object } = outcome;
        const isApply = mutation.patchType === 'ApplyConfiguration';
        const changed = isApply ? applyConfiguration(object, result.value, served.version.schema) : applyPatchValue(object, result.value);
        if (changed !== object) outcome.object = completeObject(changed, served);
      } catch (error) {
        const isOurs = error instanceof MutationError || error instanceof OutOfBudgetError || error instanceof JsonValueError;
        if (!isOurs) throw error;
        outcome.errors.push(error.message);
      }
    }
    outcome.isChanged = outcome.object !== before && !isDeepStrictEqual(before, outcome.object);
    return outcome;
  }

  #servedOf({ versioned }: EvaluationInput): ServedResource {
    const { group, version, kind } = versioned.target.kind;
    const served = this.#dependencies.catalogue.findKind(group, version, kind);
    if (served !== undefined) return served;
    const name = `${group === '' ? '' : `${group}/`}${version}, Kind=${kind}`;
    const why = 'There can be a delay between when CustomResourceDefinitions are created and when they are available.';
    throw newStatusError(503, 'ServiceUnavailable', `Resource kind ${name} not found. ${why}`);
  }
}
