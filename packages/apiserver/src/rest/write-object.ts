/**
 * The steps that every create, update and patch share: metadata that only the server sets, managed fields, admission,
 * validation, and storing under optimistic concurrency.
 */
import { randomUUID } from 'node:crypto';
import type { AdmissionRequest, Operation } from '@k/admission';
import { validateObjectMeta, validateObjectMetaUpdate } from '@k/api';
import { type FieldError, type KubeObject, newAlreadyExists, newConflict, newInvalid, type ObjectMeta, type Schema } from '@k/apimachinery';
import { updateManagedFields } from '@k/apimachinery/apply';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { parseStored, toVersion } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { managerOf, type WriteOptions } from './options.js';
import { storageFault } from './storage-fault.js';

/** The present time as objects carry it: RFC 3339 with whole seconds. */
export function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
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
    addAuditAnnotation: (key, value) => context.audit?.addAnnotation(key, value),
    addWarning: (text) => context.warnings.add(text),
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
  schema: Schema,
  live: KubeObject | null,
  updated: KubeObject,
  options: WriteOptions,
): void {
  const managedFields = updateManagedFields({
    live,
    updated,
    schema,
    manager: managerOf(context, options.fieldManager),
    apiVersion: updated.apiVersion ?? '',
    subresource: scope.subresource?.name ?? '',
    now: timestamp(server.now()),
    resetFields: scope.served.definition.strategy.resetFields?.[scope.subresource?.name ?? ''] ?? [],
  });
  const metadata = (updated.metadata ??= {});
  if (managedFields.length === 0) delete metadata.managedFields;
  else metadata.managedFields = managedFields;
}

/** Throws 422 with every error found. */
export function refuseInvalid(scope: ResourceScope, object: KubeObject, errors: FieldError[]): void {
  if (errors.length === 0) return;
  const { definition } = scope.served;
  throw newInvalid({ group: definition.group, kind: definition.kind }, object.metadata?.name ?? '', errors);
}

/** All errors of a new object. */
export function validateNew(scope: ResourceScope, object: KubeObject): void {
  const { definition } = scope.served;
  const errors = [...validateObjectMeta(object, definition), ...(definition.strategy.validate?.(object) ?? [])];
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
export function forStorage(scope: ResourceScope, object: KubeObject): Record<string, unknown> {
  const { definition } = scope.served;
  const stored = { ...toVersion(definition, object, definition.storageVersion) };
  if (stored.metadata?.resourceVersion !== undefined) {
    const { resourceVersion: _own, ...metadata } = stored.metadata;
    stored.metadata = metadata;
  }
  const { kind, apiVersion, metadata, ...rest } = stored;
  return { kind, apiVersion, metadata, ...rest };
}

/** Stores a new object. */
export async function storeNew(server: ServerContext, scope: ResourceScope, object: KubeObject): Promise<StoredObject> {
  const { definition } = scope.served;
  const name = object.metadata?.name ?? '';
  const storage = server.registry.storage(definition);
  try {
    const result = await storage.create(definition.namespaced ? scope.namespace : '', name, forStorage(scope, object));
    if (!result.ok) throw newAlreadyExists(definition, name);
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
export function currentIn(scope: ResourceScope, stored: StoredObject): KubeObject {
  return toVersion(scope.served.definition, parseStored(stored), scope.served.version.version);
}
