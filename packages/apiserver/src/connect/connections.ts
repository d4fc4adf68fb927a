/** What connects to kubelets, pods and services; loaded with the first request for a connection. */
import { type KubeObject, newBadRequest, newForbidden, newStatusError } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { authorizationAttributes } from '../filters/authorization.js';
import { sendBytes } from '../http/respond.js';
import { admissionRequest } from '../rest/write-object.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { kubeletQuery, streamOptions, wantedContainer } from './connect-options.js';
import { Dialer } from './dialer.js';
import { type KubeletAddress, kubeletAddress } from './kubelet-address.js';
import type { KubeletOptions } from './kubelet-options.js';
import { parseLogOptions } from './log-options.js';
import { streamLog } from './log-stream.js';
import { OpenStreams } from './open-streams.js';
import { type PassingParts, passOn, passUpgrade, upgradeRequired, wantsUpgrade } from './pass-on.js';
import { containerOf, find, specOf } from './pods.js';
import { pathBehind } from './proxied-path.js';
import { nodeTarget, podTarget, serviceTarget } from './proxy-target.js';
import { isTunnel, tunnel } from './tunnel.js';
import { webSocketProtocols } from './websockets.js';

/** What connections take from the server that they start from. */
export interface ConnectionsParts {
  kubelet: KubeletOptions;
  /** Ends all connections. */
  shutdown: AbortSignal;
  /** Whether the server itself takes users from a header; the name in lower case. */
  isIdentityHeader: (name: string) => boolean;
}

const withQuery = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);

/** The connections of one server. */
export class Connections {
  readonly #kubelet: KubeletOptions;
  readonly #parts: PassingParts;

  constructor({ kubelet, shutdown, isIdentityHeader }: ConnectionsParts) {
    this.#kubelet = kubelet;
    this.#parts = { dialer: new Dialer(kubelet), streams: new OpenStreams(shutdown), isIdentityHeader };
  }

  /** GET pods/NAME/log: a pod that no node runs has none. */
  async log(server: ServerContext, context: RequestContext, { namespace, name }: ResourceScope): Promise<void> {
    const options = parseLogOptions(context, name);
    const pod = await find(server, 'pods', namespace, name);
    const container = containerOf(pod, options.container);
    if ((specOf(pod).nodeName ?? '') === '') return sendBytes(context, 204, 'text/plain', '');
    const { host, port } = await this.#kubeletOf(server, pod);
    const peer = options.insecureSkipTlsVerify ? 'unverified-kubelet' : 'kubelet';
    const path = withQuery(`/containerLogs/${namespace}/${name}/${container}`, options.query);
    return streamLog(this.#parts, context, { scheme: 'https', host, port, peer }, path);
  }

  /** GET and POST of pods/NAME/exec, attach and portforward. */
  async stream(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
    const { namespace, name, subresource } = scope;
    const options = await admit(server, context, scope, streamOptions(subresource?.kind ?? '', context));
    await checkCreate(server, context);
    const isPortForward = subresource?.name === 'portforward';
    const pod = await find(server, 'pods', namespace, name);
    const container = isPortForward ? '' : containerOf(pod, wantedContainer(options));
    if ((specOf(pod).nodeName ?? '') === '') throw newBadRequest(`pod ${name} does not have a host assigned`);
    const { host, port, takesWebSockets } = await this.#kubeletOf(server, pod);
    if (!wantsUpgrade(context)) upgradeRequired();
    const kubelet = { scheme: 'https', host, port, peer: 'kubelet' } as const;
    if (!isPortForward) {
      const path = `/${subresource?.name}/${namespace}/${name}/${container}`;
      return passUpgrade(this.#parts, context, kubelet, withQuery(path, kubeletQuery(options)));
    }
    const path = withQuery(`/portForward/${namespace}/${name}`, kubeletQuery(options));
    const protocols = webSocketProtocols(context.exchange.headers);
    if (protocols !== null && isTunnel(protocols) && !takesWebSockets) return tunnel(this.#parts, context, kubelet, path, protocols);
    return passUpgrade(this.#parts, context, kubelet, path);
  }

  /** Every method of pods, services and nodes under `proxy`. */
  async proxy(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
    const { resource } = scope.served.definition;
    const path = pathBehind(context.info);
    await admit(server, context, scope, { kind: scope.subresource?.kind ?? '', apiVersion: 'v1', ...(path === '' ? {} : { path }) });
    const target = { pods: podTarget, services: serviceTarget, nodes: nodeTarget }[resource] ?? nodeTarget;
    return passOn(this.#parts, context, await target(server, scope, this.#kubelet), path);
  }

  async #kubeletOf(server: ServerContext, pod: KubeObject): Promise<KubeletAddress> {
    return kubeletAddress(await find(server, 'nodes', '', specOf(pod).nodeName ?? ''), this.#kubelet);
  }
}

/** Asks admission; webhooks may change the options. @throws 400 for what is only tried, and what admission says */
async function admit(server: ServerContext, context: RequestContext, scope: ResourceScope, options: KubeObject): Promise<KubeObject> {
  if (context.query?.has('dryRun')) throw newBadRequest('dryRun is not supported');
  const request = admissionRequest(server, context, scope, 'CONNECT', { object: options, oldObject: null, options: null, dryRun: false });
  await server.admission.runMutating(request);
  await server.admission.runValidating(request);
  return request.object ?? options;
}

/** Whoever may only read a pod could otherwise run commands in it: WebSockets begin with GET. @throws 403 */
async function checkCreate(server: ServerContext, context: RequestContext): Promise<void> {
  if (context.info.verb === 'create') return;
  const { decision, reason, error } = await server.authorizer.authorize(
    { ...authorizationAttributes(context), verb: 'create' },
    context.exchange,
  );
  if (decision === 'allow') return;
  if (error !== undefined) throw newStatusError(500, '', error);
  throw newForbidden({ group: context.info.apiGroup, resource: context.info.resource }, context.info.name, reason);
}
