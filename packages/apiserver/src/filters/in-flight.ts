import type { Filter, RequestContext } from '../context.js';
import { sendBytes } from '../http/respond.js';
import type { ServerMetrics } from '../metrics.js';

/** Subresources whose requests last as long as the client likes. */
const LONG_RUNNING_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const MUTATING: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Requests that may change something. */
export const isMutating = (verb: string): boolean => MUTATING.has(verb);

/** The plain 429 of a server that has too much to do; clients come again after so many seconds. */
export function sendTooManyRequests(context: RequestContext, retryAfterSeconds: number): void {
  context.responseHeaders['retry-after'] = String(retryAfterSeconds);
  context.responseHeaders['x-content-type-options'] = 'nosniff';
  sendBytes(context, 429, 'text/plain; charset=utf-8', 'Too many requests, please try again later.\n');
}

/** Watches and streams are not counted, limited or timed out. */
export function isLongRunning(context: RequestContext): boolean {
  const { info } = context;
  return info.isResourceRequest && (info.verb === 'watch' || info.verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(info.subresource));
}

/** Refuses requests above the limits with 429; 0 = no limit. The server's own administrators always pass. */
export function inFlightFilter(options: { readOnlyMax: number; mutatingMax: number; metrics: ServerMetrics }): Filter {
  const running = options.metrics.inflight;
  return {
    name: 'in-flight',
    why: 'after authentication, so that administrators get through an overload',
    handle(context) {
      if (isLongRunning(context)) return undefined;
      const kind = isMutating(context.info.verb) ? 'mutating' : 'readOnly';
      const limit = kind === 'mutating' ? options.mutatingMax : options.readOnlyMax;
      if (limit > 0 && running[kind] >= limit && !context.user.groups.includes('system:masters')) {
        return sendTooManyRequests(context, 1);
      }
      running[kind]++;
      context.exchange.onClose(() => {
        running[kind]--;
      });
      return undefined;
    },
  };
}
