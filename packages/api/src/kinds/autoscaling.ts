import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';

type Fields = Record<string, unknown>;

/** autoscaling/v1 ↔ v2: the v1 target is the CPU metric of v2. */
export function convertAutoscaler(object: KubeObject, toVersion: string): KubeObject {
  const apiVersion = `autoscaling/${toVersion}`;
  if (object.apiVersion === apiVersion) return object;
  const out: KubeObject = { ...object, apiVersion };
  const spec = { ...((object['spec'] ?? {}) as Fields) };
  if (toVersion === 'v2') {
    const target = spec['targetCPUUtilizationPercentage'];
    delete spec['targetCPUUtilizationPercentage'];
    if (target !== undefined) {
      spec['metrics'] = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } }];
    }
  } else {
    const metrics = (spec['metrics'] as Fields[] | undefined) ?? [];
    const cpu = metrics.find((metric) => (metric['resource'] as Fields | undefined)?.['name'] === 'cpu');
    const target = ((cpu?.['resource'] as Fields | undefined)?.['target'] as Fields | undefined)?.['averageUtilization'];
    delete spec['metrics'];
    delete spec['behavior'];
    if (target !== undefined) spec['targetCPUUtilizationPercentage'] = target;
  }
  out['spec'] = spec;
  return out;
}

/** Horizontal pod autoscalers. */
export const autoscalerStrategy: KindRules = {
  convert: convertAutoscaler,
  applyDefaults: (object, version) => {
    const spec = (object['spec'] ??= {}) as Fields;
    spec['minReplicas'] ??= 1;
    if (version === 'v1') spec['targetCPUUtilizationPercentage'] ??= 80;
    else spec['metrics'] ??= [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
  },
  prepareForCreate: (object) => {
    object['status'] = { currentReplicas: 0, desiredReplicas: 0 };
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === 'status') object['spec'] = old['spec'];
    else object['status'] = old['status'];
  },
};
