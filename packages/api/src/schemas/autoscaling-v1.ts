import type { SchemaTable } from './notation.js';

/** Shapes of `autoscaling.v1`, release 1.36, in the notation of `notation.ts`. */
export const autoscalingV1Schemas = (): SchemaTable => ({
  CrossVersionObjectReference: {
    '@map': 'atomic',
    apiVersion: 'string',
    kind: 'string required default("")',
    name: 'string required default("")',
  },
  HorizontalPodAutoscaler: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'HorizontalPodAutoscalerSpec required default({})',
    status: 'HorizontalPodAutoscalerStatus default({})',
  },
  HorizontalPodAutoscalerList: {
    apiVersion: 'string',
    items: '[]HorizontalPodAutoscaler required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  HorizontalPodAutoscalerSpec: {
    '@required': 'scaleTargetRef,maxReplicas',
    maxReplicas: 'int32 required default(0)',
    minReplicas: 'int32',
    scaleTargetRef: 'CrossVersionObjectReference required default({})',
    targetCPUUtilizationPercentage: 'int32',
  },
  HorizontalPodAutoscalerStatus: {
    currentCPUUtilizationPercentage: 'int32',
    currentReplicas: 'int32 required default(0)',
    desiredReplicas: 'int32 required default(0)',
    lastScaleTime: 'time',
    observedGeneration: 'int64',
  },
  Scale: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'ScaleSpec default({})',
    status: 'ScaleStatus default({})',
  },
  ScaleSpec: {
    replicas: 'int32 default(0)',
  },
  ScaleStatus: {
    replicas: 'int32 required default(0)',
    selector: 'string',
  },
});
