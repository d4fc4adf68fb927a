import { decodeProtobuf, hasProtobufForm, ProtobufError, readProtobufEnvelope } from '@k/api/protobuf';
import { type KubeObject, newBadRequest, newStatusError } from '@k/apimachinery';
import type { ExpectedKind } from './decode-body.js';

const PREFIX_BYTES = 4;

/** The bytes of a refused body, in hex, cut short. */
function shown(body: Buffer): string {
  return body.length > 30 ? `${body.subarray(0, 30).toString('hex')} ...` : body.toString('hex');
}

/**
 * The object in a protobuf body, as the same client would have sent it in JSON. A body of another kind is not looked
 * into: only its kind and version are returned.
 *
 * @throws 400 for bytes that are none, 415 for kinds that have no protobuf form (custom resources).
 */
export function decodeProtobufBody(body: Buffer, expected: ExpectedKind): KubeObject {
  const unrecognized = (detail: string): Error =>
    newBadRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${detail} (${shown(body)})`);
  try {
    if (body.length <= PREFIX_BYTES && body.toString('latin1').startsWith('k8s\0')) throw new ProtobufError('empty body');
    const { apiVersion, kind, raw } = readProtobufEnvelope(body);
    const version = expected.group === '' ? expected.version : `${expected.group}/${expected.version}`;
    // Clients send the options of a delete in the version of whatever they delete.
    const isOptions = kind === 'DeleteOptions' && kind === expected.kind;
    if (!isOptions && (kind !== expected.kind || apiVersion !== version)) return { apiVersion, kind };
    if (!hasProtobufForm(expected.schema)) {
      throw newStatusError(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
      );
    }
    return { apiVersion, kind, ...decodeProtobuf(raw, expected.schema) };
  } catch (error) {
    if (error instanceof ProtobufError) throw unrecognized(error.message);
    throw error;
  }
}
