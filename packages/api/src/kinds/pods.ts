import { deepEqual } from '../validation/field-errors.js';
import type { PodSpec } from '../validation/pod-types.js';
import { syncAppArmor } from './app-armor.js';
import type { KindRules } from './index.js';
import { podDefaults } from './pod-spec-defaults.js';
import { qosClass } from './qos-class.js';

type Fields = Record<string, unknown>;

/** The condition of a new pod that waits for its scheduling gates. */
const SCHEDULING_GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

interface PodStatus {
  podIP?: string;
  podIPs?: { ip?: string }[];
}

/** The first address is also shown by itself; where the two differ, that one counts. */
function statusDefaults(status: PodStatus | undefined): void {
  if (status === undefined) return;
  const { podIP = '', podIPs = [] } = status;
  const first = podIPs[0]?.ip;
  if (podIP !== '' && first !== podIP) status.podIPs = [{ ip: podIP }];
  else if (podIP === '' && first !== undefined) status.podIP = first;
}

/** Pods. */
export const podStrategy: KindRules = {
  hasGeneration: true,
  deleteReturnsObject: true,
  fieldSelectorErrors: 'label',
  applyDefaults: (object) => {
    const spec = (object['spec'] ??= {}) as PodSpec;
    // Pods that no time is left for get a second; templates only get advice.
    if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
    podDefaults(spec);
    statusDefaults(object['status'] as PodStatus | undefined);
  },
  prepareForCreate: (object) => {
    (object.metadata ??= {}).generation = 1;
    syncAppArmor(object);
    const isGated = ((object['spec'] as { schedulingGates?: unknown[] } | undefined)?.schedulingGates ?? []).length > 0;
    object['status'] = { phase: 'Pending', qosClass: qosClass(object), ...(isGated ? { conditions: [SCHEDULING_GATED] } : {}) };
  },
  prepareForUpdate: (object, old, subresource) => {
    const metadata = (object.metadata ??= {});
    metadata.generation = old.metadata?.generation ?? 1;
    if (subresource === 'status') {
      object['spec'] = old['spec'];
      // Kubelets of old sent owners back in a shape that lost some of them.
      if (old.metadata?.ownerReferences === undefined) delete metadata.ownerReferences;
      else metadata.ownerReferences = old.metadata.ownerReferences;
      return;
    }
    object['status'] = old['status'];
    if (!deepEqual(object['spec'], old['spec'])) metadata.generation++;
  },
  gracePeriodSeconds: (object, requested) => {
    const spec = (object['spec'] ?? {}) as { nodeName?: string; terminationGracePeriodSeconds?: number };
    const phase = (object['status'] as { phase?: string } | undefined)?.phase;
    // Pods that no kubelet has, or that have ended, are removed at once.
    if ((spec.nodeName ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
  selectFields: (object) => {
    const spec = (object['spec'] ?? {}) as Fields;
    const status = (object['status'] ?? {}) as Fields;
    const text = (value: unknown): string => (value === undefined ? '' : String(value));
    return {
      'spec.nodeName': text(spec['nodeName']),
      'spec.restartPolicy': text(spec['restartPolicy']),
      'spec.schedulerName': text(spec['schedulerName']),
      'spec.serviceAccountName': text(spec['serviceAccountName']),
      'spec.hostNetwork': String(spec['hostNetwork'] ?? false),
      'status.phase': text(status['phase']),
      'status.podIP': text((status['podIPs'] as { ip?: string }[] | undefined)?.[0]?.ip ?? status['podIP']),
      'status.nominatedNodeName': text(status['nominatedNodeName']),
    };
  },
};
