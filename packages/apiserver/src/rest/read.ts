import { newExpired, newInternalError, newNotFound, newStatusError } from '@k/apimachinery';
import { StorageError } from '@k/storage';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { encodeContinue } from './continue-token.js';
import { freshnessOf, type ListRequest, parseListOptions } from './read-options.js';
import { negotiateObjects, sendList, sendStored } from './render.js';
import { storageFault } from './storage-fault.js';

/** GET of one object. */
export async function handleGet(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const storage = server.registry.storage(scope.served.definition);
  const version = context.query?.get('resourceVersion') ?? '';
  try {
    const stored = await storage.get(scope.namespace, scope.name, freshnessOf(version, '', false));
    if (stored === null) throw newNotFound(scope.served.definition, scope.name);
    await sendStored(context, scope, 200, stored);
  } catch (error) {
    throw storageFault(error, scope.served.definition, scope.name);
  }
}

/** GET of a collection. */
export async function handleList(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const request = parseListOptions(context, scope, false);
  const storage = server.registry.storage(scope.served.definition);
  try {
    const result = await storage.list({
      namespace: scope.namespace,
      freshness: request.freshness,
      limit: request.limit,
      ...(request.nameSelected === undefined ? {} : { name: request.nameSelected }),
      ...(request.select === undefined ? {} : { select: request.select }),
      ...(request.equals === undefined ? {} : { equals: request.equals }),
      ...(request.startAfter === undefined ? {} : { startAfter: request.startAfter }),
    });
    const metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number } = {
      resourceVersion: String(result.revision),
    };
    if (result.nextAfter !== undefined) {
      const within = scope.served.definition.namespaced && scope.namespace !== '' ? `${scope.namespace}/`.length : 0;
      metadata.continue = encodeContinue({ startAfter: result.nextAfter.slice(within), revision: result.revision });
      if (result.remaining !== undefined && result.remaining > 0) metadata.remainingItemCount = result.remaining;
    }
    await sendList(context, scope, result.items, metadata);
  } catch (error) {
    if (StorageError.is(error, 'STORAGE_COMPACTED')) throw compacted(request, scope);
    // A list names the object that cannot be read; a get need not.
    if (StorageError.is(error, 'STORAGE_CORRUPT')) throw newInternalError(error.message, error);
    throw storageFault(error, scope.served.definition, '');
  }
}

/** 410 for a page whose revision is gone; the new token goes on at the present state. */
function compacted({ continued, startAfter }: ListRequest, scope: ResourceScope): Error {
  if (!continued || startAfter === undefined) {
    return newExpired('The resourceVersion for the provided list is too old.');
  }
  const error = newStatusError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  const within = scope.served.definition.namespaced && scope.namespace !== '' ? `${scope.namespace}/`.length : 0;
  error.status.metadata.continue = encodeContinue({ startAfter: startAfter.slice(within), revision: -1 });
  return error;
}
