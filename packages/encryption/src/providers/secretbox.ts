import { secretbox } from '@noble/ciphers/salsa.js';
import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import { concat, type Transformer } from '../transformer.js';
import { SecretKey } from './secret-key.js';

const NONCE_BYTES = 24;
const KEY_BYTES = 32;

/** NaCl secretbox (XSalsa20-Poly1305): nonce (24 random bytes), tag (16), ciphertext. */
export function secretboxTransformer(key: Uint8Array, options: { keyName?: string } = {}): Transformer {
  if (key.length !== KEY_BYTES) throw new RangeError(`"key" expected ${KEY_BYTES} bytes, got ${key.length}`);
  const { keyName = '' } = options;
  const own = new SecretKey(key, 'secretbox', keyName);
  return {
    encrypt(data) {
      const nonce = primitives.randomBytes(NONCE_BYTES);
      return concat(nonce, secretbox(own.bytes, nonce).seal(data));
    },
    decrypt(data) {
      if (data.length < NONCE_BYTES) throw new TransformError('the stored data was shorter than the required size', 'secretbox', keyName);
      const { bytes } = own;
      let opened: Uint8Array;
      try {
        opened = secretbox(bytes, data.subarray(0, NONCE_BYTES)).open(data.subarray(NONCE_BYTES));
      } catch {
        // The words are upstream's; the cause is a tag that does not match.
        throw new TransformError('output array was not large enough for encryption', 'secretbox', keyName);
      }
      return { data: opened, stale: false, provider: 'secretbox', keyName };
    },
    close: () => own.drop(),
  };
}
