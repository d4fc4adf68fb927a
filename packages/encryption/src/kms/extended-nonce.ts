/**
 * AES-GCM with a key of its own for every value: HKDF-SHA256 expands a seed with 32 random bytes that are stored in
 * front of the value, so that no number of writes under one seed repeats a nonce.
 */
import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import { concat } from '../transformer.js';

const INFO_BYTES = 32;
const NONCE_BYTES = 12;
/** Bytes of a fresh seed, and the least that one may have. */
export const SEED_BYTES = 32;
const TOO_SHORT = 'the stored data was shorter than the required size';

function keyOf(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return primitives.hmacSha256(seed, concat(info, Uint8Array.of(1)));
}

/** Encrypts under a fresh key of the seed. */
export function sealExtended(seed: Uint8Array, data: Uint8Array, authenticated: Uint8Array): Uint8Array {
  const info = primitives.randomBytes(INFO_BYTES);
  const nonce = primitives.randomBytes(NONCE_BYTES);
  const key = keyOf(seed, info);
  const stored = primitives.aesGcmSeal(key, nonce, data, authenticated, concat(info, nonce));
  key.fill(0);
  return stored;
}

/** Decrypts what {@link sealExtended} wrote. */
export function openExtended(seed: Uint8Array, data: Uint8Array, authenticated: Uint8Array, keyName: string): Uint8Array {
  if (seed.length < SEED_BYTES) throw new TransformError(`invalid seed length ${seed.length} used for key generation`, 'kms', keyName);
  if (data.length < INFO_BYTES) throw new TransformError(TOO_SHORT, 'kms', keyName);
  const key = keyOf(seed, data.subarray(0, INFO_BYTES));
  const plain = openGcm(key, data.subarray(INFO_BYTES), authenticated, keyName);
  key.fill(0);
  return plain;
}

/** Decrypts nonce, ciphertext and tag under a data key. */
export function openGcm(key: Uint8Array, data: Uint8Array, authenticated: Uint8Array, keyName: string): Uint8Array {
  if (![16, 24, 32].includes(key.length)) throw new TransformError(`crypto/aes: invalid key size ${key.length}`, 'kms', keyName);
  if (data.length < NONCE_BYTES) throw new TransformError(TOO_SHORT, 'kms', keyName);
  const plain = primitives.aesGcmOpen(key, data.subarray(0, NONCE_BYTES), data.subarray(NONCE_BYTES), authenticated);
  if (plain === null) throw new TransformError('cipher: message authentication failed', 'kms', keyName);
  return plain;
}
