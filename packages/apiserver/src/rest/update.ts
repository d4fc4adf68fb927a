import {
  type KubeObject,
  type ManagedFieldsEntry,
  newBadRequest,
  newConflict,
  newForbidden,
  newInvalid,
  newNotFound,
} from '@k/apimachinery';
import { forbiddenMessage } from '@k/auth';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { authorizationAttributes } from '../filters/authorization.js';
import { parseStored } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { checkNamespace, createObject } from './create.js';
import { bodyFormat, decodeObject, readBody } from './decode-body.js';
import { finishDeletion, isDeletionComplete } from './delete-object.js';
import { admissionOptions, parseWriteOptions, type WriteOptions } from './options.js';
import { negotiateObjects, sendKubeObject, sendStored } from './render.js';
import { storageFault } from './storage-fault.js';
import { admissionRequest, currentIn, forStorage, modifiedConflict, trackManagedFields, validateChanged } from './write-object.js';

/** Retries of an update that other writers overtake, before it is a 409. */
const UPDATE_TRIES = 100;

/** PUT of one object, or of its status. */
export async function handleUpdate(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const format = bodyFormat(context);
  const options = parseWriteOptions(context, 'UpdateOptions');
  const body = await readBody(context);
  const { definition, version } = scope.served;
  const object = decodeObject(
    context,
    body,
    format,
    { group: definition.group, version: version.version, kind: definition.kind, schema: version.schema, served: scope.served },
    server.catalogue,
  );
  context.audit?.setRequestObject(object);
  checkNamespace(scope, object);
  checkName(scope, object);
  const result = await updateObject(server, context, scope, options, {
    change: () => structuredClone(object),
    resourceVersion: object.metadata?.resourceVersion ?? '',
    uid: object.metadata?.uid ?? '',
    uidConflict: 'storage',
    createIfMissing:
      definition.strategy.allowCreateOnUpdate === true && scope.subresource === undefined ? () => structuredClone(object) : null,
    unconditional: definition.strategy.allowUnconditionalUpdate !== false,
  });
  const status = result.created ? 201 : 200;
  if (result.stored) await sendStored(context, scope, status, result.stored);
  else await sendKubeObject(context, scope, status, result.object as KubeObject);
}

/** Refuses a body that names another object than the path. */
export function checkName(scope: ResourceScope, object: KubeObject): void {
  const name = object.metadata?.name ?? '';
  if (name === '') throw newBadRequest(`the name of the object (${scope.name} based on URL) was undeterminable: name must be provided`);
  if (name !== scope.name) throw newBadRequest(`the name of the object (${name}) does not match the name on the URL (${scope.name})`);
}

/** What an update starts from and what it insists on. */
export interface UpdatePlan {
  /** Makes the new object from the current one (a copy the function may keep); called again after a lost race. */
  change: (current: KubeObject) => KubeObject | Promise<KubeObject>;
  /** '' = whatever is there. */
  resourceVersion: string;
  uid: string;
  /** How a different uid is refused: PUT shows the storage's error, patches a validation error. */
  uidConflict: 'storage' | 'invalid';
  /** Makes the object to create when there is none; null = 404. */
  createIfMissing: (() => KubeObject | Promise<KubeObject>) | null;
  unconditional: boolean;
  /** Server-side apply computes managed fields itself. */
  ownManagedFields?: boolean;
  /** A change that the server makes for a subresource: it was admitted and checked as what the client sent. */
  internal?: boolean;
  /** How admission sees the object when it is written through a view of another kind (scale). */
  admissionView?: { show: (object: KubeObject) => KubeObject; merge: (object: KubeObject, view: KubeObject) => void };
}

/** A finished update: stored, or only shown (dry run). */
export interface UpdateResult {
  stored?: StoredObject;
  object?: KubeObject;
  created: boolean;
}

