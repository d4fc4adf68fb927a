import { type KubeObject, newBadRequest, newStatusError, StatusError } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { bodyFormat, decodeObject, readBody } from './decode-body.js';
import { generateName } from './names.js';
import { admissionOptions, parseWriteOptions, type WriteOptions } from './options.js';
import { negotiateObjects, sendKubeObject, sendStored } from './render.js';
import { admissionRequest, alreadyExists, fillCreateMetadata, storeNew, trackManagedFields, validateNew } from './write-object.js';

/** Tries of a generated name before giving up. */
const GENERATE_NAME_TRIES = 8;

/** POST to a collection. */
export async function handleCreate(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  negotiateObjects(context);
  const format = bodyFormat(context);
  const options = parseWriteOptions(context, 'CreateOptions');
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
  // A dry run does not reach the store, which is what refuses versions.
  if (!options.dryRun && (object.metadata?.resourceVersion ?? '') !== '')
    throw newBadRequest('resourceVersion should not be set on objects to be created');
  const result = await createObject(server, context, scope, object, options);
  if ('stored' in result) await sendStored(context, scope, 201, result.stored);
  else await sendKubeObject(context, scope, 201, result.object);
}

/** Refuses an object that names another namespace than the path; fills it in. */
export function checkNamespace(scope: ResourceScope, object: KubeObject): void {
  const metadata = (object.metadata ??= {});
  if (!scope.served.definition.namespaced) return;
  if (metadata.namespace === undefined || metadata.namespace === '') metadata.namespace = scope.namespace;
  else if (metadata.namespace !== scope.namespace) {
    throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** A finished create: stored, or only shown (dry run). */
export type CreateResult = { stored: import('@k/storage').StoredObject } | { object: KubeObject };

/** Admission, validation and storage of a decoded object; `object` is changed in place. */
export async function createObject(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  object: KubeObject,
  options: WriteOptions,
  { ownManagedFields = false }: { ownManagedFields?: boolean } = {},
): Promise<CreateResult> {
  const metadata = (object.metadata ??= {});
  fillCreateMetadata(server, scope, object);
  const generated = (metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '';
  const base = metadata.generateName ?? '';
  if (!ownManagedFields) await trackManagedFields(server, context, scope, null, object, options);
  for (let attempt = 1; ; attempt++) {
    const copy = attempt === 1 && !generated ? object : structuredClone(object);
    try {
      return await createOnce(server, context, scope, copy, options, generated ? base : null);
    } catch (error) {
      if (!generated || !StatusError.is(error, 'AlreadyExists') || attempt >= GENERATE_NAME_TRIES) {
        if (generated && StatusError.is(error, 'AlreadyExists')) {
          const message = `${error.status.message}, the server was not able to generate a unique name for the object`;
          throw newStatusError(409, 'AlreadyExists', message, { ...error.status.details, retryAfterSeconds: 1 });
        }
        throw error;
      }
    }
  }
}

async function createOnce(
  server: ServerContext,
  context: RequestContext,
  scope: ResourceScope,
  object: KubeObject,
  options: WriteOptions,
  generateFrom: string | null,
): Promise<CreateResult> {
  const { definition } = scope.served;
  const metadata = (object.metadata ??= {});
  const request = admissionRequest(server, context, scope, 'CREATE', {
    object,
    oldObject: null,
    options: admissionOptions('CreateOptions', options),
    dryRun: options.dryRun,
    name: metadata.name ?? '',
  });
  await server.admission.runMutating(request);
  const admitted = request.object ?? object;
  const meta = (admitted.metadata ??= {});
  if (generateFrom !== null && (meta.name ?? '') === '') meta.name = generateName(generateFrom);
  definition.strategy.prepareForCreate?.(admitted, context.user);
  const hook = server.hooks.get(`${definition.resource}.${definition.group}`);
  await hook?.check?.(server, context, admitted, null);
  const release = (await hook?.beforeCreate?.(admitted, options.dryRun)) ?? null;
  try {
    validateNew(scope, admitted);
    for (const text of definition.strategy.warnings?.(admitted, null) ?? []) context.warnings.add(text);
    await server.admission.runValidating({ ...request, object: admitted, name: meta.name ?? '' });
    if (options.dryRun) {
      const storage = server.registry.storage(definition);
      const there = await storage.get(definition.namespaced ? scope.namespace : '', meta.name ?? '', { kind: 'latest' });
      if (there !== null) throw alreadyExists(scope, meta.name ?? '', there);
      release?.();
      return { object: admitted };
    }
    return { stored: await storeNew(server, scope, admitted) };
  } catch (error) {
    release?.();
    throw error;
  }
}
