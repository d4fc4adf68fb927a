/** MutatingAdmissionPolicy: policies with CEL expressions change what will be stored. */
import { type KubeObject, StatusError } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { forbiddenFor } from '../response.js';
import { ADMISSION_REGISTRATION } from '../webhooks/hooks.js';
import { Reinvocation } from '../webhooks/reinvocation.js';
import { VersionedRequest } from '../webhooks/versioned-request.js';
import type { CompiledPolicy } from './compiled-policy.js';
import { type Mutated, MutationRun } from './mutation-run.js';
import { type Invocation, isExemptFromPolicies, PolicyInvocations } from './policy-invocations.js';
import { type BoundPolicy, type PolicyEntry, PolicySource } from './policy-source.js';

/** Milliseconds for all policies together. */
const POLICIES_MS_MAX = 30_000;

/** Makes the controller. */
export function mutatingAdmissionPolicy(dependencies: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(
    dependencies.objects,
    [ADMISSION_REGISTRATION, 'mutatingadmissionpolicies'],
    [ADMISSION_REGISTRATION, 'mutatingadmissionpolicybindings'],
    ['', 'namespaces'],
  );
  const source = new PolicySource(dependencies, 'mutating');
  const run = new MutatingPolicies(dependencies);
  return {
    name: 'MutatingAdmissionPolicy',
    timeoutMs: POLICIES_MS_MAX,
    supportsOperation: (operation) => operation !== 'DELETE',
    admit: (request) =>
      isExemptFromPolicies(request)
        ? undefined
        : caches.whenFilled(request, () => {
            const entries = run.likely(source.current(), request);
            return entries.length === 0 ? undefined : run.mutate(entries, request);
          }),
  };
}

interface PolicyFault {
  policy: CompiledPolicy;
  binding: BoundPolicy | null;
  message: string;
}

/** Runs policies over requests. */
export class MutatingPolicies {
  readonly #dependencies: AdmissionDependencies;
  readonly #invocations: PolicyInvocations;
  readonly #run: MutationRun;
  /** The second pass needs what the first one found out; both have the same request. */
  readonly #reinvocations = new WeakMap<AdmissionRequest, Reinvocation>();

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
    this.#invocations = new PolicyInvocations(dependencies);
    this.#run = new MutationRun(dependencies);
  }

  /** Those that may have something to do. */
  likely(entries: readonly PolicyEntry[], request: AdmissionRequest): readonly PolicyEntry[] {
    return entries.length === 0 ? entries : this.#invocations.likely(entries, request);
  }

  /** Changes `request.object`. @throws StatusError 403 with all errors of policies that do not ignore theirs. */
  async mutate(entries: readonly PolicyEntry[], request: AdmissionRequest): Promise<undefined> {
    if (request.object === null) return;
    const { invocations, faults } = await this.#invocations.find(entries, request);
    const errors: PolicyFault[] = [...faults];
    const isSecond = request.reinvocation?.isReinvocation === true;
    let state = isSecond ? this.#reinvocations.get(request) : undefined;
    if (state === undefined) {
      state = new Reinvocation();
      this.#reinvocations.set(request, state);
    } else state.begin(request);
    try {
      const namespace = invocations.length === 0 ? null : await this.#invocations.namespaceOf(request);
      for (const invocation of invocations) {
        for (const [index, params] of invocation.params.entries()) {
          const key = `${invocation.policy.name}/${invocation.binding.name}/${params?.metadata?.namespace ?? ''}/${params?.metadata?.name ?? index}`;
          if (isSecond && !state.isDue(key)) continue;
          await this.#invoke(invocation, params, namespace, { request, state, key, errors });
        }
      }
    } finally {
      state.end(request);
    }
    if (errors.length > 0) throw refusal(request, errors);
  }

  async #invoke(
    { policy, binding, target }: Invocation,
    params: KubeObject | null,
    namespace: KubeObject | null,
    pass: { request: AdmissionRequest; state: Reinvocation; key: string; errors: PolicyFault[] },
  ): Promise<void> {
    const { request, state, key, errors } = pass;
    const started = performance.now();
    const versioned = await VersionedRequest.of(request, this.#invocations.equivalents, target);
    const mutated = await this.#run.run(policy, { versioned, params, namespace });
    this.#count(policy, binding, mutated, performance.now() - started);
    if (policy.failurePolicy === 'Fail') errors.push(...mutated.errors.map((message) => ({ policy, binding, message })));
    if (mutated.isChanged) {
      const original = { resource: request.resource, kind: request.kind };
      const isSame = original.kind.version === target.kind.version && original.kind.group === target.kind.group;
      if (isSame) request.object = mutated.object;
      else [request.object = null] = await this.#invocations.equivalents.convert([mutated.object], target.resource, original);
      state.objectChanged();
      if (request.reinvocation !== undefined) request.reinvocation.reinvoke = true;
    }
    if (policy.reinvocationPolicy === 'IfNeeded') state.wasCalled(key);
  }

  #count(policy: CompiledPolicy, binding: BoundPolicy, { errors, isCompileError }: Mutated, elapsedMs: number): void {
    const { metrics } = this.#dependencies;
    if (metrics === undefined) return;
    const errorType = errors.length === 0 ? 'no_error' : isCompileError ? 'compile_error' : 'invalid_error';
    const labels = { policy: policy.name, policy_binding: binding.name, error_type: errorType };
    metrics.increment('apiserver_mutating_admission_policy_check_total', labels);
    metrics.observe('apiserver_mutating_admission_policy_check_duration_seconds', labels, elapsedMs / 1000);
  }
}

/** The first error is the message; the code stays 403 whatever the reason says, as upstream has it. */
function refusal(request: AdmissionRequest, errors: readonly PolicyFault[]): Error {
  const messages = errors.map(({ policy, binding, message }) =>
    binding === null
      ? `policy "${policy.name}" denied request: ${message}`
      : `policy '${policy.name}' with binding '${binding.name}' denied request: ${message}`,
  );
  const { status } = forbiddenFor(request, '');
  const causes = messages.map((message) => ({ message }));
  return new StatusError({ ...status, message: messages[0] as string, reason: 'Invalid', details: { ...status.details, causes } });
}
