/** Priority: turns a pod's priority class into its number and preemption policy; only one class is the default. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { type PodSpec, podSpec } from '../pod-fields.js';
import { isFor, isPod, isWrite } from '../request-match.js';
import { deny } from '../response.js';

interface PriorityClass extends KubeObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

const GROUP = 'scheduling.k8s.io';

/** Copies what an update leaves out from the pod as it is. */
function keepPriority(request: AdmissionRequest): void {
  const spec = podSpec(request.object as KubeObject);
  const old = (request.oldObject?.['spec'] ?? {}) as PodSpec;
  if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined) spec.preemptionPolicy = old.preemptionPolicy;
}

function applyClass(spec: PodSpec, chosen: PriorityClass | undefined): AdmissionResponse | undefined {
  const value = chosen?.value ?? 0;
  const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value) {
    return deny(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  spec.priority = value;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    return deny(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec.preemptionPolicy = policy;
  return undefined;
}

/** The Priority controller. */
export function priority({ objects }: AdmissionDependencies): AdmissionController {
  const caches = new ObjectCaches(objects, [GROUP, 'priorityclasses']);

  /** When several claim to be the default, the lowest is. */
  const defaultClass = (): PriorityClass | undefined => {
    let lowest: PriorityClass | undefined;
    for (const item of objects.list(GROUP, 'priorityclasses', '') as readonly PriorityClass[]) {
      if (item.globalDefault === true && (lowest === undefined || (item.value ?? 0) < (lowest.value ?? 0))) lowest = item;
    }
    return lowest;
  };

  const admitPod = (spec: PodSpec): AdmissionResponse | undefined | Promise<AdmissionResponse | undefined> => {
    const name = spec.priorityClassName ?? '';
    if (name === '') {
      const chosen = defaultClass();
      if (chosen !== undefined) spec.priorityClassName = chosen.metadata?.name ?? '';
      return applyClass(spec, chosen);
    }
    const missing = (): AdmissionResponse => deny(`no PriorityClass with name ${name} was found`);
    const cached = objects.get(GROUP, 'priorityclasses', '', name);
    if (cached !== undefined) return applyClass(spec, cached);
    return objects
      .getLive(GROUP, 'priorityclasses', '', name)
      .then((live) => (live === undefined ? missing() : applyClass(spec, live as PriorityClass)));
  };

  return {
    name: 'Priority',
    supportsOperation: isWrite,
    admit(request) {
      if (!isPod(request) || request.object === null) return undefined;
      if (request.operation === 'UPDATE') {
        keepPriority(request);
        return undefined;
      }
      const spec = podSpec(request.object);
      return caches.whenFilled(request, () => admitPod(spec));
    },
    validate(request) {
      if (!isFor(request, GROUP, 'priorityclasses')) return undefined;
      const given = request.object as PriorityClass | null;
      if (given?.globalDefault !== true) return undefined;
      return caches.whenFilled(request, () => {
        const present = defaultClass();
        if (present === undefined || (request.operation === 'UPDATE' && present.metadata?.name === given.metadata?.name)) return undefined;
        return deny(`PriorityClass ${present.metadata?.name ?? ''} is already marked as default. Only one default can exist`);
      });
    },
  };
}
