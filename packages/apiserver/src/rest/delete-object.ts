/**
 * What DELETE does to one object: preconditions, finalizers, grace periods, propagation, and the final removal.
 */
import { type KubeObject, newConflict, newNotFound, type Status } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { parseStored } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import type { DeleteOptions } from './options.js';
import { admissionRequest, currentIn, forStorage, timestamp } from './write-object.js';

const ORPHAN_FINALIZER = 'orphan';
const FOREGROUND_FINALIZER = 'foregroundDeletion';
/** Lost races before giving up. */
const DELETE_TRIES = 100;

/** How a deletion ended. */
export interface DeleteResult {
  /** The object as it is now, or as it was when it went. */
  object: KubeObject;
  /** Gone; else it waits for its grace period or finalizers. */
  deleted: boolean;
}

/** True when nothing holds a deleted object any more. */
export function isDeletionComplete(object: KubeObject): boolean {
  const metadata = object.metadata;
  if (metadata?.deletionTimestamp === undefined) return false;
  if ((metadata.finalizers?.length ?? 0) > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  const finalizers = (object['spec'] as { finalizers?: unknown[] } | undefined)?.finalizers;
  return !(object.kind === 'Namespace' && Array.isArray(finalizers) && finalizers.length > 0);
}

/** Removes an object for good after a write that released its last hold. */
export async function finishDeletion(
  server: ServerContext,
  scope: ResourceScope,
  stored: StoredObject,
  object: KubeObject,
): Promise<KubeObject | 'lost'> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const result = await storage.delete(definition.namespaced ? scope.namespace : '', scope.name, stored.modRevision);
  if (!result.ok) return 'lost';
  server.hooks.get(`${definition.resource}.${definition.group}`)?.afterDelete?.(object);
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(result.object.modRevision) } };
}

/** Deletes one object as the options say. */
export async function deleteObject(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  options: DeleteOptions,
  { admit = true }: { admit?: boolean } = {},
): Promise<DeleteResult> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const namespace = definition.namespaced ? scope.namespace : '';
  for (let attempt = 0; attempt < DELETE_TRIES; attempt++) {
    const stored = await storage.get(namespace, scope.name, { kind: 'latest' });
    if (stored === null) throw newNotFound(definition, scope.name);
    const old = currentIn(scope, stored);
    checkPreconditions(scope, options, old, stored);
    if (admit) {
      const request = admissionRequest(server, context, scope, 'DELETE', {
        object: null,
        oldObject: old,
        options: options.body ?? { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
        dryRun: options.dryRun,
      });
      await server.admission.runMutating(request);
      await server.admission.runValidating(request);
    }
    const outcome = await deleteOnce(server, scope, options, stored, old);
    if (outcome !== 'lost') return outcome;
  }
  throw newConflict(definition, scope.name, 'the object has been modified; please apply your changes to the latest version and try again');
}

