/**
 * What DELETE does to one object: preconditions, finalizers, grace periods, propagation, and the final removal.
 */
import { type KubeObject, newConflict, newNotFound, type Status, stringifyExactJson } from '@k/apimachinery';
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
  { admit = true, admittedName }: { admit?: boolean; admittedName?: string } = {},
): Promise<DeleteResult> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const namespace = definition.namespaced ? scope.namespace : '';
  for (let attempt = 0; attempt < DELETE_TRIES; attempt++) {
    const stored = await storage.get(namespace, scope.name, { kind: 'latest' });
    if (stored === null) throw newNotFound(definition, scope.name);
    const old = await currentIn(scope, stored);
    checkPreconditions(scope, options, old, stored);
    if (admit) {
      const request = admissionRequest(server, context, scope, 'DELETE', {
        object: null,
        oldObject: old,
        options: options.body ?? { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
        dryRun: options.dryRun,
        ...(admittedName === undefined ? {} : { name: admittedName }),
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
  if (next.metadata?.deletionTimestamp === undefined) definition.strategy.beginDeletion?.(next, timestamp(server.now()));
  const grace = startGrace(server, scope, options, next);
  // A deletion that waits for its grace period is not changed by another one.
  if (grace === 'pending') return finishPending(server, scope, options, stored, next);
  const finalizersChanged = setPropagationFinalizers(scope, options, next);
  const isNamespace = definition.group === '' && definition.resource === 'namespaces';
  const held = (next.metadata?.finalizers?.length ?? 0) > 0;
  if (isNamespace && (hasNamespaceFinalizers(next) || next.metadata?.deletionTimestamp === undefined)) {
    markTerminating(next, timestamp(server.now()));
  } else if (grace === null && held) markDeleting(next, server.now());
  else if (grace === null && !finalizersChanged) return remove(server, scope, options, stored, old);
  if (options.dryRun) return { object: next, deleted: !held && (grace ?? 0) === 0 && !isNamespace };
  let current = stored;
  if (!isSameStored(next, stored)) {
    const result = await storage.update(namespace, scope.name, await forStorage(scope, next), stored.modRevision);
    if (!result.ok) return 'lost';
    current = result.object;
  }
  const now = await currentIn(scope, current);
  if (isNamespace || held || (grace ?? 0) > 0) return { object: now, deleted: false };
  const outcome = await remove(server, scope, options, current, now);
  return outcome === 'lost' ? { object: now, deleted: false } : outcome;
}

/**
 * Starts or shortens the grace period of a kind that has one. Mutates the object.
 *
 * @returns The seconds, `pending` when a running period stays as it is, null for kinds without one.
 */
function startGrace(server: ServerContext, scope: ResourceScope, options: DeleteOptions, object: KubeObject): number | 'pending' | null {
  const graceful = scope.served.definition.strategy.gracePeriodSeconds;
  if (graceful === undefined) return null;
  const metadata = (object.metadata ??= {});
  if (metadata.deletionTimestamp === undefined) {
    const grace = graceful(object, options.gracePeriodSeconds);
    metadata.deletionTimestamp = timestamp(server.now() + grace * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
    return grace;
  }
  const running = metadata.deletionGracePeriodSeconds;
  if (running === undefined) return null;
  const wanted = options.gracePeriodSeconds;
  if (wanted === undefined || wanted >= running) return 'pending';
  metadata.deletionTimestamp = timestamp(Date.parse(metadata.deletionTimestamp) + (wanted - running) * 1000);
  metadata.deletionGracePeriodSeconds = wanted;
  return wanted;
}

/** A second DELETE of an object that is on its way out: gone when nothing holds it any more, else as it is. */
async function finishPending(
  server: ServerContext,
  scope: ResourceScope,
  options: DeleteOptions,
  stored: StoredObject,
  object: KubeObject,
): Promise<DeleteResult | 'lost'> {
  const now = await currentIn(scope, stored);
  return isDeletionComplete(object) ? remove(server, scope, options, stored, now) : { object: now, deleted: false };
}

/** Takes the object out of the store. */
async function remove(
  server: ServerContext,
  scope: ResourceScope,
  options: DeleteOptions,
  stored: StoredObject,
  object: KubeObject,
): Promise<DeleteResult | 'lost'> {
  const { definition } = scope.served;
  if (options.dryRun) return { object, deleted: true };
  const storage = server.registry.storage(definition);
  const result = await storage.delete(definition.namespaced ? scope.namespace : '', scope.name, stored.modRevision);
  if (!result.ok) return 'lost';
  server.hooks.get(`${definition.resource}.${definition.group}`)?.afterDelete?.(object);
  return { object: { ...object, metadata: { ...object.metadata, resourceVersion: String(result.object.modRevision) } }, deleted: true };
}

/** Marks an object that its finalizers hold back. */
function markDeleting(object: KubeObject, nowMs: number): void {
  const metadata = (object.metadata ??= {});
  const { deletionTimestamp } = metadata;
  if (deletionTimestamp === undefined && (metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
  if (deletionTimestamp === undefined || Date.parse(deletionTimestamp) > nowMs) metadata.deletionTimestamp = timestamp(nowMs);
  metadata.deletionGracePeriodSeconds = 0;
}

/** Marks a namespace, which goes once it is empty. */
function markTerminating(namespace: KubeObject, now: string): void {
  const metadata = (namespace.metadata ??= {});
  metadata.deletionTimestamp ??= now;
  namespace['status'] = { ...(namespace['status'] as object | undefined), phase: 'Terminating' };
}

function isSameStored(object: KubeObject, stored: StoredObject): boolean {
  return stringifyExactJson(object) === stored.json.toString('utf8');
}

function hasNamespaceFinalizers(object: KubeObject): boolean {
  if (object.kind !== 'Namespace') return false;
  const finalizers = (object['spec'] as { finalizers?: unknown[] } | undefined)?.finalizers;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

/** Foreground and orphan deletion wait for the garbage collector behind a finalizer. True when that changed the object. */
function setPropagationFinalizers(scope: ResourceScope, options: DeleteOptions, object: KubeObject): boolean {
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
  if (rest.length === had.length && rest.every((name) => had.includes(name))) return false;
  if (rest.length > 0) metadata.finalizers = rest;
  else delete metadata.finalizers;
  return true;
}

function checkPreconditions(scope: ResourceScope, options: DeleteOptions, old: KubeObject, stored: StoredObject): void {
  const { definition } = scope.served;
  // The common store names the kind in these errors; namespaces have a store of their own.
  const isNamespace = definition.group === '' && definition.resource === 'namespaces';
  const subject = { group: definition.group, resource: isNamespace ? definition.resource : definition.kind };
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
