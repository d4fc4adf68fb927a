/** Lists in protobuf: encoded object by object from the cached bytes, by turns with other requests. */
import { PROTOBUF_MEDIA_TYPE, ProtobufList } from '@k/api/protobuf';
import { formatGroupVersion } from '@k/apimachinery';
import type { StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import { notAcceptable } from '../http/negotiate.js';
import { JoinedBody } from '../http/parted-body.js';
import { sendBytes } from '../http/respond.js';
import { parseStored, toVersion } from '../registry.js';
import type { ResourceScope } from '../server-context.js';

/** Time after which others have their turn. */
const SLICE_MS = 4;
/** Objects between two looks at the clock. */
const LOOK_COUNT = 16;

/**
 * Sends a list, or the metadata of its objects where that is what was negotiated. Nothing is sent when the client has gone
 * before it is encoded.
 *
 * @throws 406 for a kind that has no protobuf form.
 */
export async function sendProtobufList(
  context: RequestContext,
  scope: ResourceScope,
  items: readonly StoredObject[],
  metadata: object,
): Promise<void> {
  const encode = (): Promise<JoinedBody | null> => encodeList(context, scope, items, metadata);
  const body = await (context.latency === undefined ? encode() : context.latency.time('serialize-response-object', encode));
  if (body !== null) sendBytes(context, 200, PROTOBUF_MEDIA_TYPE, body);
}

async function encodeList(
  { exchange, media }: RequestContext,
  { served: { definition, version } }: ResourceScope,
  items: readonly StoredObject[],
  metadata: object,
): Promise<JoinedBody | null> {
  const list =
    media?.as === 'object'
      ? ProtobufList.of(formatGroupVersion({ group: definition.group, version: version.version }), definition.listKind)
      : ProtobufList.of(`meta.k8s.io/${media?.version}`, 'PartialObjectMetadataList');
  if (list === null) throw notAcceptable();
  let startedAt = performance.now();
  for (const [place, item] of items.entries()) {
    list.add(toVersion(definition, parseStored(item), version.version));
    if ((place + 1) % LOOK_COUNT !== 0 || performance.now() - startedAt < SLICE_MS) continue;
    await new Promise(setImmediate);
    if (exchange.closed) return null;
    startedAt = performance.now();
  }
  return new JoinedBody(list.finish(metadata));
}
