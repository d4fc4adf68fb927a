import { cbc, gcm } from '@noble/ciphers/aes.js';
import { randomBytes } from '@noble/ciphers/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Primitives } from '../primitives.js';
import { concat } from '../transformer.js';

/** @noble/ciphers: browsers, workers, and runtimes without node:crypto. */
export const primitives: Primitives = {
  randomBytes,
  aesGcmSeal(key, nonce, plaintext, aad, head) {
    const sealed = gcm(key, nonce, aad).encrypt(plaintext);
    return head === undefined ? sealed : concat(head, sealed);
  },
  aesGcmOpen(key, nonce, sealed, aad) {
    try {
      return gcm(key, nonce, aad).decrypt(sealed);
    } catch {
      return null;
    }
  },
  aesCbcEncrypt: (key, iv, blocks) => cbc(key, iv, { disablePadding: true }).encrypt(blocks),
  aesCbcDecrypt: (key, iv, blocks) => cbc(key, iv, { disablePadding: true }).decrypt(blocks),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  sha256: (data) => sha256(data),
};
