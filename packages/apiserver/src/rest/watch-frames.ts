/** Watch events as they are written: one JSON object and a line end each, or one protobuf message behind its length. */
import { encodeProtobufEvent } from '@k/api/protobuf';
import type { KubeObject } from '@k/apimachinery';
import { emptyObject } from '@k/apimachinery/apply';
import type { RequestContext } from '../context.js';
import type { MediaType } from '../http/negotiate.js';
import { toJson } from '../http/respond.js';
import type { ResourceScope } from '../server-context.js';
import { partialMetadata, tableOf } from './render.js';

/** What happens to objects. */
export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One event. */
export function frameOf(type: EventType | 'BOOKMARK' | 'ERROR', object: unknown, media: MediaType): Buffer {
  if (media.format === 'protobuf') return encodeProtobufEvent(type, object as KubeObject);
  return Buffer.from(`{"type":"${type}","object":${toJson(object)}}\n`);
}

/** The frame of an object in the watch's version, in the form that the client asked for. */
export function eventFrame(
  { type, object, columns }: { type: EventType; object: KubeObject; columns: boolean },
  scope: ResourceScope,
  media: MediaType,
  context: RequestContext,
): Buffer {
  let shown: unknown = object;
  if (media.as === 'Table') {
    const metadata = { resourceVersion: object.metadata?.resourceVersion };
    shown = tableOf(scope, media, [object], metadata, context, columns);
  } else if (media.as !== 'object') shown = partialMetadata(object, media.version);
  return frameOf(type, shown, media);
}

/**
 * A bookmark: an object of the kind with nothing but a resourceVersion.
 *
 * @param isInitialEnd - Everything that was there at the start has been sent.
 */
export function bookmarkFrame(scope: ResourceScope, media: MediaType, revision: number, isInitialEnd: boolean): Buffer {
  const { definition, version } = scope.served;
  const metadata: Record<string, unknown> = { resourceVersion: String(revision) };
  if (isInitialEnd) metadata['annotations'] = { 'k8s.io/initial-events-end': 'true' };
  const apiVersion = definition.group === '' ? version.version : `${definition.group}/${version.version}`;
  const content = definition.custom ? {} : emptyObject(version.schema);
  let object: unknown = { kind: definition.kind, apiVersion, ...content, metadata };
  if (media.as === 'Table') {
    object = {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${media.version}`,
      metadata: { resourceVersion: String(revision) },
      columnDefinitions: null,
      rows: [{ cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${media.version}`, metadata } }],
    };
  } else if (media.as !== 'object') {
    object = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${media.version}`, metadata };
  }
  return frameOf('BOOKMARK', object, media);
}