async function deleteOnce(
  server: ServerContext,
  scope: ResourceScope,
  options: DeleteOptions,
  stored: StoredObject,
  old: KubeObject,
): Promise<DeleteResult | 'lost'> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const namespace = definition.namespaced ? scope.namespace : '';
  const next = parseStored(stored);
  const metadata = (next.metadata ??= {});
  const already = metadata.deletionTimestamp !== undefined;
  setPropagationFinalizers(scope, options, next);
  const graceful = definition.strategy.gracePeriodSeconds;
  const grace = graceful ? graceful(old, options.gracePeriodSeconds) : 0;
  const held = (metadata.finalizers?.length ?? 0) > 0 || hasNamespaceFinalizers(next);
  if (!held && grace === 0) {
    const gone: KubeObject = structuredClone(old);
    if (graceful) {
      gone.metadata = { ...gone.metadata, deletionTimestamp: timestamp(server.now()), deletionGracePeriodSeconds: 0 };
    }
    if (options.dryRun) return { object: gone, deleted: true };
    const result = await storage.delete(namespace, scope.name, stored.modRevision);
    if (!result.ok) return 'lost';
    server.hooks.get(`${definition.resource}.${definition.group}`)?.afterDelete?.(old);
    return { object: gone, deleted: true };
  }
  if (!already || shortensGrace(metadata.deletionGracePeriodSeconds, grace)) {
    const base = already && metadata.deletionTimestamp ? Date.parse(metadata.deletionTimestamp) : server.now();
    const previous = already ? (metadata.deletionGracePeriodSeconds ?? 0) : 0;
    metadata.deletionTimestamp = timestamp(base + (grace - (already ? previous : 0)) * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    if (!already && definition.strategy.hasGeneration && (metadata.generation ?? 0) > 0)
      metadata.generation = (metadata.generation ?? 0) + 1;
    if (definition.group === '' && definition.resource === 'namespaces') {
      next['status'] = { ...(next['status'] as object | undefined), phase: 'Terminating' };
      delete metadata.deletionGracePeriodSeconds;
    }
  }
  if (options.dryRun) return { object: next, deleted: false };
  if (JSON.stringify(next) === stored.json.toString('utf8')) return { object: currentIn(scope, stored), deleted: false };
  const result = await storage.update(namespace, scope.name, forStorage(scope, next), stored.modRevision);
  if (!result.ok) return 'lost';
  return { object: currentIn(scope, result.object), deleted: false };
}

/** A second DELETE may shorten the grace period, never lengthen it. */
function shortensGrace(before: number | undefined, grace: number): boolean {
  return before !== undefined && grace < before;
}

function hasNamespaceFinalizers(object: KubeObject): boolean {
  if (object.kind !== 'Namespace') return false;
  const finalizers = (object['spec'] as { finalizers?: unknown[] } | undefined)?.finalizers;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

/** Foreground and orphan deletion wait for the garbage collector behind a finalizer. */
function setPropagationFinalizers(scope: ResourceScope, options: DeleteOptions, object: KubeObject): void {
  const metadata = (object.metadata ??= {});
  const had = metadata.finalizers ?? [];
  let orphan = had.includes(ORPHAN_FINALIZER);
  let foreground = had.includes(FOREGROUND_FINALIZER);
  if (options.propagationPolicy !== undefined) {
    orphan = options.propagationPolicy === 'Orphan';
    foreground = options.propagationPolicy === 'Foreground';
  } else if (options.orphanDependents !== undefined) {
    orphan = options.orphanDependents;
    foreground = false;
  } else if (!orphan && !foreground && scope.served.definition.strategy.defaultPropagation === 'orphan') orphan = true;
  const rest = had.filter((name) => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER);
  if (orphan) rest.push(ORPHAN_FINALIZER);
  if (foreground) rest.push(FOREGROUND_FINALIZER);
  if (rest.length > 0) metadata.finalizers = rest;
  else delete metadata.finalizers;
}

function checkPreconditions(scope: ResourceScope, options: DeleteOptions, old: KubeObject, stored: StoredObject): void {
  const { definition } = scope.served;
  // Upstream names the kind, not the resource, in these errors.
  const subject = { group: definition.group, resource: definition.kind };
  if (options.uid !== undefined && options.uid !== old.metadata?.uid) {
    throw newConflict(
      subject,
      scope.name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${old.metadata?.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== String(stored.modRevision)) {
    throw newConflict(
      subject,
      scope.name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${stored.modRevision}). The object might have been modified`,
    );
  }
}

/** The Status that a finished DELETE answers with, for kinds that do not return their object. */
export function deletedStatus(scope: ResourceScope, object: KubeObject): Status {
  const { definition } = scope.served;
  const details: Status['details'] = { name: object.metadata?.name ?? scope.name, kind: definition.resource };
  if (definition.group !== '') details.group = definition.group;
  if (object.metadata?.uid !== undefined) details.uid = object.metadata.uid;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } as Status;
}
