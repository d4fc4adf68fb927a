/**
 * Objects to the form a client asked for: as stored, converted to another version, as a Table, or as metadata only.
 *
 * The common case — JSON of the stored version — hands out the cache's bytes and parses nothing.
 */
import { scaleTable } from '@k/api';
import { formatGroupVersion, type KubeObject, newStatusError } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { type MediaType, negotiate } from '../http/negotiate.js';
import { JoinedBody } from '../http/parted-body.js';
import { sendBytes, sendObject, toJson, wantsPretty } from '../http/respond.js';
import { inVersion, parseStored } from '../registry.js';
import type { ResourceScope } from '../server-context.js';
import { ListBody } from './list-body.js';
import { sendProtobufList } from './protobuf-list.js';

const NEWLINE = Buffer.from('\n');
/** Below this size one copy is cheaper than a second write. */
const COPY_BYTES_MAX = 64 * 1024;

/** Negotiates the form of an answer with objects. */
export function negotiateObjects(context: RequestContext, watch = false): MediaType {
  context.media ??= negotiate(context.exchange.headers.accept, { transforms: true, watch }, wantsPretty(context));
  return context.media;
}

/** True when the cache's bytes are the answer. */
export function isVerbatim(scope: ResourceScope, media: MediaType): boolean {
  return (
    media.format === 'json' &&
    media.as === 'object' &&
    !media.pretty &&
    scope.served.definition.storageVersion === scope.served.version.version &&
    scope.served.definition.coerceStored !== true
  );
}

/** Sends one stored object. */
export function sendStored(context: RequestContext, scope: ResourceScope, status: number, stored: StoredObject): void | Promise<void> {
  const media = negotiateObjects(context);
  if (isVerbatim(scope, media) && !context.audit?.wantsResponseObject) {
    const { json } = stored;
    return sendBytes(
      context,
      status,
      media.contentType,
      json.length < COPY_BYTES_MAX ? Buffer.concat([json, NEWLINE]) : new JoinedBody([json, NEWLINE]),
    );
  }
  const { definition, version } = scope.served;
  const objects = inVersion(definition, [parseStored(stored)], version.version, context);
  if (!(objects instanceof Promise)) return sendKubeObject(context, scope, status, objects[0] as KubeObject);
  return objects.then(([object]) => sendKubeObject(context, scope, status, object as KubeObject));
}

/** Sends one object that is already in the version asked for. */
export function sendKubeObject(context: RequestContext, scope: ResourceScope, status: number, object: KubeObject): void | Promise<void> {
  const media = negotiateObjects(context);
  const answer = transform(object, scope, media, context);
  context.audit?.setResponseObject(answer as KubeObject);
  return sendObject(context, status, answer);
}

/** One object in the negotiated form. */
export function transform(object: KubeObject, scope: ResourceScope, media: MediaType, context: RequestContext): unknown {
  if (media.as === 'Table') return tableOf(scope, media, [object], { resourceVersion: object.metadata?.resourceVersion }, context);
  if (media.as === 'PartialObjectMetadata') return partialMetadata(object, media.version);
  if (media.as === 'PartialObjectMetadataList') checkListForm(scope, media, false);
  return object;
}

/** `PartialObjectMetadata` of an object. */
export function partialMetadata(object: KubeObject, version: string): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata ?? {} };
}

/** Metadata of a list or table. */
export interface ListMetadata {
  resourceVersion?: string | undefined;
  continue?: string | undefined;
  remainingItemCount?: number | undefined;
}

