import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import type { Transformer } from '../transformer.js';
import { WriteLimit } from './write-limit.js';

const NONCE_BYTES = 12;

/** Throws unless an AES key has 16, 24 or 32 bytes. */
export function checkAesKey(key: Uint8Array): void {
  if (![16, 24, 32].includes(key.length)) throw new RangeError(`an AES key has 16, 24 or 32 bytes, this one ${key.length}`);
}

/** Options of {@link aesGcmTransformer}. */
export interface AesGcmOptions {
  /** For errors and warnings. */
  keyName?: string;
  /** Hears that the key should be rotated. */
  warn?: (message: string) => void;
  /** Writes that the key made before. Default 0. */
  written?: number;
}

/** AES-GCM: nonce (12 random bytes), ciphertext, tag (16); the key of the value is authenticated. */
export function aesGcmTransformer(key: Uint8Array, options: AesGcmOptions = {}): Transformer {
  checkAesKey(key);
  const own = key.slice();
  const { keyName = '' } = options;
  const limit = new WriteLimit(keyName, options.warn, options.written);
  return {
    encrypt(data, authenticated) {
      limit.count();
      const nonce = primitives.randomBytes(NONCE_BYTES);
      return primitives.aesGcmSeal(own, nonce, data, authenticated, nonce);
    },
    decrypt(data, authenticated) {
      if (data.length < NONCE_BYTES) throw new TransformError('the stored data was shorter than the required size', 'aesgcm', keyName);
      const opened = primitives.aesGcmOpen(own, data.subarray(0, NONCE_BYTES), data.subarray(NONCE_BYTES), authenticated);
      if (opened === null) throw new TransformError('cipher: message authentication failed', 'aesgcm', keyName);
      return { data: opened, stale: false, provider: 'aesgcm', keyName };
    },
    close: () => void own.fill(0),
  };
}
