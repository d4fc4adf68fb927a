import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';

interface MetricTarget {
  type?: string;
  averageUtilization?: number;
}

interface Metric {
  type?: string;
  resource?: { name?: string; target?: MetricTarget };
}

interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: object[];
  tolerance?: string;
}

interface AutoscalerSpec {
  minReplicas?: number;
  targetCPUUtilizationPercentage?: number;
  metrics?: Metric[];
  behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
}

const CPU_PERCENT = 80;
const UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN: ScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

function cpuMetric(percent: number): Metric {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } };
}

/** autoscaling/v1 ↔ v2: the v1 target is the CPU metric of v2. */
export function convertAutoscaler(object: KubeObject, toVersion: string): KubeObject {
  const apiVersion = `autoscaling/${toVersion}`;
  if (object.apiVersion === apiVersion) return object;
  const out: KubeObject = { ...object, apiVersion };
  const spec: AutoscalerSpec = { ...((object['spec'] ?? {}) as AutoscalerSpec) };
  if (toVersion === 'v2') {
    const percent = spec.targetCPUUtilizationPercentage;
    delete spec.targetCPUUtilizationPercentage;
    if (percent !== undefined) spec.metrics = [cpuMetric(percent)];
  } else {
    const cpu = spec.metrics?.find(({ resource }) => resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined);
    const percent = cpu?.resource?.target?.averageUtilization;
    delete spec.metrics;
    delete spec.behavior;
    if (percent !== undefined) spec.targetCPUUtilizationPercentage = percent;
  }
  out['spec'] = spec;
  const status = object['status'] as Record<string, unknown> | undefined;
  if (status !== undefined) out['status'] = convertStatus(status, toVersion);
  return out;
}

function convertStatus(status: Record<string, unknown>, toVersion: string): Record<string, unknown> {
  const { currentMetrics, currentCPUUtilizationPercentage, conditions, currentReplicas, ...rest } = status;
  if (toVersion === 'v1') return { ...rest, currentReplicas: currentReplicas ?? 0 };
  return { ...rest, ...(currentReplicas === 0 ? {} : { currentReplicas }), currentMetrics: currentMetrics ?? null };
}

function withDefaults(rules: ScalingRules | undefined, defaults: ScalingRules): ScalingRules {
  return { ...structuredClone(defaults), ...rules };
}

/** Horizontal pod autoscalers. */
export const autoscalerStrategy: KindRules = {
  convert: convertAutoscaler,
  applyDefaults: (object, version) => {
    const spec = (object['spec'] ??= {}) as AutoscalerSpec;
    spec.minReplicas ??= 1;
    if (version === 'v1') spec.targetCPUUtilizationPercentage ??= CPU_PERCENT;
    else if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric(CPU_PERCENT)];
    if (spec.behavior === undefined) return;
    spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, UP);
    spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, DOWN);
  },
  prepareForCreate: (object) => {
    object['status'] =
      object.apiVersion === 'autoscaling/v1' ? { currentReplicas: 0, desiredReplicas: 0 } : { currentMetrics: null, desiredReplicas: 0 };
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === 'status') object['spec'] = old['spec'];
    else object['status'] = old['status'];
  },
};
