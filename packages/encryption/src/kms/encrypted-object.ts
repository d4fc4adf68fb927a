/** The stored form of a KMS v2 value and what has to hold of it. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TransformError } from '../errors.js';
import { type EncryptedObject, EncryptedObjectSchema } from './gen/kms_pb.js';

const KEY_ID_BYTES_MAX = 1024;
const SOURCE_BYTES_MAX = 1024;
const ANNOTATIONS_BYTES_MAX = 32 * 1024;
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;

/** Why a key id cannot be used; null when it can. */
export function keyIdFault(keyId: string): string | null {
  const bytes = new TextEncoder().encode(keyId).length;
  if (bytes === 0) return 'keyID is empty';
  return bytes > KEY_ID_BYTES_MAX ? `keyID is ${bytes} bytes, which exceeds the max size of ${KEY_ID_BYTES_MAX}` : null;
}

function annotationsFault(annotations: Readonly<Record<string, Uint8Array>>): string | null {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!DOMAIN.test(key)) {
      return `annotations: Invalid value: ${JSON.stringify(key)}: should be a domain with at least two segments separated by dots`;
    }
    bytes += key.length + value.length;
  }
  return bytes > ANNOTATIONS_BYTES_MAX
    ? `total size of annotations is ${bytes}, which exceeds the max size of ${ANNOTATIONS_BYTES_MAX}`
    : null;
}

/** Throws when an object may be neither written nor read. */
export function checkEncryptedObject(object: EncryptedObject, provider: string): void {
  const fail = (text: string): TransformError => new TransformError(text, 'kms', provider);
  const type = object.encryptedDEKSourceType;
  if (type !== 0 && type !== 1) throw fail(`unknown encryptedDEKSourceType: ${type}`);
  if (object.encryptedData.length === 0) throw fail('encrypted data is empty');
  const source = object.encryptedDEKSource.length;
  if (source === 0) throw fail('failed to validate encrypted DEK source: encrypted DEK source is empty');
  if (source > SOURCE_BYTES_MAX) {
    throw fail(
      `failed to validate encrypted DEK source: encrypted DEK source is ${source} bytes, which exceeds the max size of ${SOURCE_BYTES_MAX}`,
    );
  }
  const keyFault = keyIdFault(object.keyID);
  if (keyFault !== null) throw fail(`failed to validate key id: ${keyFault}`);
  const fault = annotationsFault(object.annotations);
  if (fault !== null) throw fail(`failed to validate annotations: ${fault}`);
}

/** To bytes. */
export function encodeEncryptedObject(fields: Omit<EncryptedObject, '$typeName' | '$unknown'>, provider: string): Uint8Array {
  const object = create(EncryptedObjectSchema, fields);
  checkEncryptedObject(object, provider);
  return toBinary(EncryptedObjectSchema, object);
}

/** From bytes; a TransformError for anything malformed. */
export function decodeEncryptedObject(data: Uint8Array, provider: string): EncryptedObject {
  let object: EncryptedObject;
  try {
    object = fromBinary(EncryptedObjectSchema, data);
  } catch {
    throw new TransformError('proto: cannot parse the stored object of the KMS provider', 'kms', provider);
  }
  checkEncryptedObject(object, provider);
  return object;
}
