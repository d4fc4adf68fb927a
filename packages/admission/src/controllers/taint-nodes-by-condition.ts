/** TaintNodesByCondition: new nodes take no pods until they are ready. */
import type { AdmissionController } from '../interface.js';
import { isCreate, isFor } from '../request-match.js';

interface Taint {
  key: string;
  effect: string;
}

/** The TaintNodesByCondition controller. */
export function taintNodesByCondition(): AdmissionController {
  return {
    name: 'TaintNodesByCondition',
    supportsOperation: isCreate,
    admit(request) {
      if (!isFor(request, '', 'nodes') || request.object === null) return undefined;
      const spec = (request.object['spec'] ??= {}) as { taints?: Taint[] };
      const taint: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
      const taints = spec.taints ?? [];
      if (!taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) spec.taints = [...taints, taint];
      return undefined;
    },
  };
}
