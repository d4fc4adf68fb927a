import { StatusError } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { sendObject } from '../http/respond.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { listConverted } from './converted-list.js';
import { deletedStatus, deleteObject } from './delete-object.js';
import { listQuery } from './list-query.js';
import { type DeleteOptions, parseDeleteOptions } from './options.js';
import { parseListOptions } from './read-options.js';
import { negotiateObjects, sendKubeObject, sendList, sendObjects } from './render.js';
import { storageFault } from './storage-fault.js';
import { admissionRequest } from './write-object.js';

/** Objects that one deletecollection removes at the same time. */
const DELETE_WORKERS = 16;

/** DELETE of one object. */
export async function handleDelete(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const options = await parseDeleteOptions(context);
  auditOptions(context, options);
  warnDefaultPropagation(context, scope, options);
  try {
    const result = await deleteObject(server, context, scope, options);
    if (result.deleted && !scope.served.definition.strategy.deleteReturnsObject) {
      const status = deletedStatus(scope, result.object);
      context.audit?.setResponseStatus(200);
      context.audit?.setResponseStatusObject(status);
      await sendObject(context, 200, status);
      return;
    }
    await sendKubeObject(context, scope, 200, result.object);
  } catch (error) {
    throw storageFault(error, scope.served.definition, scope.name);
  }
}

/** The log shows options in the server's internal version, as upstream does. */
function auditOptions(context: RequestContext, options: DeleteOptions): void {
  if (options.body !== null) context.audit?.setRequestObject({ ...options.body, apiVersion: 'meta.k8s.io/__internal' });
}

/** Kinds that orphan by default say so. */
function warnDefaultPropagation(context: RequestContext, scope: ResourceScope, options: DeleteOptions): void {
  if (scope.served.definition.strategy.defaultPropagation !== 'orphan') return;
  if (options.propagationPolicy !== undefined || options.orphanDependents !== undefined) return;
  context.warnings.add(
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  );
}

/** DELETE of a collection: every selected object, each with its own admission. */
export async function handleDeleteCollection(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const options = await parseDeleteOptions(context);
  auditOptions(context, options);
  const request = parseListOptions(context, scope, false);
  const { definition } = scope.served;
  const whole = admissionRequest(server, context, scope, 'DELETE', {
    object: null,
    oldObject: null,
    options: options.body ?? { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
    dryRun: options.dryRun,
    name: '',
  });
  await server.admission.runMutating(whole);
  await server.admission.runValidating(whole);
  const storage = server.registry.storage(definition);
  try {
    const query = listQuery(scope, request);
    // Fields of another version are known when the webhook has converted the objects.
    const isConverted = definition.convertAll !== undefined && request.selectsFields;
    const list = isConverted ? await listConverted(server, scope, request, query) : await storage.list(query);
    const queue =
      'objects' in list
        ? list.objects.map(({ metadata }) => ({ namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' }))
        : [...list.items];
    await Promise.all(
      Array.from({ length: Math.min(DELETE_WORKERS, queue.length) }, async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
          const one: ResourceScope = { ...scope, namespace: item.namespace, name: item.name };
          try {
            // Admission sees the request's name, and a collection has none.
            await deleteObject(server, context, one, options, { admittedName: '' });
          } catch (error) {
            if (!StatusError.is(error, 'NotFound')) throw error;
          }
        }
      }),
    );
    const metadata = { resourceVersion: String(list.revision) };
    if ('objects' in list) await sendObjects(context, scope, list.objects, { continue: '', ...metadata });
    else await sendList(context, scope, list.items, metadata);
  } catch (error) {
    throw storageFault(error, definition, '');
  }
}
