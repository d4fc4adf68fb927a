import { secretbox } from '@noble/ciphers/salsa.js';
import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import { concat, type Transformer } from '../transformer.js';

const NONCE_BYTES = 24;
const KEY_BYTES = 32;

/** NaCl secretbox (XSalsa20-Poly1305): nonce (24 random bytes), tag (16), ciphertext. */
export function secretboxTransformer(key: Uint8Array, options: { keyName?: string } = {}): Transformer {
  if (key.length !== KEY_BYTES) throw new RangeError(`a secretbox key has ${KEY_BYTES} bytes, this one ${key.length}`);
  const own = key.slice();
  const { keyName = '' } = options;
  return {
    encrypt(data) {
      const nonce = primitives.randomBytes(NONCE_BYTES);
      return concat(nonce, secretbox(own, nonce).seal(data));
    },
    decrypt(data) {
      if (data.length < NONCE_BYTES) throw new TransformError('the stored data was shorter than the required size', 'secretbox', keyName);
      let opened: Uint8Array;
      try {
        opened = secretbox(own, data.subarray(0, NONCE_BYTES)).open(data.subarray(NONCE_BYTES));
      } catch {
        // The words are upstream's; the cause is a tag that does not match.
        throw new TransformError('output array was not large enough for encryption', 'secretbox', keyName);
      }
      return { data: opened, stale: false, provider: 'secretbox', keyName };
    },
    close: () => void own.fill(0),
  };
}
