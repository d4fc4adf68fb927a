/** LimitPodHardAntiAffinityTopology: required anti-affinity works per node only. */
import type { AdmissionController } from '../interface.js';
import { podSpec } from '../pod-fields.js';
import { isPod, isWrite } from '../request-match.js';
import { deny } from '../response.js';

const HOSTNAME = 'kubernetes.io/hostname';

/** The LimitPodHardAntiAffinityTopology controller. */
export function limitPodHardAntiAffinityTopology(): AdmissionController {
  return {
    name: 'LimitPodHardAntiAffinityTopology',
    supportsOperation: isWrite,
    validate(request) {
      if (!isPod(request) || request.object === null) return undefined;
      const terms = podSpec(request.object).affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
      const other = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME);
      if (other === undefined) return undefined;
      return deny(
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey ?? ''} but only key ${HOSTNAME} is allowed`,
      );
    },
  };
}
