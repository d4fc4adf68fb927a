import type { Filter, RequestContext } from '../context.js';
import type { Aggregator } from './aggregator.js';
import type { RemoteApiService } from './api-service.js';

const OPENAPI = '/openapi/v3/';

/** Hands requests for the group versions of other servers to these. */
export function forwardFilter(aggregator: Aggregator): Filter {
  return {
    name: 'aggregation',
    why: 'after authorization, as for our own resources; before discovery and resources, which know nothing of other servers',
    handle(context) {
      if (!aggregator.isInUse) return undefined;
      const remote = answererOf(aggregator, context);
      if (remote === undefined) return undefined;
      // What a watch costs there is the other server's.
      context.onWatchReady?.();
      return aggregator.servers().then((servers) => servers.forward(context, remote));
    },
  };
}

function answererOf(aggregator: Aggregator, { info, path }: RequestContext): RemoteApiService | undefined {
  if (info.isResourceRequest) return aggregator.find(info.apiGroup, info.apiVersion);
  const from = path.startsWith(OPENAPI) ? OPENAPI.length : 1;
  const [prefix, group = '', version = '', ...rest] = path.slice(from).split('/');
  if (prefix === 'api' && version === '') return aggregator.find('', group);
  if (prefix !== 'apis' || version === '' || (from > 1 && rest.length > 0)) return undefined;
  return aggregator.find(group, version);
}
