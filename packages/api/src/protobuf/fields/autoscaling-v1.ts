import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `autoscaling.v1`, release 1.36, in the notation of `notation.ts`. */
export const autoscalingV1Fields: FieldNumbers = {
  CrossVersionObjectReference: 'kind name apiVersion',
  HorizontalPodAutoscaler: 'metadata spec status',
  HorizontalPodAutoscalerList: 'metadata items',
  HorizontalPodAutoscalerSpec: 'scaleTargetRef minReplicas maxReplicas targetCPUUtilizationPercentage',
  HorizontalPodAutoscalerStatus: 'observedGeneration lastScaleTime currentReplicas~ desiredReplicas~ currentCPUUtilizationPercentage',
  Scale: 'metadata spec status',
  ScaleSpec: 'replicas~',
  ScaleStatus: 'replicas~ selector',
};