/** Reads, changes, admits, validates and writes one object until no other writer is in between. */
export async function updateObject(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  options: WriteOptions,
  plan: UpdatePlan,
): Promise<UpdateResult> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const namespace = definition.namespaced ? scope.namespace : '';
  try {
    let stored = await storage.get(namespace, scope.name, { kind: 'latest' });
    for (let attempt = 0; attempt < UPDATE_TRIES; attempt++) {
      if (stored === null) {
        if (plan.createIfMissing === null) throw newNotFound(definition, scope.name);
        const missing = await plan.createIfMissing();
        await authorizeCreate(server, context, scope);
        const created = await createObject(server, context, scope, missing, options, {
          ownManagedFields: plan.ownManagedFields === true,
        });
        return 'stored' in created ? { stored: created.stored, created: true } : { object: created.object, created: true };
      }
      const outcome = await updateOnce(server, context, scope, options, plan, stored);
      if (outcome !== 'lost') return outcome;
      // A precondition on the version cannot hold any more; without one, try on what is there now.
      stored = await storage.get(namespace, scope.name, { kind: 'latest' });
    }
    throw modifiedConflict(scope, scope.name);
  } catch (error) {
    throw storageFault(error, definition, scope.name);
  }
}

/** Who may update may not yet create. */
async function authorizeCreate(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  const attributes = { ...authorizationAttributes(context), verb: 'create', subresource: '' };
  const { decision, reason } = await server.authorizer.authorize(attributes, context.exchange);
  if (decision !== 'allow') throw newForbidden(scope.served.definition, scope.name, forbiddenMessage(attributes, reason));
}

async function updateOnce(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  options: WriteOptions,
  plan: UpdatePlan,
  stored: StoredObject,
): Promise<UpdateResult | 'lost'> {
  const { definition } = scope.served;
  const storage = server.registry.storage(definition);
  const namespace = definition.namespaced ? scope.namespace : '';
  const old = await currentIn(scope, stored);
  checkPreconditions(server, scope, plan, old, stored);
  // Parsing again is cheaper than cloning, and cloning than another call of a webhook.
  const object = await plan.change(definition.convertAll === undefined ? await currentIn(scope, stored) : structuredClone(old));
  const wanted = object.metadata?.resourceVersion ?? '';
  checkResourceVersion(wanted);
  if (wanted !== '' && wanted !== '0' && wanted !== String(stored.modRevision)) throw modifiedConflict(scope, scope.name);
  keepServerMetadata(object, old);
  if (!plan.ownManagedFields) await trackManagedFields(server, context, scope, old, object, options);
  const view = plan.admissionView;
  const request = admissionRequest(server, context, scope, 'UPDATE', {
    object: view ? view.show(object) : object,
    oldObject: view ? view.show(old) : old,
    options: admissionOptions('UpdateOptions', options),
    dryRun: options.dryRun,
  });
  if (!plan.internal) await server.admission.runMutating(request);
  if (view && request.object !== null) view.merge(object, request.object);
  const admitted = view ? object : (request.object ?? object);
  const subresource = scope.subresource?.name ?? '';
  keepManagedTimes(admitted, old);
  if (!plan.internal) definition.strategy.prepareForUpdate?.(admitted, old, subresource);
  const hook = subresource === '' ? server.hooks.get(`${definition.resource}.${definition.group}`) : undefined;
  await hook?.check?.(server, context, admitted, old);
  const release = (await hook?.beforeUpdate?.(admitted, old, options.dryRun)) ?? null;
  try {
    if (!plan.internal) validateChanged(scope, admitted, old);
    if (subresource === '') for (const text of definition.strategy.warnings?.(admitted, old) ?? []) context.warnings.add(text);
    if (!plan.internal) await server.admission.runValidating({ ...request, object: view ? view.show(admitted) : admitted });
    if (options.dryRun) {
      release?.();
      (admitted.metadata ??= {}).resourceVersion = String(stored.modRevision);
      return { object: admitted, created: false };
    }
    const next = await forStorage(scope, admitted);
    if (isDeletionComplete(admitted)) {
      const gone = await finishDeletion(server, scope, stored, admitted);
      if (gone === 'lost') {
        release?.();
        return 'lost';
      }
      return { object: gone, created: false };
    }
    if (!stored.stale && sameObject(next, await storedForm(scope, stored, old))) return { stored, created: false };
    const result = await storage.update(namespace, scope.name, next, stored.modRevision);
    if (result.ok) {
      hook?.afterUpdate?.(admitted, old);
      return { stored: result.object, created: false };
    }
    release?.();
    if (plan.resourceVersion !== '' && result.current !== null) throw modifiedConflict(scope, scope.name);
    return 'lost';
  } catch (error) {
    release?.();
    throw error;
  }
}

