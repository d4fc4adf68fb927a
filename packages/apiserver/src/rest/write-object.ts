/**
 * The steps that every create, update and patch share: metadata that only the server sets, managed fields, admission,
 * validation, and storing under optimistic concurrency.
 */
import { randomUUID } from 'node:crypto';
import type { AdmissionRequest, Operation } from '@k/admission';
import { validateObjectMeta, validateObjectMetaUpdate } from '@k/api';
import {
  type FieldError,
  invalid,
  type KubeObject,
  type ManagedFieldsEntry,
  newAlreadyExists,
  newConflict,
  newInvalid,
  type ObjectMeta,
  setOwn,
} from '@k/apimachinery';
import { updateManagedFields } from '@k/apimachinery/apply';
import type { StoredObject } from '@k/storage';
import { abortSignalOf } from '../abort-signal.js';
import type { RequestContext } from '../context.js';
import { inVersion, parseStored } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { managerOf, type WriteOptions } from './options.js';
import { storageFault } from './storage-fault.js';
import { withVersions } from './version-views.js';

/** The second that was written last: under load many objects share one. */
let lastSecond = { second: Number.NaN, text: '' };

/** The present time as objects carry it: RFC 3339 with whole seconds. */
export function timestamp(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== lastSecond.second) lastSecond = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return lastSecond.text;
}

/** Builds the admission view of a write. */
export function admissionRequest(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  operation: Operation,
  objects: { object: KubeObject | null; oldObject: KubeObject | null; options: KubeObject | null; dryRun: boolean; name?: string },
): AdmissionRequest {
  void server;
  const { definition, version } = scope.served;
  const subresource = scope.subresource;
  const isNamespace = definition.group === '' && definition.resource === 'namespaces';
  const name = objects.name ?? (scope.name !== '' ? scope.name : (objects.object?.metadata?.name ?? ''));
  return {
    uid: randomUUID(),
    operation,
    kind: subresource
      ? { group: subresource.group, version: subresource.version, kind: subresource.kind }
      : { group: definition.group, version: version.version, kind: definition.kind },
    resource: { group: definition.group, version: version.version, resource: definition.resource },
    subresource: subresource?.name ?? '',
    namespace: isNamespace ? name : scope.namespace,
    name,
    user: context.user,
    dryRun: objects.dryRun,
    object: objects.object,
    oldObject: objects.oldObject,
    options: objects.options,
    addAuditAnnotation: (key, value, level) => {
      if (level === undefined || context.audit?.wantsRequestObject !== false) context.audit?.addAnnotation(key, value);
    },
    onWebhookCall: (type, durationMs) => {
      // Those that mutate are called one after another, the others at once.
      if (type === 'mutating') context.latency?.add('mutating-webhook', durationMs);
      else context.latency?.atLeast('validating-webhook', durationMs);
    },
    addWarning: (text) => context.warnings.add(text),
    onEnd: (listener) => context.admissionEnds.push(listener),
    abortSignal: () => abortSignalOf(context),
  };
}

/** Puts what the server owns into a new object's metadata, and nothing else. */
export function fillCreateMetadata(server: ServerContext, scope: ResourceScope, object: KubeObject): void {
  const metadata: ObjectMeta = object.metadata ?? {};
  object.metadata = metadata;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.resourceVersion;
  if (scope.served.definition.namespaced) metadata.namespace = scope.namespace;
  else delete metadata.namespace;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(server.now());
}

/** Records who set which fields by an ordinary write. */
export function trackManagedFields(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  live: KubeObject | null,
  updated: KubeObject,
  options: WriteOptions,
): void | Promise<void> {
  const manager = managerOf(context, options.fieldManager);
  const subresource = scope.subresource?.name ?? '';
  // Of a new object: the time that it carries already.
  const now = (live === null ? updated.metadata?.creationTimestamp : null) ?? managedTime(server, scope);
  // Spread into each other, the two would cost as much as the rest.
  const managedFields = withVersions(scope, ({ apiVersion, schema, other, resetFields }) =>
    updateManagedFields({ apiVersion, schema, other, resetFields, live, updated, manager, subresource, now }),
  );
  if (!(managedFields instanceof Promise)) return setManagedFields(updated, managedFields);
  return managedFields.then(
    (entries) => setManagedFields(updated, entries),
    // A write does not fail for want of its record, which begins anew.
    () => setManagedFields(updated, []),
  );
}

