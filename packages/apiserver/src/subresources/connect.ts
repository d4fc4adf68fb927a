/**
 * `log`, `exec`, `attach`, `portforward` and `proxy`: everything that is known before a connection to a node or pod is
 * made. This server makes none; where one would follow, it says so.
 */
import {
  type FieldError,
  forbidden,
  goQuote,
  invalid,
  type KubeObject,
  newBadRequest,
  newInvalid,
  newNotFound,
  newStatusError,
} from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { sendBytes } from '../http/respond.js';
import { parseInteger } from '../rest/read-options.js';
import type { ResourceHandler, ResourceScope, ServerContext } from '../server-context.js';

interface Container {
  name: string;
  ports?: { containerPort: number }[];
}

interface PodSpec {
  nodeName?: string;
  containers?: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
}

async function find(server: ServerContext, resource: string, namespace: string, name: string): Promise<KubeObject> {
  const object = await server.client.get('', resource, namespace, name);
  if (object === null) throw newNotFound({ group: '', resource }, name);
  return object;
}

const specOf = (pod: KubeObject): PodSpec => (pod['spec'] ?? {}) as PodSpec;

function unavailable(message: string): Error {
  return newStatusError(503, 'ServiceUnavailable', message);
}

const noConnection = (): Error => unavailable('this server opens no connections to nodes, pods and services');

/** Refuses a container that the pod does not have, and none where it has several. */
function checkContainer(context: RequestContext, pod: KubeObject): void {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = specOf(pod);
  const name = pod.metadata?.name ?? '';
  const wanted = context.query?.get('container') ?? '';
  const known = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name);
  if (wanted !== '') {
    if (!known.includes(wanted)) throw newBadRequest(`container ${wanted} is not valid for pod ${name}`);
  } else if (containers.length !== 1) {
    throw newBadRequest(`a container name must be specified for pod ${name}, choose one of: [${known.join(' ')}]`);
  }
}

/** `PodLogOptions` that do not fit. @throws 400 for what is no number. */
function logOptionErrors(context: RequestContext): FieldError[] {
  const query = context.query;
  const errors: FieldError[] = [];
  const number = (name: string): number | undefined => parseInteger(query?.get(name) ?? null);
  const [tailLines, limitBytes, sinceSeconds] = [number('tailLines'), number('limitBytes'), number('sinceSeconds')];
  if (tailLines !== undefined && tailLines < 0) errors.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalid('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && query?.has('sinceTime')) {
    errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  }
  return errors;
}

/** GET pods/NAME/log: a pod that no node runs has none. */
export const handleLog: ResourceHandler = async (server, context, scope) => {
  const errors = logOptionErrors(context);
  if (errors.length > 0) throw newInvalid({ group: '', kind: 'PodLogOptions' }, scope.name, errors);
  const pod = await find(server, 'pods', scope.namespace, scope.name);
  checkContainer(context, pod);
  const { nodeName = '' } = specOf(pod);
  if (nodeName === '') return sendBytes(context, 204, 'text/plain', '');
  await find(server, 'nodes', '', nodeName);
  throw noConnection();
};

async function refuseStream(server: ServerContext, context: RequestContext, scope: ResourceScope, asksContainer: boolean): Promise<never> {
  const pod = await find(server, 'pods', scope.namespace, scope.name);
  if (asksContainer) checkContainer(context, pod);
  const { nodeName = '' } = specOf(pod);
  if (nodeName === '') throw newBadRequest(`pod ${scope.name} does not have a host assigned`);
  await find(server, 'nodes', '', nodeName);
  throw noConnection();
}

/** GET and POST of pods/NAME/exec and attach. */
export const handleContainerStream: ResourceHandler = (server, context, scope) => refuseStream(server, context, scope, true);
/** GET and POST of pods/NAME/portforward. */
export const handlePortForward: ResourceHandler = (server, context, scope) => refuseStream(server, context, scope, false);

/** `name`, `name:port` or `scheme:name:port`; the port '' when there is none. */
function splitTarget(what: string, id: string): { name: string; port: string } {
  const parts = id.split(':');
  const [scheme, name = '', port] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme ?? '')) {
    throw newBadRequest(`invalid ${what} request ${goQuote(id)}`);
  }
  return { name, port: port ?? '' };
}

async function refusePod(server: ServerContext, { namespace, name: id }: ResourceScope): Promise<never> {
  const pod = await find(server, 'pods', namespace, splitTarget('pod', id).name);
  const { podIP = '' } = (pod['status'] ?? {}) as { podIP?: string };
  if (podIP === '') throw newBadRequest('address not allowed');
  throw noConnection();
}

async function refuseService(server: ServerContext, { namespace, name: id }: ResourceScope): Promise<never> {
  const { name, port } = splitTarget('service', id);
  if (/^\d+$/.test(port)) {
    const service = await find(server, 'services', namespace, name);
    const { ports = [] } = (service['spec'] ?? {}) as { ports?: { port: number }[] };
    if (!ports.some((entry) => entry.port === Number(port)))
      throw unavailable(`no service port ${port} found for service ${goQuote(name)}`);
  }
  const endpoints = await find(server, 'endpoints', namespace, name);
  const subsets = (endpoints['subsets'] ?? []) as { addresses?: object[] }[];
  const isServed = subsets.some(({ addresses = [] }) => addresses.length > 0);
  if (!isServed) throw unavailable(`no endpoints available for service ${goQuote(subsets.length === 0 ? name : id)}`);
  throw noConnection();
}

/** Every method of pods, services and nodes under `proxy`. */
export const handleProxy: ResourceHandler = async (server, _context, scope) => {
  const { resource } = scope.served.definition;
  if (resource === 'pods') await refusePod(server, scope);
  if (resource === 'services') await refuseService(server, scope);
  await find(server, 'nodes', '', splitTarget('node', scope.name).name);
  throw noConnection();
};
