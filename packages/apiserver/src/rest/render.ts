/**
 * Objects to the form a client asked for: as stored, converted to another version, as a Table, or as metadata only.
 *
 * The common case — JSON of the stored version — hands out the cache's bytes and parses nothing.
 */
import { formatGroupVersion, type KubeObject } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { type MediaType, negotiate } from '../http/negotiate.js';
import { sendBytes, sendObject, toJson, wantsPretty } from '../http/respond.js';
import { parseStored, toVersion } from '../registry.js';
import type { ResourceScope } from '../server-context.js';

const NEWLINE = Buffer.from('\n');
/** Below this size one copy is cheaper than a second write. */
const COPY_BYTES_MAX = 64 * 1024;

/** Negotiates the form of an answer with objects. */
export function negotiateObjects(context: RequestContext): MediaType {
  context.media ??= negotiate(context.exchange.headers.accept, { transforms: true }, wantsPretty(context));
  return context.media;
}

/** True when the cache's bytes are the answer. */
export function isVerbatim(scope: ResourceScope, media: MediaType): boolean {
  return (
    media.format === 'json' &&
    media.as === 'object' &&
    !media.pretty &&
    scope.served.definition.storageVersion === scope.served.version.version
  );
}

/** Sends one stored object. */
export function sendStored(context: RequestContext, scope: ResourceScope, status: number, stored: StoredObject): void | Promise<void> {
  const media = negotiateObjects(context);
  if (isVerbatim(scope, media) && !context.audit?.wantsResponseObject) {
    const { json } = stored;
    return sendBytes(context, status, media.contentType, json.length < COPY_BYTES_MAX ? Buffer.concat([json, NEWLINE]) : [json, NEWLINE]);
  }
  return sendKubeObject(context, scope, status, toVersion(scope.served.definition, parseStored(stored), scope.served.version.version));
}

/** Sends one object that is already in the version asked for. */
export function sendKubeObject(context: RequestContext, scope: ResourceScope, status: number, object: KubeObject): void | Promise<void> {
  const media = negotiateObjects(context);
  context.audit?.setResponseObject(object);
  return sendObject(context, status, transform(object, scope, media, context));
}

/** One object in the negotiated form. */
export function transform(object: KubeObject, scope: ResourceScope, media: MediaType, context: RequestContext): unknown {
  if (media.as === 'Table') return tableOf(scope, media, [object], { resourceVersion: object.metadata?.resourceVersion }, context);
  if (media.as === 'PartialObjectMetadata') return partialMetadata(object, media.version);
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
  const { table } = scope.served.version;
  const include = context.query?.get('includeObject') ?? 'Metadata';
  const now = Date.now();
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${media.version}`,
    metadata,
    columnDefinitions: withColumns ? table.columns : null,
    rows: objects.map((object) => {
      const row: { cells: unknown[]; object?: unknown } = { cells: table.cells(object, now) };
      if (include === 'Metadata') row.object = partialMetadata(object, media.version);
      else if (include === 'Object') row.object = object;
      else row.object = null;
      return row;
    }),
  };
}

/** Sends a list: bytes joined where they can be used as they are. */
export function sendList(
  context: RequestContext,
  scope: ResourceScope,
  items: readonly StoredObject[],
  metadata: ListMetadata,
): void | Promise<void> {
  const media = negotiateObjects(context);
  const { definition, version } = scope.served;
  const apiVersion = formatGroupVersion({ group: definition.group, version: version.version });
  if (isVerbatim(scope, media) && !context.audit?.wantsResponseObject) {
    const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${toJson(metadata)},"items":[`;
    return sendBytes(context, 200, media.contentType, joinList(head, items));
  }
  const objects = items.map((item) => toVersion(definition, parseStored(item), version.version));
  context.audit?.setResponseObject({ kind: definition.listKind, apiVersion, metadata, items: objects } as KubeObject);
  if (media.as === 'Table') return sendObject(context, 200, tableOf(scope, media, objects, metadata, context));
  if (media.as === 'PartialObjectMetadataList' || media.as === 'PartialObjectMetadata') {
    const partial = objects.map((object) => partialMetadata(object, media.version));
    return sendObject(context, 200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${media.version}`,
      metadata,
      // Upstream leaves the slice nil when nothing matches.
      items: partial.length === 0 ? null : partial,
    });
  }
  return sendObject(context, 200, { kind: definition.listKind, apiVersion, metadata, items: objects });
}

const TAIL = Buffer.from(']}\n');
const COMMA = 0x2c;

/** Head, items and tail in one buffer: one allocation and one memcpy per item. */
function joinList(head: string, items: readonly StoredObject[]): Buffer {
  const headBytes = Buffer.byteLength(head);
  let sizeBytes = headBytes + TAIL.length + Math.max(0, items.length - 1);
  for (const item of items) sizeBytes += item.json.length;
  const out = Buffer.allocUnsafe(sizeBytes);
  let at = out.write(head, 0, 'utf8');
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out[at++] = COMMA;
    const { json } = items[i] as StoredObject;
    out.set(json, at);
    at += json.length;
  }
  out.set(TAIL, at);
  return out;
}
