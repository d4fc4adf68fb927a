/** ValidatingAdmissionPolicy: policies with CEL expressions judge what will be stored. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { forbiddenFor } from '../response.js';
import { ADMISSION_REGISTRATION } from '../webhooks/hooks.js';
import { VersionedRequest } from '../webhooks/versioned-request.js';
import { AnnotationCollector } from './annotation-collector.js';
import type { CompiledPolicy } from './compiled-policy.js';
import { Evaluation, InputValues } from './evaluation.js';
import { isExemptFromPolicies, PolicyInvocations } from './policy-invocations.js';
import { type BoundPolicy, type PolicyEntry, PolicySource } from './policy-source.js';
import { type Decision, type PolicyResult, validateRequest } from './validate-request.js';

/** Milliseconds for all policies together. */
const POLICIES_MS_MAX = 30_000;
const VALUE_BYTES_MAX = 10 * 1024;
const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413 };

/** Makes the controller. */
export function validatingAdmissionPolicy(dependencies: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(
    dependencies.objects,
    [ADMISSION_REGISTRATION, 'validatingadmissionpolicies'],
    [ADMISSION_REGISTRATION, 'validatingadmissionpolicybindings'],
    ['', 'namespaces'],
  );
  const source = new PolicySource(dependencies, 'validating');
  const run = new ValidatingPolicies(dependencies);
  return {
    name: 'ValidatingAdmissionPolicy',
    timeoutMs: POLICIES_MS_MAX,
    supportsOperation: () => true,
    validate: (request) =>
      isExemptFromPolicies(request) || isWholeCollection(request)
        ? undefined
        : caches.whenFilled(request, () => {
            const entries = run.likely(source.current(), request);
            return entries.length === 0 ? undefined : run.judge(entries, request);
          }),
  };
}

/** The deletion of a collection is judged by the objects in it. */
const isWholeCollection = ({ operation, oldObject }: AdmissionRequest): boolean => operation === 'DELETE' && oldObject === null;

interface Denial {
  policy: CompiledPolicy;
  binding: BoundPolicy | null;
  message: string;
  reason: string;
}

/** Runs policies over requests. */
export class ValidatingPolicies {
  readonly #dependencies: AdmissionDependencies;
  readonly #invocations: PolicyInvocations;

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
    this.#invocations = new PolicyInvocations(dependencies);
  }

  /** Those that may have something to say. */
  likely(entries: readonly PolicyEntry[], request: AdmissionRequest): readonly PolicyEntry[] {
    return entries.length === 0 ? entries : this.#invocations.likely(entries, request);
  }

  /** @throws StatusError of the first denial. */
  async judge(entries: readonly PolicyEntry[], request: AdmissionRequest): Promise<undefined> {
    const { invocations, faults } = await this.#invocations.find(entries, request);
    const denials: Denial[] = faults.map((fault) => ({ ...fault, reason: '' }));
    if (invocations.length === 0 && denials.length === 0) return;
    const annotations = new AnnotationCollector();
    const namespace = invocations.length === 0 ? null : await this.#invocations.namespaceOf(request);
    const seen = new Map<string, VersionedRequest>();
    for (const { policy, binding, target, params } of invocations) {
      const key = `${target.kind.group}/${target.kind.version}`;
      const versioned = seen.get(key) ?? (await VersionedRequest.of(request, this.#invocations.equivalents, target));
      seen.set(key, versioned);
      for (const param of params) {
        const result = await this.#evaluate(policy, { versioned, params: param, namespace }, request);
        this.#act(policy, binding, result, request, denials);
        for (const { key: name, value, error, elapsedMs } of result.annotations) {
          if (error === null) annotations.add(policy.name, name, firstBytes(value, VALUE_BYTES_MAX));
          else {
            denials.push({ policy, binding, message: error, reason: '' });
            this.#count('deny', policy, binding, { errorType: 'invalid_error', elapsedMs });
          }
        }
      }
    }
    annotations.publish(request);
    const [first] = denials;
    if (first !== undefined) throw refusal(request, first);
  }

  #evaluate(
    policy: CompiledPolicy,
    input: { versioned: VersionedRequest; params: KubeObject | null; namespace: KubeObject | null },
    request: AdmissionRequest,
  ): Promise<PolicyResult> {
    const evaluation = new Evaluation(policy, new InputValues(input, this.#dependencies));
    return validateRequest(policy, evaluation, request.operation);
  }

  #act(policy: CompiledPolicy, binding: BoundPolicy, result: PolicyResult, request: AdmissionRequest, denials: Denial[]): void {
    for (const [index, decision] of result.decisions.entries()) {
      if (decision.action === 'Admit') {
        if (decision.isIgnoredError) this.#count('allow', policy, binding, decision);
        continue;
      }
      const { message, reason } = decision;
      for (const action of binding.actions) {
        if (action === 'Deny') denials.push({ policy, binding, message, reason });
        else if (action === 'Warn') {
          request.addWarning(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`);
        } else {
          const about = { message, policy: policy.name, binding: binding.name, expressionIndex: index, validationActions: binding.actions };
          request.addAuditAnnotation('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([about]));
        }
        this.#count(action.toLowerCase(), policy, binding, decision);
      }
    }
  }

  #count(
    action: string,
    policy: CompiledPolicy,
    binding: BoundPolicy,
    { errorType, elapsedMs }: Pick<Decision, 'errorType' | 'elapsedMs'>,
  ): void {
    const { metrics } = this.#dependencies;
    if (metrics === undefined) return;
    const labels = { policy: policy.name, policy_binding: binding.name, error_type: errorType, enforcement_action: action };
    metrics.increment('apiserver_validating_admission_policy_check_total', labels);
    metrics.observe('apiserver_validating_admission_policy_check_duration_seconds', labels, elapsedMs / 1000);
  }
}

/** A text as long as it may be; a character that does not fit is left out. */
function firstBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  let end = max;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function refusal(request: AdmissionRequest, { policy, binding, message, reason }: Denial): Error {
  const bound = binding === null ? '' : ` with binding '${binding.name}'`;
  const text = `ValidatingAdmissionPolicy '${policy.name}'${bound} denied request: ${message}`;
  const error = forbiddenFor(request, text);
  const { status } = error;
  status.reason = reason === '' ? 'Invalid' : reason;
  status.code = CODES[status.reason] ?? 422;
  status.details = { ...status.details, causes: [...(status.details?.causes ?? []), { message: text }] };
  return error;
}
