/** One value in clear text, for recovery. */
import type { EncryptionTransformer } from '../../encryption-transformer.js';
import type { TransformResult } from '../../transformer.js';
import { type EncryptionContext, resourceOfKey } from './context.js';

/**
 * Decrypts what lies under a key of a store.
 *
 * @throws {Error} when there is nothing.
 * @throws {TransformError} when no provider can read it.
 */
export async function decryptKey(context: EncryptionContext, key: string): Promise<TransformResult> {
  const entry = await context.source.get(key);
  if (entry === null) throw new Error(`there is no value under ${JSON.stringify(key)}`);
  return decryptValue(context, key, entry.value);
}

/**
 * Decrypts a value that came from elsewhere.
 *
 * @param key - The full key under which the value lay; `aesgcm` and `kms` values open under no other.
 */
export async function decryptValue(
  context: Omit<EncryptionContext, 'source'> & { encryption: EncryptionTransformer },
  key: string,
  value: Uint8Array,
): Promise<TransformResult> {
  const resource = context.resources?.[0] ?? resourceOfKey(context as EncryptionContext, key);
  if (resource === null) throw new Error(`the key ${JSON.stringify(key)} belongs to no resource: name one`);
  return context.encryption.decryptForResource(resource, value, key);
}
