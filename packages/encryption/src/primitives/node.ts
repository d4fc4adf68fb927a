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

function gcmName(key: Uint8Array): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return key.length === 32 ? 'aes-256-gcm' : key.length === 24 ? 'aes-192-gcm' : 'aes-128-gcm';
}

function cbcName(key: Uint8Array): string {
  return key.length === 32 ? 'aes-256-cbc' : key.length === 24 ? 'aes-192-cbc' : 'aes-128-cbc';
}

/** node:crypto. */
export const primitives: Primitives = {
  randomBytes: (count) => pool.take(count),
  aesGcmSeal(key, nonce, plaintext, aad, head = EMPTY) {
    const cipher = createCipheriv(gcmName(key), key, nonce);
    if (aad.length > 0) cipher.setAAD(aad);
    const body = cipher.update(plaintext);
    const rest = cipher.final();
    return join(head, body, rest, cipher.getAuthTag());
  },
  aesGcmOpen(key, nonce, sealed, aad) {
    if (sealed.length < TAG_BYTES) return null;
    const at = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(gcmName(key), key, nonce);
    if (aad.length > 0) decipher.setAAD(aad);
    // Always 16 bytes: a shorter tag would be easier to forge.
    decipher.setAuthTag(sealed.subarray(at));
    const body = decipher.update(sealed.subarray(0, at));
    try {
      const rest = decipher.final();
      return rest.length === 0 ? body : join(body, rest);
    } catch {
      body.fill(0);
      return null;
    }
  },
  aesCbcEncrypt(key, iv, blocks) {
    const cipher = createCipheriv(cbcName(key), key, iv);
    cipher.setAutoPadding(false);
    return join(cipher.update(blocks), cipher.final());
  },
  aesCbcDecrypt(key, iv, blocks) {
    const decipher = createDecipheriv(cbcName(key), key, iv);
    decipher.setAutoPadding(false);
    return join(decipher.update(blocks), decipher.final());
  },
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha256: (data) => createHash('sha256').update(data).digest(),
};
