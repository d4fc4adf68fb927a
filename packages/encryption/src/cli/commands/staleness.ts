import type { EncryptionTransformer } from '../../encryption-transformer.js';
import { decodeEncryptedObject } from '../../kms/encrypted-object.js';
import { keyIdHash } from '../../kms/key-id.js';
import { KmsProvider } from '../../kms/provider.js';
import { inspectStoredValue, type StoredHeader } from '../../stored-value.js';

/** What a stored value says of itself, and whether it is what would be written today. */
export interface ValueState {
  header: StoredHeader;
  /** Of KMS v2: which key of the service. '' for others. */
  keyIdHash: string;
  /** The value should be written anew. Read from its header, not by decrypting it. */
  isStale: boolean;
}

/** Looks at a value without decrypting it. */
export function stateOf(encryption: EncryptionTransformer | undefined, resource: string, value: Uint8Array): ValueState {
  const header = inspectStoredValue(value);
  const writer = encryption?.writerFor(resource) ?? { provider: 'identity' as const, keyName: '' };
  let keyId = '';
  let isOldType = false;
  if (header.provider === 'kms' && header.apiVersion === 'v2') {
    try {
      const object = decodeEncryptedObject(value.subarray(header.payloadIndex), header.keyName);
      keyId = object.keyID;
      isOldType = object.encryptedDEKSourceType !== 1;
    } catch {
      return { header, keyIdHash: 'damaged', isStale: true };
    }
  }
  const current = 'kms' in writer && writer.kms instanceof KmsProvider ? writer.kms.currentKeyId : null;
  const isSameWriter = header.provider === writer.provider && header.keyName === writer.keyName;
  const isStale = encryption !== undefined && (!isSameWriter || isOldType || (current !== null && keyId !== current));
  return { header, keyIdHash: keyIdHash(keyId), isStale };
}
