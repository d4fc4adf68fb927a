/** The stored form of a KMS v2 value and what has to hold of it. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TransformError } from '../errors.js';
import { type EncryptedObject, EncryptedObjectSchema } from '../gen/kms_pb.js';
import { annotationsFault } from './annotations.js';
import { keyIdFault } from './key-id.js';

const SOURCE_BYTES_MAX = 1024;

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
  if (keyFault !== null) throw fail(`failed to validate key id: ${keyFault.message}`);
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
    throw new TransformError('proto: cannot parse invalid wire-format data', 'kms', provider);
  }
  checkEncryptedObject(object, provider);
  return object;
}
