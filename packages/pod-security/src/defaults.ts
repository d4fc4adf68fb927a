/** What the API server fills in before it evaluates a pod, as far as it changes the outcome. */
import type { Container, Pod, PodSpec } from './pod.js';

type Volume = NonNullable<PodSpec['volumes']>[number];
type Port = NonNullable<Container['ports']>[number] & { containerPort?: number };

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function withSource(volume: Volume): Volume {
  if (!isObject(volume) || Object.entries(volume).some(([key, value]) => key !== 'name' && value !== null && value !== undefined))
    return volume;
  return { ...volume, emptyDir: {} };
}

function withHostPorts(container: Container): Container {
  if (!isObject(container) || !Array.isArray(container.ports)) return container;
  const ports = (container.ports as Port[]).map((port) =>
    isObject(port) && !port.hostPort && port.containerPort ? { ...port, hostPort: port.containerPort } : port,
  );
  return { ...container, ports };
}

/**
 * A pod as the API server would evaluate it: a volume without a source is an `emptyDir`; containers of a pod in the host
 * network take the ports that they listen on. Templates of workloads get the first of the two only.
 *
 * @returns A new pod that shares what is unchanged.
 */
export function withApiDefaults(pod: Pod, { isTemplate = false }: { isTemplate?: boolean } = {}): Pod {
  const { spec } = pod;
  if (!isObject(spec)) return pod;
  const volumes = Array.isArray(spec.volumes) ? spec.volumes.map(withSource) : spec.volumes;
  const defaulted: PodSpec = volumes === undefined ? { ...spec } : { ...spec, volumes };
  if (spec.hostNetwork !== true || isTemplate) return { ...pod, spec: defaulted };
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = spec[list];
    if (Array.isArray(containers)) defaulted[list] = containers.map(withHostPorts);
  }
  return { ...pod, spec: defaulted };
}