/** What lies in the store, as {@link forStorage} would have written it. */
async function storedForm(scope: ResourceScope, stored: StoredObject, old: KubeObject): Promise<Record<string, unknown>> {
  if (scope.served.definition.convertAll === undefined) return forStorage(scope, old);
  const { metadata, ...rest } = parseStored(stored);
  const { resourceVersion: _own, ...kept } = metadata ?? {};
  return { ...rest, metadata: kept };
}

/** Versions and uids that the client insists on. */
function checkPreconditions(server: ServerContext, scope: ResourceScope, plan: UpdatePlan, old: KubeObject, stored: StoredObject): void {
  const { definition } = scope.served;
  if (plan.uid !== '' && plan.uid !== old.metadata?.uid && plan.uidConflict === 'storage') {
    const key = `${server.registry.keyPrefix}/${definition.storagePath}/${definition.namespaced ? `${scope.namespace}/` : ''}${scope.name}`;
    throw newConflict(
      definition,
      scope.name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${plan.uid}, UID in object meta: ${old.metadata?.uid ?? ''}`,
    );
  }
  if (plan.resourceVersion === '' || plan.resourceVersion === '0') {
    if (!plan.unconditional) {
      // The store names the resource here, not the kind.
      const subject = { group: definition.group, kind: definition.resource };
      throw newInvalid(subject, scope.name, [
        { type: 'FieldValueInvalid', field: 'metadata.resourceVersion', badValue: 0, detail: 'must be specified for an update' },
      ]);
    }
    return;
  }
  checkResourceVersion(plan.resourceVersion);
  if (plan.resourceVersion !== String(stored.modRevision)) throw modifiedConflict(scope, scope.name);
}

function checkResourceVersion(resourceVersion: string): void {
  if (resourceVersion === '' || /^\d+$/.test(resourceVersion)) return;
  throw newBadRequest(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
}

/** Metadata that a client cannot change by writing an object. */
function keepServerMetadata(object: KubeObject, old: KubeObject): void {
  const metadata = (object.metadata ??= {});
  const before = old.metadata ?? {};
  if (metadata.uid === undefined || metadata.uid === '') {
    if (before.uid !== undefined) metadata.uid = before.uid;
  }
  if (before.creationTimestamp !== undefined) metadata.creationTimestamp = before.creationTimestamp;
  else delete metadata.creationTimestamp;
  if (metadata.deletionTimestamp === undefined && before.deletionTimestamp !== undefined) {
    metadata.deletionTimestamp = before.deletionTimestamp;
  }
  if (metadata.deletionGracePeriodSeconds === undefined && before.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds;
  }
  if (before.generation !== undefined) metadata.generation = before.generation;
  else delete metadata.generation;
  delete metadata.selfLink;
  delete metadata.resourceVersion;
}

/** A request for nothing but other times of managed fields changes nothing; what the strategy takes back counts as asked for. */
function keepManagedTimes(object: KubeObject, old: KubeObject): void {
  const before = old.metadata?.managedFields;
  const after = object.metadata?.managedFields;
  if (before === undefined || after === undefined || before.length !== after.length || before === after) return;
  // Nearly every write changes something outside of the metadata, where it is quickly seen.
  if (Object.keys(object).some((field) => field !== 'metadata' && !sameObject(object[field], old[field]))) return;
  const timeless = ({ metadata, ...rest }: KubeObject): unknown => ({
    ...rest,
    metadata: { ...metadata, managedFields: byIdentity(metadata?.managedFields ?? []), resourceVersion: undefined },
  });
  if (sameObject(timeless(object), timeless(old))) (object.metadata ??= {}).managedFields = before;
}

/** Entries without their times, in an order that does not depend on them. */
function byIdentity(entries: readonly ManagedFieldsEntry[]): unknown[] {
  return entries
    .map(({ time: _time, ...entry }) => ({
      key: JSON.stringify([entry.operation, entry.manager, entry.apiVersion, entry.subresource]),
      entry,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ entry }) => entry);
}

/** Equality of two stored forms whatever the order of their keys. */
function sameObject(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameObject(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  if (keys.length !== Object.keys(right).filter((key) => right[key] !== undefined).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameObject(left[key], right[key]));
}
