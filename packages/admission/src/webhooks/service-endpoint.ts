/** Where a service can be reached: cluster addresses are not routed here, so its endpoints are called directly. */
import { formatGroupResource, goQuote, type KubeObject } from '@k/apimachinery';
import type { ObjectSource } from '../interface.js';

/** An address that answers for a service. */
export interface ServiceAddress {
  host: string;
  port: number;
}

interface ServicePort {
  name?: string;
  port: number;
}

interface EndpointPort {
  name?: string;
  port?: number;
}

interface Endpoint {
  addresses?: string[];
  conditions?: { ready?: boolean | null };
}

const LABEL = 'kubernetes.io/service-name';

/**
 * Picks one ready address of a service, from its EndpointSlices or else its Endpoints.
 *
 * @param random - From 0 up to 1; chooses among the addresses.
 * @throws {Error} with upstream's text when the service, the port or a ready address is missing.
 */
export async function resolveService(
  objects: ObjectSource,
  service: { namespace: string; name: string; port: number },
  random: () => number,
): Promise<ServiceAddress> {
  const { namespace, name, port } = service;
  await Promise.all([objects.ready('', 'services'), objects.ready('discovery.k8s.io', 'endpointslices'), objects.ready('', 'endpoints')]);
  const found = objects.get('', 'services', namespace, name);
  if (found === undefined) throw new Error(`${formatGroupResource({ group: '', resource: 'service' })} ${goQuote(name)} not found`);
  const spec = found['spec'] as { type?: string; externalName?: string; ports?: ServicePort[] } | undefined;
  if (spec?.type === 'ExternalName') return { host: spec.externalName ?? '', port };
  const servicePort = spec?.ports?.find((entry) => entry.port === port);
  if (servicePort === undefined) throw new Error(`no service port ${port} found for service ${goQuote(name)}`);
  const addresses = addressesOf(objects, namespace, name, servicePort.name ?? '');
  const chosen = addresses[Math.floor(random() * addresses.length)];
  if (chosen === undefined) throw new Error(`no endpoints available for service ${goQuote(name)}`);
  return chosen;
}

function addressesOf(objects: ObjectSource, namespace: string, name: string, portName: string): ServiceAddress[] {
  const slices = objects
    .list('discovery.k8s.io', 'endpointslices', namespace)
    .filter(({ metadata }) => metadata?.labels?.[LABEL] === name && metadata.namespace === namespace);
  const fromSlices = slices.flatMap((slice) => fromSlice(slice, portName));
  if (fromSlices.length > 0) return fromSlices;
  const endpoints = objects.get('', 'endpoints', namespace, name);
  const subsets = (endpoints?.['subsets'] ?? []) as { addresses?: { ip: string }[]; ports?: EndpointPort[] }[];
  return subsets.flatMap(({ addresses, ports }) => {
    const port = ports?.find((entry) => (entry.name ?? '') === portName)?.port;
    return port === undefined ? [] : (addresses ?? []).map(({ ip }) => ({ host: ip, port }));
  });
}

function fromSlice(slice: KubeObject, portName: string): ServiceAddress[] {
  const port = ((slice['ports'] ?? []) as EndpointPort[]).find((entry) => (entry.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return ((slice['endpoints'] ?? []) as Endpoint[])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses ?? [])
    .map((host) => ({ host, port }));
}
