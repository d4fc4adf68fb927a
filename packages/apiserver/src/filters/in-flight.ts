import { newTooManyRequests } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import type { ServerMetrics } from '../metrics.js';

/** Subresources whose requests last as long as the client likes. */
const LONG_RUNNING_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const MUTATING: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

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
      const kind = MUTATING.has(context.info.verb) ? 'mutating' : 'readOnly';
      const limit = kind === 'mutating' ? options.mutatingMax : options.readOnlyMax;
      if (limit > 0 && running[kind] >= limit && !context.user.groups.includes('system:masters')) {
        throw newTooManyRequests('Too many requests, please try again later.', 1);
      }
      running[kind]++;
      context.exchange.onClose(() => {
        running[kind]--;
      });
      return undefined;
    },
  };
}
