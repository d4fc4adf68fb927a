/**
 * What a pod asks for as a whole.
 *
 * Containers run side by side and add up; init containers run one after another, so the largest counts; a sidecar (an
 * init container that restarts) runs beside the containers and beside the init containers that start after it.
 */
import type { KubeObject } from '@k/apimachinery';
import type { PodContainer, PodSpec, ResourceRequirements } from './pod-fields.js';
import { addInto, maxInto, parseResourceList, type ReadonlyResourceList, type ResourceList } from './resource-list.js';
import { isHugePages } from './resource-names.js';

type Kind = 'requests' | 'limits';

interface ContainerStatus {
  name: string;
  resources?: ResourceRequirements;
  allocatedResources?: Record<string, string>;
}

interface PodStatus {
  conditions?: { type?: string; reason?: string }[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
}

/** Resources that a pod can set for all its containers together. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

/** True when the pod sets requests or limits for all its containers together. */
export function hasPodLevelResources({ resources }: PodSpec): boolean {
  return [resources?.requests, resources?.limits].some((list) => Object.keys(list ?? {}).some(isPodLevelResource));
}

/** True when nothing in the pod asks for, or is limited in, CPU or memory. */
export function isPodBestEffort(spec: PodSpec): boolean {
  const isSet = (list: Record<string, string> | undefined): boolean =>
    [...parseResourceList(list)].some(([name, amount]) => (name === 'cpu' || name === 'memory') && amount.sign() > 0);
  const parts = [spec, ...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return !parts.some(({ resources }) => isSet(resources?.requests) || isSet(resources?.limits));
}

/** The sum over a pod's spec: what limit ranges of type Pod judge. */
export function podSpecResources(spec: PodSpec, kind: Kind): ResourceList {
  return aggregate(spec, kind, (container) => parseResourceList(container.resources?.[kind]));
}

/** The sum with overhead, and with what a resize in progress still holds: what quotas charge. */
export function podChargedResources(pod: KubeObject, kind: Kind): ResourceList {
  const spec = (pod['spec'] ?? {}) as PodSpec;
  const status = (pod['status'] ?? {}) as PodStatus;
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const isInfeasible = (status.conditions ?? []).some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible');
  const total = aggregate(spec, kind, (container) => {
    const own = parseResourceList(container.resources?.[kind]);
    const running = statuses.find(({ name, resources }) => name === container.name && resources !== undefined);
    if (running === undefined) return own;
    const held: ResourceList = isInfeasible ? new Map() : own;
    maxInto(held, parseResourceList(running.resources?.[kind]));
    if (kind === 'requests') maxInto(held, parseResourceList(running.allocatedResources));
    return held;
  });
  const overhead = parseResourceList(spec.overhead);
  if (kind === 'limits') for (const name of overhead.keys()) if (total.get(name)?.isZero() ?? true) overhead.delete(name);
  addInto(total, overhead);
  return total;
}

function aggregate(spec: PodSpec, kind: Kind, resourcesOf: (container: PodContainer) => ReadonlyResourceList): ResourceList {
  const total: ResourceList = new Map();
  for (const container of spec.containers ?? []) addInto(total, resourcesOf(container));
  const sidecars: ResourceList = new Map();
  const initial: ResourceList = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = resourcesOf(container);
    if (container.restartPolicy === 'Always') {
      addInto(total, own);
      addInto(sidecars, own);
      maxInto(initial, sidecars);
      continue;
    }
    const together: ResourceList = new Map(own);
    addInto(together, sidecars);
    maxInto(initial, together);
  }
  maxInto(total, initial);
  for (const [name, value] of parseResourceList(spec.resources?.[kind])) if (isPodLevelResource(name)) total.set(name, value);
  return total;
}
