import type { RequestHeaderOptions } from '@k/auth';
import { identityHeaders } from '../aggregation/create-aggregator.js';
import type { SpecialHandlers } from '../rest/dispatch.js';
import type { ResourceHandler } from '../server-context.js';
import type { Connections } from './connections.js';
import type { KubeletOptions } from './kubelet-options.js';

/** What a server is told of connections. */
export interface ConnectOptions {
  kubelet?: KubeletOptions;
  /** What the server itself takes users from; such headers are not passed on. */
  requestHeader?: RequestHeaderOptions;
}

/** `log`, `exec`, `attach`, `portforward` and `proxy`. What connects is loaded with the first of them; `shutdown` ends all connections. */
export function connectHandlers({ kubelet = {}, requestHeader }: ConnectOptions, shutdown: AbortSignal): SpecialHandlers {
  const parts = { kubelet, shutdown, isIdentityHeader: identityHeaders(requestHeader) };
  let loaded: Promise<Connections> | undefined;
  const by =
    (name: 'log' | 'stream' | 'proxy'): ResourceHandler =>
    async (server, context, scope) => {
      loaded ??= import('./connections.js').then(({ Connections }) => new Connections(parts));
      try {
        await (await loaded)[name](server, context, scope);
      } catch (error) {
        // Nobody waits for the answer of a connection that the client has given up.
        if (!context.exchange.closed) throw error;
      }
    };
  const [log, stream, proxy] = [by('log'), by('stream'), by('proxy')];
  const streams = { get: stream, create: stream };
  const proxies = { get: proxy, create: proxy, update: proxy, patch: proxy, delete: proxy };
  return new Map<string, Readonly<Record<string, ResourceHandler>>>([
    ['pods./log', { get: log }],
    ['pods./exec', streams],
    ['pods./attach', streams],
    ['pods./portforward', streams],
    ['pods./proxy', proxies],
    ['services./proxy', proxies],
    ['nodes./proxy', proxies],
  ]);
}
