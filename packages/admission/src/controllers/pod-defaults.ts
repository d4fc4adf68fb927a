/** Priority, DefaultTolerationSeconds and TaintNodesByCondition. */
import type { KubeObject } from '@k/apimachinery';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { isPod, type PodSpec, podSpec, type Toleration } from '../pod-fields.js';
import { deny } from '../response.js';

interface PriorityClass extends KubeObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

const PRIORITY_GROUP = 'scheduling.k8s.io';

/** Turns a pod's priority class into its numbers. */
export function priority({ objects }: AdmissionDependencies): AdmissionController {
  const defaultClass = (): PriorityClass | undefined => {
    const found = (objects.list(PRIORITY_GROUP, 'priorityclasses', '') as readonly PriorityClass[]).filter(
      ({ globalDefault }) => globalDefault === true,
    );
    return found.reduce<PriorityClass | undefined>(
      (low, item) => (low === undefined || (item.value ?? 0) < (low.value ?? 0) ? item : low),
      undefined,
    );
  };
  const admitPod = async (spec: PodSpec): Promise<AdmissionResponse | undefined> => {
    await objects.ready(PRIORITY_GROUP, 'priorityclasses');
    let chosen: PriorityClass | undefined;
    const name = spec.priorityClassName ?? '';
    if (name === '') {
      chosen = defaultClass();
      if (chosen !== undefined) spec.priorityClassName = chosen.metadata?.name ?? '';
    } else {
      chosen = (objects.get(PRIORITY_GROUP, 'priorityclasses', '', name) ??
        (await objects.getLive(PRIORITY_GROUP, 'priorityclasses', '', name))) as PriorityClass | undefined;
      if (chosen === undefined) return deny(`no PriorityClass with name ${name} was found`);
    }
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
  };
  return {
    name: 'Priority',
    supportsOperation: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    admit(request) {
      if (!isPod(request) || request.object === null) return undefined;
      const spec = podSpec(request.object);
      if (request.operation === 'CREATE') return admitPod(spec);
      const old = (request.oldObject?.['spec'] ?? {}) as PodSpec;
      if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
      if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined) spec.preemptionPolicy = old.preemptionPolicy;
      return undefined;
    },
    async validate(request) {
      if (request.resource.group !== PRIORITY_GROUP || request.resource.resource !== 'priorityclasses' || request.subresource !== '')
        return undefined;
      const given = request.object as PriorityClass | null;
      if (given?.globalDefault !== true) return undefined;
      await objects.ready(PRIORITY_GROUP, 'priorityclasses');
      const present = defaultClass();
      if (present === undefined || (request.operation === 'UPDATE' && present.metadata?.name === given.metadata?.name)) return undefined;
      return deny(`PriorityClass ${present.metadata?.name ?? ''} is already marked as default. Only one default can exist`);
    },
  };
}

/** Pods stay for five minutes on nodes that are not ready or cannot be reached. */
export function defaultTolerationSeconds(options: { notReadySeconds?: number; unreachableSeconds?: number } = {}): AdmissionController {
  const wanted: Toleration[] = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: options.notReadySeconds ?? 300 },
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: options.unreachableSeconds ?? 300,
    },
  ];
  return {
    name: 'DefaultTolerationSeconds',
    supportsOperation: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    admit(request) {
      if (!isPod(request) || request.object === null) return undefined;
      const spec = podSpec(request.object);
      const given = spec.tolerations ?? [];
      const missing = wanted.filter(
        ({ key }) =>
          !given.some((own) => ((own.key ?? '') === '' || own.key === key) && ((own.effect ?? '') === '' || own.effect === 'NoExecute')),
      );
      if (missing.length > 0) spec.tolerations = [...given, ...missing.map((item) => ({ ...item }))];
      return undefined;
    },
  };
}

/** New nodes take no pods until they are ready. */
export function taintNodesByCondition(): AdmissionController {
  return {
    name: 'TaintNodesByCondition',
    supportsOperation: (operation) => operation === 'CREATE',
    admit(request: AdmissionRequest) {
      if (request.resource.group !== '' || request.resource.resource !== 'nodes' || request.subresource !== '' || request.object === null)
        return undefined;
      const spec = (request.object['spec'] ??= {}) as { taints?: { key: string; effect: string }[] };
      const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
      if (!(spec.taints ?? []).some(({ key, effect }) => key === taint.key && effect === taint.effect))
        spec.taints = [...(spec.taints ?? []), taint];
      return undefined;
    },
  };
}
