/** Where `proxy` of pods, services and nodes leads to. */
import { goQuote, type KubeObject, newBadRequest, newStatusError } from '@k/apimachinery';
import type { ResourceScope, ServerContext } from '../server-context.js';
import type { Destination } from './dialer.js';
import { kubeletAddress } from './kubelet-address.js';
import type { KubeletOptions } from './kubelet-options.js';
import { find, specOf } from './pods.js';
import { checkProxyable, isGlobalUnicast } from './proxyable-address.js';

/** `name`, `name:port` or `scheme:name:port`. */
interface Target {
  scheme: 'http' | 'https';
  name: string;
  /** '' when there is none. */
  port: string;
}

interface EndpointAddress {
  ip: string;
  targetRef?: { namespace?: string; name?: string };
}

interface EndpointSubset {
  addresses?: EndpointAddress[];
  ports?: { name?: string; port: number }[];
}

const PORT_MAX = 65_535;

function splitTarget(what: string, id: string): Target {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) {
    throw newBadRequest(`invalid ${what} request ${goQuote(id)}`);
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

function portNumber(what: string, id: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > PORT_MAX) throw newBadRequest(`invalid ${what} request ${goQuote(id)}`);
  return port;
}

function unavailable(message: string): Error {
  return newStatusError(503, 'ServiceUnavailable', message);
}

const ipsOf = (pod: KubeObject): string[] => {
  const { podIP, podIPs = [] } = (pod['status'] ?? {}) as { podIP?: string; podIPs?: { ip: string }[] };
  return podIPs.length > 0 ? podIPs.map(({ ip }) => ip) : podIP ? [podIP] : [];
};

/** A pod's own address; without a port the first that one of its containers names. @throws 400 for addresses that are not allowed */
export async function podTarget(server: ServerContext, { namespace, name: id }: ResourceScope): Promise<Destination> {
  const { scheme, name, port } = splitTarget('pod', id);
  const pod = await find(server, 'pods', namespace, name);
  const [host = ''] = ipsOf(pod);
  if (!isGlobalUnicast(host)) throw newBadRequest('address not allowed');
  const first = specOf(pod).containers?.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort;
  const chosen = port !== '' ? portNumber('pod', id, port) : (first ?? (scheme === 'https' ? 443 : 80));
  return { scheme, host, port: chosen, peer: 'other' };
}

/** One of a service's endpoints, at random. @throws 503 when there is none */
export async function serviceTarget(server: ServerContext, { namespace, name: id }: ResourceScope): Promise<Destination> {
  const { scheme, name, port } = splitTarget('service', id);
  const portName = /^\d+$/.test(port) ? await portNameOf(server, namespace, name, Number(port)) : port;
  const endpoints = await find(server, 'endpoints', namespace, name);
  const subsets = (endpoints['subsets'] ?? []) as EndpointSubset[];
  if (subsets.length === 0) throw unavailable(`no endpoints available for service ${goQuote(name)}`);
  for (const { addresses = [], ports = [] } of fromAnywhere(subsets)) {
    const found = ports.find((entry) => (entry.name ?? '') === portName);
    if (found === undefined) continue;
    for (const address of fromAnywhere(addresses)) {
      if (await isOfPod(server, namespace, address)) return { scheme, host: address.ip, port: found.port, peer: 'other' };
    }
  }
  throw unavailable(`no endpoints available for service ${goQuote(id)}`);
}

async function portNameOf(server: ServerContext, namespace: string, name: string, port: number): Promise<string> {
  const service = await find(server, 'services', namespace, name);
  const { ports = [] } = (service['spec'] ?? {}) as { ports?: { port: number; name?: string }[] };
  const found = ports.find((entry) => entry.port === port);
  if (found === undefined) throw unavailable(`no service port ${port} found for service ${goQuote(name)}`);
  return found.name ?? '';
}

/** All items, beginning with one at random. */
function fromAnywhere<T>(items: readonly T[]): T[] {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

/** Whoever may write endpoints may not lead proxies to any address: it must be that of a pod of the namespace. */
async function isOfPod(server: ServerContext, namespace: string, { ip, targetRef }: EndpointAddress): Promise<boolean> {
  if (targetRef?.name === undefined || targetRef.namespace !== namespace) return false;
  const pod = await server.client.get('', 'pods', namespace, targetRef.name);
  return pod !== null && ipsOf(pod).includes(ip);
}

/** A node's kubelet, or another port of the node. @throws 400 for addresses that are not allowed */
export async function nodeTarget(server: ServerContext, { name: id }: ResourceScope, options: KubeletOptions): Promise<Destination> {
  const { scheme, name, port } = splitTarget('node', id);
  const kubelet = kubeletAddress(await find(server, 'nodes', '', name), options);
  await checkProxyable(kubelet.host);
  const chosen = port === '' ? kubelet.port : portNumber('node', id, port);
  if (chosen === kubelet.port) return { scheme: 'https', host: kubelet.host, port: chosen, peer: 'kubelet' };
  return { scheme, host: kubelet.host, port: chosen, peer: 'other' };
}
