import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `policy.v1`, release 1.36, in the notation of `notation.ts`. */
export const policyV1Fields: FieldNumbers = {
  Eviction: 'metadata deleteOptions',
  PodDisruptionBudget: 'metadata spec status',
  PodDisruptionBudgetList: 'metadata items',
  PodDisruptionBudgetSpec: 'minAvailable selector maxUnavailable unhealthyPodEvictionPolicy',
  PodDisruptionBudgetStatus:
    'observedGeneration~ disruptedPods disruptionsAllowed~ currentHealthy~ desiredHealthy~ expectedPods~ conditions',
};
