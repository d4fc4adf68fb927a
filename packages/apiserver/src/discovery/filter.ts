import type { Catalogue } from '@k/api';
import type { Filter, RequestContext } from '../context.js';
import { negotiate } from '../http/negotiate.js';
import { sendObject, wantsPretty } from '../http/respond.js';
import { methodNotAllowed, pageNotFound } from '../rest/dispatch.js';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, coreVersions } from './documents.js';

/** Serves `/api`, `/apis` and below, down to the resource lists. */
export function discoveryFilter(catalogue: Catalogue, serverAddress: () => string): Filter {
  return {
    name: 'discovery',
    why: 'before resources: its paths are their prefixes',
    handle(context: RequestContext) {
      const segments = context.path.split('/').filter((segment) => segment !== '');
      const [prefix, first, second] = segments;
      const isDiscovery = (prefix === 'api' && segments.length <= 2) || (prefix === 'apis' && segments.length <= 3);
      if (!isDiscovery) return undefined;
      if (!['GET', 'HEAD'].includes(context.exchange.method)) throw methodNotAllowed();
      const isRoot = segments.length === 1;
      context.media = negotiate(context.exchange.headers.accept, { transforms: false, aggregatedDiscovery: isRoot }, wantsPretty(context));
      if (isRoot && context.media.as === 'APIGroupDiscoveryList')
        return sendObject(context, 200, aggregatedDiscovery(catalogue, prefix === 'api'));
      let document: object | null;
      if (isRoot) document = prefix === 'api' ? coreVersions(serverAddress()) : apiGroupList(catalogue);
      else if (prefix === 'api') document = apiResourceList(catalogue, '', first as string);
      else if (second === undefined) {
        const group = apiGroup(catalogue, first as string);
        document = group === null ? null : { kind: 'APIGroup', apiVersion: 'v1', ...group };
      } else document = apiResourceList(catalogue, first as string, second);
      return document === null ? pageNotFound(context) : sendObject(context, 200, document);
    },
  };
}
