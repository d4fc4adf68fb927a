import type { ListOptions } from '@k/storage';
import type { ResourceScope } from '../server-context.js';
import type { ListRequest } from './read-options.js';

/** What a list or the delete of a collection asks the storage for. */
export function listQuery(scope: ResourceScope, request: ListRequest): ListOptions {
  return {
    namespace: scope.namespace,
    freshness: request.freshness,
    limit: request.limit,
    ...(request.nameSelected === undefined ? {} : { name: request.nameSelected }),
    ...(request.select === undefined ? {} : { select: request.select }),
    ...(request.equals === undefined ? {} : { equals: request.equals }),
    ...(request.startAfter === undefined ? {} : { startAfter: request.startAfter }),
  };
}
