import type { SchemaTable } from './notation.js';

/** Shapes of `autoscaling.v2`, release 1.36, in the notation of `notation.ts`. */
export const autoscalingV2Schemas = (): SchemaTable => ({
  ContainerResourceMetricSource: {
    '@required': 'name,target,container',
    container: 'string required default("")',
    name: 'string required default("")',
    target: 'MetricTarget required default({})',
  },
  ContainerResourceMetricStatus: {
    '@required': 'name,current,container',
    container: 'string required default("")',
    current: 'MetricValueStatus required default({})',
    name: 'string required default("")',
  },
  CrossVersionObjectReference: {
    apiVersion: 'string',
    kind: 'string required default("")',
    name: 'string required default("")',
  },
  ExternalMetricSource: {
    metric: 'MetricIdentifier required default({})',
    target: 'MetricTarget required default({})',
  },
  ExternalMetricStatus: {
    '@required': 'metric,current',
    current: 'MetricValueStatus required default({})',
    metric: 'MetricIdentifier required default({})',
  },
  HPAScalingPolicy: {
    '@required': 'type,value,periodSeconds',
    periodSeconds: 'int32 required default(0)',
    type: 'string required default("")',
    value: 'int32 required default(0)',
  },
  HPAScalingRules: {
    policies: '[]HPAScalingPolicy atomic',
    selectPolicy: 'string',
    stabilizationWindowSeconds: 'int32',
    tolerance: 'quantity',
  },
  HorizontalPodAutoscaler: {
    apiVersion: 'string',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    spec: 'HorizontalPodAutoscalerSpec required default({})',
    status: 'HorizontalPodAutoscalerStatus default({})',
  },
  HorizontalPodAutoscalerBehavior: {
    scaleDown: 'HPAScalingRules',
    scaleUp: 'HPAScalingRules',
  },
  HorizontalPodAutoscalerCondition: {
    '@required': 'type,status',
    lastTransitionTime: 'time',
    message: 'string',
    reason: 'string',
    status: 'string required default("")',
    type: 'string required default("")',
  },
  HorizontalPodAutoscalerList: {
    apiVersion: 'string',
    items: '[]HorizontalPodAutoscaler required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  HorizontalPodAutoscalerSpec: {
    '@required': 'scaleTargetRef,maxReplicas',
    behavior: 'HorizontalPodAutoscalerBehavior',
    maxReplicas: 'int32 required default(0)',
    metrics: '[]MetricSpec atomic',
    minReplicas: 'int32',
    scaleTargetRef: 'CrossVersionObjectReference required default({})',
  },
  HorizontalPodAutoscalerStatus: {
    conditions: '[]HorizontalPodAutoscalerCondition map(type) patch(merge) key(type)',
    currentMetrics: '[]MetricStatus atomic',
    currentReplicas: 'int32',
    desiredReplicas: 'int32 required default(0)',
    lastScaleTime: 'time',
    observedGeneration: 'int64',
  },
  MetricIdentifier: {
    name: 'string required default("")',
    selector: 'meta.v1/LabelSelector',
  },
  MetricSpec: {
    containerResource: 'ContainerResourceMetricSource',
    external: 'ExternalMetricSource',
    object: 'ObjectMetricSource',
    pods: 'PodsMetricSource',
    resource: 'ResourceMetricSource',
    type: 'string required default("")',
  },
  MetricStatus: {
    containerResource: 'ContainerResourceMetricStatus',
    external: 'ExternalMetricStatus',
    object: 'ObjectMetricStatus',
    pods: 'PodsMetricStatus',
    resource: 'ResourceMetricStatus',
    type: 'string required default("")',
  },
  MetricTarget: {
    averageUtilization: 'int32',
    averageValue: 'quantity',
    type: 'string required default("")',
    value: 'quantity',
  },
  MetricValueStatus: {
    averageUtilization: 'int32',
    averageValue: 'quantity',
    value: 'quantity',
  },
  ObjectMetricSource: {
    '@required': 'describedObject,target,metric',
    describedObject: 'CrossVersionObjectReference required default({})',
    metric: 'MetricIdentifier required default({})',
    target: 'MetricTarget required default({})',
  },
  ObjectMetricStatus: {
    '@required': 'metric,current,describedObject',
    current: 'MetricValueStatus required default({})',
    describedObject: 'CrossVersionObjectReference required default({})',
    metric: 'MetricIdentifier required default({})',
  },
  PodsMetricSource: {
    metric: 'MetricIdentifier required default({})',
    target: 'MetricTarget required default({})',
  },
  PodsMetricStatus: {
    '@required': 'metric,current',
    current: 'MetricValueStatus required default({})',
    metric: 'MetricIdentifier required default({})',
  },
  ResourceMetricSource: {
    name: 'string required default("")',
    target: 'MetricTarget required default({})',
  },
  ResourceMetricStatus: {
    '@required': 'name,current',
    current: 'MetricValueStatus required default({})',
    name: 'string required default("")',
  },
});
