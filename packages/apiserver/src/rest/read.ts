import { newExpired, newInternalError, newNotFound, newStatusError } from '@k/apimachinery';
import { StorageError } from '@k/storage';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { encodeContinue } from './continue-token.js';
import { listConverted } from './converted-list.js';
import { listQuery } from './list-query.js';
import { freshnessOf, type ListRequest, parseListOptions } from './read-options.js';
import { isVerbatim, negotiateObjects, sendList, sendObjects, sendStored } from './render.js';
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
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  try {
    const query = listQuery(scope, request);
    const isConverted = definition.convertAll !== undefined && (request.selectsFields || !isVerbatim(scope, negotiateObjects(context)));
    const result = isConverted ? await listConverted(server, scope, request, query) : await storage.list(query);
    const metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number } = {
      resourceVersion: String(result.revision),
    };
    if (result.nextAfter !== undefined) {
      const within = definition.namespaced && scope.namespace !== '' ? `${scope.namespace}/`.length : 0;
      metadata.continue = encodeContinue({ startAfter: result.nextAfter.slice(within), revision: result.revision });
      if (result.remaining !== undefined && result.remaining > 0) metadata.remainingItemCount = result.remaining;
    }
    if ('objects' in result) await sendObjects(context, scope, result.objects, { continue: '', ...metadata });
    else await sendList(context, scope, result.items, metadata);
  } catch (error) {
    if (StorageError.is(error, 'STORAGE_COMPACTED')) throw compacted(request, scope);
    // A list names the object that cannot be read; a get need not.
    if (StorageError.is(error, 'STORAGE_CORRUPT')) throw newInternalError(error.message, error);
    throw storageFault(error, definition, '');
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
