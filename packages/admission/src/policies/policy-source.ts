/** The policies of one kind with their bindings, compiled; only what changed is compiled anew. */
import { AdmissionExpressions } from '../cel/admission-expressions.js';
import type { AdmissionDependencies } from '../interface.js';
import { ADMISSION_REGISTRATION } from '../webhooks/hooks.js';
import type { MatchCriteria } from '../webhooks/request-matcher.js';
import { type CompiledPolicy, compilePolicy, criteriaOf } from './compiled-policy.js';
import type { BindingObject, ParamRef, PolicyObject } from './types.js';

/** A binding ready for use. */
export interface BoundPolicy {
  name: string;
  criteria: MatchCriteria | null;
  paramRef: ParamRef | null;
  actions: readonly ('Deny' | 'Warn' | 'Audit')[];
}

/** A policy with the bindings that put it to work. */
export interface PolicyEntry {
  policy: CompiledPolicy;
  bindings: readonly BoundPolicy[];
}

/** Follows the policies and bindings of one kind. */
export class PolicySource {
  readonly #dependencies: AdmissionDependencies;
  readonly #resource: string;
  readonly #bindingResource: string;
  readonly #expressions: AdmissionExpressions;
  #compiled = new Map<PolicyObject, CompiledPolicy>();
  #seenPolicies: readonly PolicyObject[] = [];
  #seenBindings: readonly BindingObject[] = [];
  #entries: readonly PolicyEntry[] = [];

  constructor(dependencies: AdmissionDependencies, prefix: 'validating' | 'mutating') {
    this.#dependencies = dependencies;
    this.#resource = `${prefix}admissionpolicies`;
    this.#bindingResource = `${prefix}admissionpolicybindings`;
    this.#expressions = dependencies.expressions ?? new AdmissionExpressions();
  }

  /** The bound ones, by name. The same array until something changes. */
  current(): readonly PolicyEntry[] {
    const { objects } = this.#dependencies;
    const policies = objects.list(ADMISSION_REGISTRATION, this.#resource, '') as readonly PolicyObject[];
    const bindings = objects.list(ADMISSION_REGISTRATION, this.#bindingResource, '') as readonly BindingObject[];
    if (isSame(policies, this.#seenPolicies) && isSame(bindings, this.#seenBindings)) return this.#entries;
    const byPolicy = groupByPolicy(bindings);
    const compiled = new Map<PolicyObject, CompiledPolicy>();
    const entries: PolicyEntry[] = [];
    for (const policy of [...policies].sort(byName)) {
      const bound = byPolicy.get(policy.metadata?.name ?? '');
      // Nobody waits for a policy without a binding: it is compiled when it gets one.
      if (bound === undefined) continue;
      const known = this.#compiled.get(policy) ?? compilePolicy(policy, this.#dependencies, this.#expressions);
      compiled.set(policy, known);
      entries.push({ policy: known, bindings: [...bound].sort(byName).map(boundPolicy) });
    }
    this.#compiled = compiled;
    this.#seenPolicies = [...policies];
    this.#seenBindings = [...bindings];
    this.#entries = entries;
    return entries;
  }
}

const policyNameOf = ({ spec }: BindingObject): string => spec?.policyName ?? '';
const byName = (a: PolicyObject | BindingObject, b: PolicyObject | BindingObject): number =>
  (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
const isSame = (a: readonly object[], b: readonly object[]): boolean => a.length === b.length && a.every((item, i) => item === b[i]);

function groupByPolicy(bindings: readonly BindingObject[]): Map<string, BindingObject[]> {
  const groups = new Map<string, BindingObject[]>();
  for (const binding of bindings) groups.set(policyNameOf(binding), [...(groups.get(policyNameOf(binding)) ?? []), binding]);
  return groups;
}

/** A binding as it is used. */
export function boundPolicy({ metadata, spec = {} }: BindingObject): BoundPolicy {
  return {
    name: metadata?.name ?? '',
    criteria: spec.matchResources === undefined ? null : criteriaOf(spec.matchResources),
    paramRef: spec.paramRef ?? null,
    actions: spec.validationActions ?? [],
  };
}
