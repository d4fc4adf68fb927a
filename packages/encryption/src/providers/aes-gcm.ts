import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import { concat, type Transformer } from '../transformer.js';
import { SecretKey } from './secret-key.js';
import { type WriteCounter, WriteCounters } from './write-counters.js';

const NONCE_BYTES = 12;

/** Throws unless an AES key has 16, 24 or 32 bytes. */
export function checkAesKey(key: Uint8Array): void {
  if (![16, 24, 32].includes(key.length)) throw new RangeError(`"key" expected 16, 24 or 32 bytes, got ${key.length}`);
}

/** Options of {@link aesGcmTransformer}. */
export interface AesGcmOptions {
  /** For errors and warnings. Default ''. */
  keyName?: string;
  /** Counts the writes under this key; give every user of the key the same one. Default: one of its own. */
  counter?: WriteCounter;
}

/**
 * AES-GCM: nonce (12 random bytes), ciphertext, tag (16); the key of the value is authenticated.
 *
 * Copies `key`. Refuses to write after 2^32 values, where random nonces stop being safe.
 */
export function aesGcmTransformer(key: Uint8Array, options: AesGcmOptions = {}): Transformer {
  checkAesKey(key);
  const { keyName = '', counter = new WriteCounters().of(key) } = options;
  const own = new SecretKey(key, 'aesgcm', keyName);
  const seal = (data: Uint8Array, authenticated: Uint8Array, head?: Uint8Array): Uint8Array => {
    const { bytes } = own;
    counter.count(keyName);
    const nonce = primitives.randomBytes(NONCE_BYTES);
    return primitives.aesGcmSeal(bytes, nonce, data, authenticated, head === undefined ? nonce : concat(head, nonce));
  };
  return {
    encrypt: (data, authenticated) => seal(data, authenticated),
    encryptAfter: (head, data, authenticated) => seal(data, authenticated, head),
    decrypt(data, authenticated) {
      if (data.length < NONCE_BYTES) throw new TransformError('the stored data was shorter than the required size', 'aesgcm', keyName);
      const opened = primitives.aesGcmOpen(own.bytes, data.subarray(0, NONCE_BYTES), data.subarray(NONCE_BYTES), authenticated);
      if (opened === null) throw new TransformError('cipher: message authentication failed', 'aesgcm', keyName);
      return { data: opened, stale: false, provider: 'aesgcm', keyName };
    },
    close: () => own.drop(),
  };
}
