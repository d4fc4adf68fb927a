/** Whether another server can be reached, in upstream's reasons and words. */
import { hasReadyEndpoint, type ServiceAddress } from '@k/admission/webhooks';
import { goQuote } from '@k/apimachinery';
import type { InformerSet } from '../informer-set.js';
import { timestamp } from '../rest/write-object.js';
import type { ApiServiceCondition, RemoteApiService } from './api-service.js';
import { type Backend, hostOf } from './backend.js';
import { userHeaders } from './forwarded-headers.js';

/** Milliseconds for one look. */
const TIMEOUT_MS = 5000;
/** Looks at once, each at an address of its choice: one answer is enough. */
const ATTEMPTS = 5;
/** Has all rights, so that only whether the server answers counts. */
export const AGGREGATOR_USER: { username: string; groups: string[] } = { username: 'system:kube-aggregator', groups: ['system:masters'] };

/** The condition `Available` of an APIService, found out now. */
export async function checkAvailability(remote: RemoteApiService, backend: Backend, objects: InformerSet): Promise<ApiServiceCondition> {
  const missing = await missingParts(remote, objects);
  if (missing !== null) return condition('False', ...missing);
  const fault = await probe(remote, backend);
  return fault === null ? condition('True', 'Passed', 'all checks passed') : condition('False', 'FailedDiscoveryCheck', fault);
}

function condition(status: 'True' | 'False', reason: string, message: string): ApiServiceCondition {
  return { type: 'Available', status, lastTransitionTime: timestamp(Date.now()), reason, message };
}

/** Reason and message when the service or its endpoints are not there. */
async function missingParts({ service }: RemoteApiService, objects: InformerSet): Promise<[string, string] | null> {
  const { namespace, name, port } = service;
  await Promise.all([objects.ready('', 'services'), objects.ready('discovery.k8s.io', 'endpointslices'), objects.ready('', 'endpoints')]);
  const found = objects.get('', 'services', namespace, name);
  const at = `service/${name} in ${goQuote(namespace)}`;
  if (found === undefined) return ['ServiceNotFound', `${at} is not present`];
  const { type, ports = [] } = (found['spec'] ?? {}) as { type?: string; ports?: { name?: string; port: number }[] };
  if (type !== 'ClusterIP') return null;
  const servicePort = ports.find((entry) => entry.port === port);
  if (servicePort === undefined) return ['ServicePortError', `${at} is not listening on port ${port}`];
  const portName = servicePort.name ?? '';
  const hasEndpoint = hasReadyEndpoint(objects, namespace, name, portName);
  if (hasEndpoint === null) return ['EndpointsNotFound', `cannot find endpointslices for ${at}`];
  if (hasEndpoint) return null;
  return ['MissingEndpoints', `endpointslices for ${at} have no addresses with port name ${goQuote(portName)}`];
}

/** Null as soon as one look succeeds; else what the last one met. */
async function probe(remote: RemoteApiService, backend: Backend): Promise<string | null> {
  const path = remote.group === '' ? `/api/${remote.version}` : `/apis/${remote.group}/${remote.version}`;
  let last = '';
  const looks = Array.from({ length: ATTEMPTS }, async () => {
    try {
      await look(backend, path);
    } catch (error) {
      last = (error as Error).message;
      throw error;
    }
  });
  return Promise.any(looks).then(
    () => null,
    () => last,
  );
}

async function look(backend: Backend, path: string): Promise<void> {
  const address: ServiceAddress = await backend.address();
  const url = `https://${hostOf(address)}${path}`;
  let status: number;
  try {
    status = await backend.probe(address, path, { headers: userHeaders(AGGREGATOR_USER), timeoutMs: TIMEOUT_MS });
  } catch (error) {
    throw new Error(`failing or missing response from ${url}: Get ${goQuote(url)}: ${(error as Error).message}`);
  }
  if (status < 200 || status >= 300) throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`);
}