/** A `meta.k8s.io` Table of objects in the served version. */
export function tableOf(
  scope: ResourceScope,
  media: MediaType,
  objects: readonly KubeObject[],
  metadata: ListMetadata,
  context: RequestContext,
  withColumns = true,
): object {
  const table = scope.subresource?.kind === 'Scale' ? scaleTable : scope.served.version.table;
  const include = includedIn(context);
  const now = Date.now();
  const ordered = table.compare === undefined ? objects : [...objects].sort(table.compare);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${media.version}`,
    metadata,
    columnDefinitions: withColumns ? table.columns : null,
    rows: ordered.map((object) => {
      const conditions = table.conditions?.(object) ?? [];
      const shown = include === 'Metadata' ? partialMetadata(object, media.version) : include === 'Object' ? object : null;
      return { cells: table.cells(object, now), ...(conditions.length > 0 ? { conditions } : {}), object: shown };
    }),
  };
}

/** What of an object a table's row carries. @throws 400 for what it cannot carry. */
export function includedIn(context: RequestContext): string {
  const include = context.query?.get('includeObject') || 'Metadata';
  if (INCLUDE_POLICIES.includes(include)) return include;
  const message = `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw newStatusError(400, 'BadRequest', message);
}

/** What of an object a table's row may carry. */
const INCLUDE_POLICIES: readonly string[] = ['Metadata', 'Object', 'None'];

/** Sends a list: bytes joined where they can be used as they are. */
export function sendList(
  context: RequestContext,
  scope: ResourceScope,
  items: readonly StoredObject[],
  metadata: ListMetadata,
): void | Promise<void> {
  const media = negotiateObjects(context);
  const { definition, version } = scope.served;
  // Lists of custom resources always carry the field.
  if (definition.custom === true && media.as === 'object') metadata = { continue: '', ...metadata };
  const apiVersion = formatGroupVersion({ group: definition.group, version: version.version });
  if (isVerbatim(scope, media) && !context.audit?.wantsResponseObject) {
    const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${toJson(metadata)},"items":[`;
    return sendBytes(context, 200, media.contentType, new ListBody(head, items, scope));
  }
  if (media.format === 'protobuf' && definition.convertAll === undefined && !context.audit?.wantsResponseObject) {
    checkListForm(scope, media, true);
    return sendProtobufList(context, scope, items, metadata);
  }
  const objects = inVersion(definition, items.map(parseStored), version.version, context);
  if (!(objects instanceof Promise)) return sendObjects(context, scope, objects, metadata);
  return objects.then((converted) => sendObjects(context, scope, converted, metadata));
}

/** Sends a list of objects that are already in the version asked for; `metadata` as {@link sendList} completes it. */
export function sendObjects(
  context: RequestContext,
  scope: ResourceScope,
  objects: readonly KubeObject[],
  metadata: ListMetadata,
): void | Promise<void> {
  const media = negotiateObjects(context);
  const { definition, version } = scope.served;
  const apiVersion = formatGroupVersion({ group: definition.group, version: version.version });
  checkListForm(scope, media, true);
  const send = (answer: object): void | Promise<void> => {
    context.audit?.setResponseObject(answer as KubeObject);
    return sendObject(context, 200, answer);
  };
  if (media.as === 'Table') return send(tableOf(scope, media, objects, metadata, context));
  if (media.as === 'PartialObjectMetadataList') {
    const partial = objects.map((object) => partialMetadata(object, media.version));
    return send({
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${media.version}`,
      metadata,
      // Upstream leaves the slice nil when nothing matches.
      items: partial.length === 0 ? null : partial,
    });
  }
  return send({
    kind: definition.listKind,
    apiVersion,
    metadata,
    items: definition.custom ? objects : objects.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
  });
}

/** Refuses the metadata form of a list for one object, and the reverse. */
function checkListForm(scope: ResourceScope, media: MediaType, isList: boolean): void {
  const { definition } = scope.served;
  const refuse = (detail: string): Error =>
    newStatusError(406, 'NotAcceptable', `you requested ${media.as}, but the requested object is ${detail}`);
  const internal = definition.group === '' ? 'core' : (definition.group.split('.')[0] as string);
  const type = (kind: string): string => (definition.custom ? `*unstructured.Unstructured${isList ? 'List' : ''}` : `*${internal}.${kind}`);
  if (isList && media.as === 'PartialObjectMetadata') throw refuse(`a list (${type(definition.listKind)})`);
  if (!isList && media.as === 'PartialObjectMetadataList') throw refuse(`not a list (${type(definition.kind)})`);
}