/** The time of a new entry; scale leaves it out. */
export function managedTime(server: ServerContext, scope: ResourceScope): string | undefined {
  return scope.subresource?.name === 'scale' ? undefined : timestamp(server.now());
}

/** Puts managed fields into an object that the caller owns. */
export function setManagedFields(object: KubeObject, managedFields: ManagedFieldsEntry[]): void {
  const metadata = (object.metadata ??= {});
  if (managedFields.length === 0) delete metadata.managedFields;
  else metadata.managedFields = managedFields;
}

/** Throws 422 with every error found. */
export function refuseInvalid(scope: ResourceScope, object: KubeObject, errors: FieldError[]): void {
  if (errors.length === 0) return;
  const { definition } = scope.served;
  throw newInvalid({ group: definition.group, kind: object.kind ?? definition.kind }, object.metadata?.name ?? '', errors);
}

const HEAD_FIELDS: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'metadata']);

/** All errors of a new object. */
export function validateNew(scope: ResourceScope, object: KubeObject): void {
  const { definition } = scope.served;
  const errors = [...validateObjectMeta(object, definition), ...(definition.strategy.validate?.(object) ?? [])];
  // Kinds that take nearly any name cannot take what no key holds.
  const { name = '' } = object.metadata ?? {};
  if (name.includes('\0') && errors.length === 0) errors.push(invalid('metadata.name', name, 'may not contain NUL'));
  refuseInvalid(scope, object, errors);
}

/** All errors of a change. */
export function validateChanged(scope: ResourceScope, object: KubeObject, old: KubeObject): void {
  const { definition } = scope.served;
  const errors = [
    ...validateObjectMetaUpdate(object, old, definition),
    ...(definition.strategy.validateUpdate?.(object, old, scope.subresource?.name ?? '') ?? []),
  ];
  refuseInvalid(scope, object, errors);
}

/** The object in its storage version, as it goes into the store. */
export function forStorage(scope: ResourceScope, object: KubeObject): Record<string, unknown> | Promise<Record<string, unknown>> {
  const { definition } = scope.served;
  const converted = inVersion(definition, [object], definition.storageVersion, scope.context);
  return converted instanceof Promise
    ? converted.then(([only]) => inStoredOrder(only as KubeObject))
    : inStoredOrder(converted[0] as KubeObject);
}

/** A copy with what every object has at its head, and without the version, which is the store's to give. */
function inStoredOrder(object: KubeObject): Record<string, unknown> {
  let { metadata } = object;
  if (metadata?.resourceVersion !== undefined) {
    const { resourceVersion: _own, ...rest } = metadata;
    metadata = rest;
  }
  const stored: Record<string, unknown> = { kind: object.kind, apiVersion: object.apiVersion, metadata };
  for (const field of Object.keys(object)) if (!HEAD_FIELDS.has(field)) setOwn(stored, field, object[field]);
  return stored;
}

/** 409 for a name that is taken, by an object that may be on its way out. */
export function alreadyExists(scope: ResourceScope, name: string, current: StoredObject | null): Error {
  const error = newAlreadyExists(scope.served.definition, name);
  const isGoing = current !== null && parseStored(current).metadata?.deletionTimestamp !== undefined;
  if (isGoing) error.status.message = `object is being deleted: ${error.status.message}`;
  return error;
}

/** Stores a new object. */
export async function storeNew(server: ServerContext, scope: ResourceScope, object: KubeObject): Promise<StoredObject> {
  const { definition } = scope.served;
  const name = object.metadata?.name ?? '';
  const storage = server.registry.storage(definition);
  try {
    const converted = forStorage(scope, object);
    const stored = converted instanceof Promise ? await converted : converted;
    const result = await storage.create(definition.namespaced ? scope.namespace : '', name, stored);
    if (!result.ok) throw alreadyExists(scope, name, result.current);
    return result.object;
  } catch (error) {
    throw storageFault(error, definition, name);
  }
}

/** 409 for a write based on an old version. */
export function modifiedConflict(scope: ResourceScope, name: string): Error {
  return newConflict(
    scope.served.definition,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

/** A stored object in the version of the request; the caller owns it. */
export async function currentIn({ served, context }: ResourceScope, stored: StoredObject): Promise<KubeObject> {
  const [object] = await inVersion(served.definition, [parseStored(stored)], served.version.version, context);
  return object as KubeObject;
}
