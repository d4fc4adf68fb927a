import type { KubeObject } from '@k/apimachinery';
import { qosClass } from '../kinds/qos-class.js';
import { deepEqual, type FieldErrors } from './field-errors.js';
import { MIRROR_POD } from './pod-annotations.js';
import type { Container, PodSpec } from './pod-types.js';
import type { ResourceList, ResourceRequirements } from './resources.js';

const NODE_RESOURCES = ['cpu', 'memory'];

function isRemoved(now: ResourceList = {}, before: ResourceList = {}): boolean {
  return Object.keys(before).some((name) => now[name] === undefined);
}

function hasPodLevel(spec: PodSpec): boolean {
  const { requests = {}, limits = {} } = spec.resources ?? {};
  return Object.keys(requests).length + Object.keys(limits).length > 0;
}

function validateContainer(now: Container, before: Container, at: string, errors: FieldErrors): void {
  const { requests, limits } = now.resources ?? {};
  if (isRemoved(requests, before.resources?.requests)) errors.forbidden(`${at}.requests`, 'resource requests cannot be removed');
  if (isRemoved(limits, before.resources?.limits)) errors.forbidden(`${at}.limits`, 'resource limits cannot be removed');
}

/** The container with CPU and memory as they were, to compare the rest. */
function undo(now: Container, before: Container): Container {
  const list = (field: 'requests' | 'limits'): ResourceList => {
    const out = { ...(now.resources?.[field] ?? {}) };
    for (const name of NODE_RESOURCES) {
      delete out[name];
      const old = before.resources?.[field]?.[name];
      if (old !== undefined) out[name] = old;
    }
    return out;
  };
  const resources: ResourceRequirements = { ...(now.resources ?? {}), requests: list('requests'), limits: list('limits') };
  return { ...now, resources };
}

/** A change of a running pod's CPU and memory. */
export function validatePodResize(pod: KubeObject, old: KubeObject, errors: FieldErrors): void {
  const now = (pod['spec'] as PodSpec | undefined) ?? {};
  const before = (old['spec'] as PodSpec | undefined) ?? {};
  const only = (detail: string): void => {
    errors.list.length = 0;
    errors.forbidden('[]', detail);
  };
  if (hasPodLevel(now) || hasPodLevel(before)) {
    only('pods with pod-level resources cannot be resized');
    return;
  }
  if (old.metadata?.annotations?.[MIRROR_POD] !== undefined) {
    only('static pods cannot be resized');
    return;
  }
  if (before.os?.name === 'windows') {
    only('windows pods cannot be resized');
    return;
  }
  const qos = (pod['status'] as { qosClass?: string } | undefined)?.qosClass ?? '';
  if (qosClass(old) !== qosClass(pod)) errors.invalid('spec', qos, 'Pod QOS Class may not change as a result of resizing');
  const spec: PodSpec = { ...now };
  for (const list of ['initContainers', 'containers'] as const) {
    const oldList = before[list] ?? [];
    const containers = now[list] ?? [];
    containers.forEach((container, i) => {
      const previous = oldList[i];
      if (previous === undefined || (list === 'initContainers' && container.restartPolicy !== 'Always')) return;
      validateContainer(container, previous, `spec.${list}[${i}].resources`, errors);
    });
    if (now[list] === undefined) continue;
    spec[list] = containers.map((container, i) => {
      const previous = oldList[i] ?? {};
      const sidecar = container.restartPolicy === 'Always';
      const fixed = list === 'initContainers' && !sidecar;
      const undone = fixed ? container : undo(container, previous);
      if (!deepEqual(undone, previous)) {
        if (fixed) errors.forbidden('spec', 'resources for non-sidecar init containers are immutable');
        else
          errors.forbidden(
            'spec',
            `only cpu and memory resources ${list === 'initContainers' ? 'for sidecar containers ' : ''}are mutable`,
          );
      }
      return undone;
    });
  }
  if (errors.list.length === 0 && !deepEqual(spec, before)) errors.forbidden('spec', 'only cpu and memory resources are mutable');
}
