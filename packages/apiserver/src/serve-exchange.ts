import { randomUUID } from 'node:crypto';
import { parseQuery, resolveRequestInfo } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Filter, RequestContext } from './context.js';
import { runChain } from './handler-chain.js';
import type { Exchange } from './http/exchange.js';
import type { ServerMetrics } from './metrics.js';
import { WarningRecorder } from './warnings.js';

/** Makes the context of one request and runs it. */
export async function serve(exchange: Exchange, filters: readonly Filter[], metrics: ServerMetrics, log: Logger): Promise<void> {
  const { url } = exchange;
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const query = question < 0 ? null : parseQuery(url.slice(question + 1));
  const given = exchange.headers['audit-id'];
  const context: RequestContext = {
    exchange,
    receivedAtMs: Date.now(),
    path,
    query,
    info: resolveRequestInfo(exchange.method, path, query),
    auditId: typeof given === 'string' && given !== '' ? given : randomUUID(),
    user: { username: '', groups: [] },
    originalUser: null,
    authenticationMs: 0,
    audit: null,
    latency: undefined,
    warnings: new WarningRecorder(),
    media: null,
    responseHeaders: {},
    answered: false,
    onStreamStart: null,
    aborted: false,
    admissionEnds: [],
  };
  await runChain(filters, context, log);
  // Of several attempts of one request only the last was stored.
  const isStored = exchange.statusCode < 300 && context.admissionEnds.length === 1;
  for (const end of context.admissionEnds) end(isStored);
  const { info } = context;
  const scope = !info.isResourceRequest ? '' : info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  metrics.request(
    {
      verb: info.verb.toUpperCase(),
      group: info.apiGroup,
      version: info.apiVersion,
      resource: info.resource,
      subresource: info.subresource,
      scope,
    },
    exchange.statusCode,
    (Date.now() - context.receivedAtMs) / 1000,
    0,
  );
}
