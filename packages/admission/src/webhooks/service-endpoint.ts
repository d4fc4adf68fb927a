/** Where a service can be reached: cluster addresses are not routed here, so its endpoints are called directly. */
import { formatGroupResource, goQuote, type KubeObject } from '@k/apimachinery';
import type { ObjectSource } from '../interface.js';

/** An address that answers for a service. */
export interface ServiceAddress {
  host: string;
  port: number;
}

/** A port of a service. */
export interface ServicePortReference {
  namespace: string;
  name: string;
  port: number;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  externalName?: string;
  ports?: ServicePort[];
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
export async function resolveService(objects: ObjectSource, service: ServicePortReference, random: () => number): Promise<ServiceAddress> {
  const { namespace, name, port } = service;
  await Promise.all([objects.ready('', 'services'), objects.ready('discovery.k8s.io', 'endpointslices'), objects.ready('', 'endpoints')]);
  const spec = specOf(objects, service);
  if (spec.type === 'ExternalName') return { host: spec.externalName ?? '', port };
  const addresses = addressesOf(objects, namespace, name, portOf(spec, service).name ?? '');
  const chosen = addresses[Math.floor(random() * addresses.length)];
  if (chosen === undefined) throw new Error(`no endpoints available for service ${goQuote(name)}`);
  return chosen;
}

/**
 * The cluster address of a service, for machines that route them.
 *
 * @throws {Error} with upstream's text when the service, its address or the port is missing.
 */
export async function resolveClusterAddress(objects: ObjectSource, service: ServicePortReference): Promise<ServiceAddress> {
  await objects.ready('', 'services');
  const spec = specOf(objects, service);
  if (spec.type === 'ExternalName') return { host: spec.externalName ?? '', port: service.port };
  if (spec.clusterIP === 'None') throw new Error('cannot route to service with ClusterIP "None"');
  return { host: spec.clusterIP ?? '', port: portOf(spec, service).port };
}

/**
 * Whether a service has an address that answers on one of its ports.
 *
 * @param portName - '' for a port without a name.
 * @returns Null when there are no endpoints at all.
 */
export function hasReadyEndpoint(objects: ObjectSource, namespace: string, name: string, portName: string): boolean | null {
  if (addressesOf(objects, namespace, name, portName).length > 0) return true;
  return slicesOf(objects, namespace, name).length === 0 && objects.get('', 'endpoints', namespace, name) === undefined ? null : false;
}

function specOf(objects: ObjectSource, { namespace, name }: ServicePortReference): ServiceSpec {
  const found = objects.get('', 'services', namespace, name);
  if (found === undefined) throw new Error(`${formatGroupResource({ group: '', resource: 'service' })} ${goQuote(name)} not found`);
  return (found['spec'] ?? {}) as ServiceSpec;
}

function portOf(spec: ServiceSpec, { name, port }: ServicePortReference): ServicePort {
  const found = spec.ports?.find((entry) => entry.port === port);
  if (found === undefined) throw new Error(`no service port ${port} found for service ${goQuote(name)}`);
  return found;
}

function slicesOf(objects: ObjectSource, namespace: string, name: string): KubeObject[] {
  return objects
    .list('discovery.k8s.io', 'endpointslices', namespace)
    .filter(({ metadata }) => metadata?.labels?.[LABEL] === name && metadata.namespace === namespace);
}

function addressesOf(objects: ObjectSource, namespace: string, name: string, portName: string): ServiceAddress[] {
  const fromSlices = slicesOf(objects, namespace, name).flatMap((slice) => fromSlice(slice, portName));
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
