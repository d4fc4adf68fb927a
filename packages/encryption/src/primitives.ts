/**
 * The ciphers that providers are made of, from node:crypto on Node and from @noble/ciphers elsewhere; the package's
 * `#primitives` import chooses.
 */
export interface Primitives {
  randomBytes(count: number): Uint8Array;
  /** AES-GCM with a 12-byte nonce; answers `head` (copied once, with the rest), ciphertext and the 16-byte tag. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array, head?: Uint8Array): Uint8Array;
  /** The reverse; null when the tag does not match. */
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | null;
  /** AES-CBC of whole blocks, without padding. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
}
