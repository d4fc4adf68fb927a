/** Which policies, through which bindings and with which parameters, are to judge a request. */
import type { KubeObject } from '@k/apimachinery';
import { StatusError } from '@k/apimachinery';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';
import { type EquivalentResource, Equivalents } from '../webhooks/equivalents.js';
import { ADMISSION_REGISTRATION } from '../webhooks/hooks.js';
import { RequestMatcher } from '../webhooks/request-matcher.js';
import type { CompiledPolicy } from './compiled-policy.js';
import { collectParams, PolicyConfigurationError, resolveParamKind } from './params.js';
import type { BoundPolicy, PolicyEntry } from './policy-source.js';

/** Never judged by policies: they must not keep their own correction out, nor judge questions about rights. */
const EXEMPT: Readonly<Record<string, readonly string[]>> = {
  [ADMISSION_REGISTRATION]: [
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
  ],
  'authentication.k8s.io': ['tokenreviews', 'selfsubjectreviews'],
  'authorization.k8s.io': ['subjectaccessreviews', 'localsubjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};

/** True for requests that no policy sees. */
export function isExemptFromPolicies({ resource }: AdmissionRequest): boolean {
  return EXEMPT[resource.group]?.includes(resource.resource) === true;
}

/** A policy that matches, with what one of its bindings gives it. */
export interface Invocation {
  policy: CompiledPolicy;
  binding: BoundPolicy;
  target: EquivalentResource;
  params: readonly (KubeObject | null)[];
}

/** A policy or binding that cannot be used. */
export interface ConfigurationFault {
  policy: CompiledPolicy;
  binding: BoundPolicy | null;
  message: string;
}

/** Finds them. */
export class PolicyInvocations {
  readonly #dependencies: AdmissionDependencies;
  readonly #matcher: RequestMatcher;
  readonly equivalents: Equivalents;

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
    this.equivalents = new Equivalents(dependencies.catalogue);
    this.#matcher = new RequestMatcher(dependencies, this.equivalents);
  }

  /** Policies whose rules and object selector fit; what it leaves out need not be waited for. */
  likely(entries: readonly PolicyEntry[], request: AdmissionRequest): PolicyEntry[] {
    return entries.filter(({ policy }) => this.#matcher.mayMatch(policy.criteria, request));
  }

  /** In the order of policies, then of bindings. Policies that ignore failures have no faults. */
  async find(
    entries: readonly PolicyEntry[],
    request: AdmissionRequest,
  ): Promise<{ invocations: Invocation[]; faults: ConfigurationFault[] }> {
    const invocations: Invocation[] = [];
    const faults: ConfigurationFault[] = [];
    for (const { policy, bindings } of entries) {
      const fault = (binding: BoundPolicy | null, error: unknown): void => {
        const isKnown = error instanceof PolicyConfigurationError || StatusError.is(error);
        if (!isKnown) throw error;
        const about = binding === null ? 'policy' : 'binding';
        if (policy.failurePolicy === 'Fail') faults.push({ policy, binding, message: `failed to configure ${about}: ${error.message}` });
      };
      let target: EquivalentResource | null;
      try {
        const found = this.#matcher.match(policy.criteria, request);
        target = found instanceof Promise ? await found : found;
        if (target !== null && policy.paramKind !== null) resolveParamKind(policy.paramKind, this.#dependencies);
      } catch (error) {
        fault(null, error);
        continue;
      }
      if (target === null) continue;
      for (const binding of bindings) {
        try {
          if (!(await this.#matchesBinding(binding, request))) continue;
          const params = await collectParams(policy.paramKind, binding.paramRef, request.namespace, this.#dependencies);
          if (params.length > 0) invocations.push({ policy, binding, target, params });
        } catch (error) {
          fault(binding, error);
        }
      }
    }
    return { invocations, faults };
  }

  /** A binding without rules of its own takes all that its policy takes. */
  async #matchesBinding({ criteria }: BoundPolicy, request: AdmissionRequest): Promise<boolean> {
    if (criteria === null) return true;
    const rules =
      criteria.rules.length > 0 ? criteria.rules : [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
    return (await this.#matcher.match({ ...criteria, rules }, request)) !== null;
  }

  /** The namespace that expressions see; null for what has none. */
  async namespaceOf(request: AdmissionRequest): Promise<KubeObject | null> {
    const { kind, namespace } = request;
    const isNamespace = kind.group === '' && kind.kind === 'Namespace';
    return namespace === '' || isNamespace ? null : this.#matcher.namespace(namespace);
  }
}
