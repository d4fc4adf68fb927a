import type { KubeObject } from '@k/apimachinery';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Label, isQualifiedName } from './names.js';
import { type ResourceList, validateResourceQuantity } from './resources.js';
import { validateTolerations } from './scheduling.js';
import type { Toleration } from './scheduling-types.js';
import { validateLabels } from './selectors.js';

/** The highest priority that users may give. */
const USER_PRIORITY_MAX = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const PREEMPTION: readonly string[] = ['PreemptLowerPriority', 'Never'];

function systemFault(name: string, value: number, isDefault: boolean): string | null {
  const wanted = SYSTEM_CLASSES[name];
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : null;
}

/** Classes of priority. */
export const priorityClassValidation: KindValidation = {
  create: (object, errors) => {
    const {
      value = 0,
      globalDefault = false,
      preemptionPolicy,
    } = object as KubeObject & {
      value?: number;
      globalDefault?: boolean;
      preemptionPolicy?: string;
    };
    const name = object.metadata?.name ?? '';
    if (name.startsWith(SYSTEM_PREFIX)) {
      const fault = systemFault(name, value, globalDefault);
      const text = "priority class names with 'system-' prefix are reserved for system use only. error:";
      if (fault !== null) errors.forbidden('metadata.name', `${text} ${fault}`);
    } else if (value > USER_PRIORITY_MAX) {
      errors.forbidden('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`);
    }
    if (preemptionPolicy !== undefined) errors.oneOf('preemptionPolicy', preemptionPolicy, PREEMPTION);
  },
  update: (object, old, errors) => {
    if ((object['value'] ?? 0) !== (old['value'] ?? 0)) errors.forbidden('value', 'may not be changed in an update.');
    errors.immutable('preemptionPolicy', object['preemptionPolicy'], old['preemptionPolicy']);
  },
};

interface RuntimeClassFields {
  handler?: string;
  overhead?: { podFixed?: ResourceList };
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
}

/** Classes of container runtimes. */
export const runtimeClassValidation: KindValidation = {
  create: (object, errors) => {
    const { handler = '', overhead, scheduling } = object as KubeObject & RuntimeClassFields;
    errors.invalidEach('handler', handler, isDns1123Label(handler));
    for (const [name, amount] of Object.entries(overhead?.podFixed ?? {})) {
      errors.invalidEach('overhead.podFixed', name, isQualifiedName(name));
      validateResourceQuantity(name, amount, `overhead.podFixed[${name}]`, errors);
    }
    if (scheduling === undefined) return;
    validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector', errors);
    validateTolerations(scheduling.tolerations, 'scheduling.tolerations', errors);
  },
  update: (object, old, errors) => errors.immutable('handler', object['handler'], old['handler']),
};

interface LeaseSpec {
  leaseDurationSeconds?: number;
  leaseTransitions?: number;
  holderIdentity?: string;
  strategy?: string;
  preferredHolder?: string;
}

function validateLease(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] ?? {}) as LeaseSpec;
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy, preferredHolder } = spec;
  if (seconds !== undefined && seconds <= 0) errors.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
  if (transitions !== undefined && transitions < 0) {
    errors.invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0');
  }
  if (strategy === undefined && (preferredHolder ?? '') !== '') {
    errors.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
  }
}

/** Leases. */
export const leaseValidation: KindValidation = { create: validateLease };
