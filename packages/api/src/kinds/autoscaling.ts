import type { KubeObject } from '@k/apimachinery';
import { readAnnotations, type VersionTwoParts, writeAnnotations } from './autoscaling-annotations.js';
import type { KindRules } from './index.js';

type Fields = Record<string, unknown>;

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
  const status = object['status'] as Fields | undefined;
  if (toVersion === 'v2') {
    const { metrics, behavior, conditions } = readAnnotations(out);
    const percent = spec.targetCPUUtilizationPercentage;
    delete spec.targetCPUUtilizationPercentage;
    if (metrics !== undefined || percent !== undefined) {
      spec.metrics = [...((metrics as Metric[] | undefined) ?? []), ...(percent === undefined ? [] : [cpuMetric(percent)])];
    }
    if (behavior !== undefined) spec.behavior = behavior;
    if (status !== undefined) out['status'] = statusToV2(status, conditions);
  } else {
    const cpu = spec.metrics?.find(isCpuUtilization);
    const percent = cpu?.resource?.target?.averageUtilization;
    const { conditions, currentMetrics } = (status ?? {}) as VersionTwoParts;
    writeAnnotations(out, {
      metrics: (spec.metrics ?? []).filter((metric) => metric !== cpu),
      ...(spec.behavior === undefined ? {} : { behavior: spec.behavior }),
      conditions: conditions ?? [],
      currentMetrics: currentMetrics ?? [],
    });
    delete spec.metrics;
    delete spec.behavior;
    if (percent !== undefined) spec.targetCPUUtilizationPercentage = percent;
    if (status !== undefined) out['status'] = statusToV1(status, currentMetrics);
  }
  out['spec'] = spec;
  return out;
}

const isCpuUtilization = ({ resource }: Metric): boolean => resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined;

function statusToV1(status: Fields, metrics: VersionTwoParts['currentMetrics']): Fields {
  const { currentMetrics: _metrics, conditions: _conditions, currentReplicas, ...rest } = status;
  const cpu = (metrics as { resource?: { name?: string; current?: MetricTarget } }[] | null | undefined)?.find(
    ({ resource }) => resource?.name === 'cpu',
  );
  const percent = cpu?.resource?.current?.averageUtilization;
  return { ...rest, currentReplicas: currentReplicas ?? 0, ...(percent === undefined ? {} : { currentCPUUtilizationPercentage: percent }) };
}

function statusToV2(status: Fields, conditions: VersionTwoParts['conditions']): Fields {
  const { currentCPUUtilizationPercentage: percent, currentReplicas, ...rest } = status;
  const metrics =
    percent === undefined ? null : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }];
  return {
    ...rest,
    ...(currentReplicas === 0 ? {} : { currentReplicas }),
    ...(conditions === undefined ? {} : { conditions }),
    currentMetrics: metrics,
  };
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
