import { createCipheriv, createDecipheriv, createHash, createHmac, randomFillSync } from 'node:crypto';
import type { Primitives } from '../primitives.js';
import { RandomPool } from './random-pool.js';

const TAG_BYTES = 16;
const EMPTY = new Uint8Array(0);

const pool = new RandomPool((block) => void randomFillSync(block));

/** One copy of every part, into memory that is not cleared first. */
function join(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function cipherName(key: Uint8Array, mode: 'gcm' | 'cbc'): 'aes-256-gcm' {
  // The types know only fixed names; the lengths are checked when keys are made.
  return `aes-${key.length * 8}-${mode}` as 'aes-256-gcm';
}

/** node:crypto. */
export const primitives: Primitives = {
  randomBytes: (count) => pool.take(count),
  aesGcmSeal(key, nonce, plaintext, aad, head = EMPTY) {
    const cipher = createCipheriv(cipherName(key, 'gcm'), key, nonce);
    if (aad.length > 0) cipher.setAAD(aad);
    const body = cipher.update(plaintext);
    const rest = cipher.final();
    return join(head, body, rest, cipher.getAuthTag());
  },
  aesGcmOpen(key, nonce, sealed, aad) {
    if (sealed.length < TAG_BYTES) return null;
    const at = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(cipherName(key, 'gcm'), key, nonce, { authTagLength: TAG_BYTES });
    if (aad.length > 0) decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(at));
    const body = decipher.update(sealed.subarray(0, at));
    try {
      const rest = decipher.final();
      return rest.length === 0 ? body : join(body, rest);
    } catch {
      return null;
    }
  },
  aesCbcEncrypt(key, iv, blocks) {
    const cipher = createCipheriv(cipherName(key, 'cbc'), key, iv);
    cipher.setAutoPadding(false);
    return join(cipher.update(blocks), cipher.final());
  },
  aesCbcDecrypt(key, iv, blocks) {
    const decipher = createDecipheriv(cipherName(key, 'cbc'), key, iv);
    decipher.setAutoPadding(false);
    return join(decipher.update(blocks), decipher.final());
  },
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha256: (data) => createHash('sha256').update(data).digest(),
};
