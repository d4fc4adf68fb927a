import { primitives } from '#primitives';
import { TransformError } from '../errors.js';
import { concat, type Transformer } from '../transformer.js';
import { checkAesKey } from './aes-gcm.js';
import { SecretKey } from './secret-key.js';

const BLOCK_BYTES = 16;

/** AES-CBC with PKCS#7 padding: IV (16 random bytes), ciphertext. Nothing is authenticated: prefer another provider. */
export function aesCbcTransformer(key: Uint8Array, options: { keyName?: string } = {}): Transformer {
  checkAesKey(key);
  const { keyName = '' } = options;
  const own = new SecretKey(key, 'aescbc', keyName);
  const fail = (message: string): TransformError => new TransformError(message, 'aescbc', keyName);
  return {
    encrypt(data) {
      const iv = primitives.randomBytes(BLOCK_BYTES);
      const padding = BLOCK_BYTES - (data.length % BLOCK_BYTES);
      const padded = new Uint8Array(data.length + padding).fill(padding, data.length);
      padded.set(data);
      return concat(iv, primitives.aesCbcEncrypt(own.bytes, iv, padded));
    },
    decrypt(data) {
      if (data.length < BLOCK_BYTES) throw fail('the stored data was shorter than the required size');
      const blocks = data.subarray(BLOCK_BYTES);
      if (blocks.length % BLOCK_BYTES !== 0) throw fail('the stored data is not a multiple of the block size');
      if (blocks.length === 0) throw fail('invalid PKCS7 data (empty or not padded)');
      const plain = primitives.aesCbcDecrypt(own.bytes, data.subarray(0, BLOCK_BYTES), blocks);
      const padding = plain[plain.length - 1] ?? 0;
      if (padding === 0 || padding > plain.length) throw fail('invalid PKCS7 data (empty or not padded)');
      let difference = 0;
      for (let i = plain.length - padding; i < plain.length; i++) difference |= (plain[i] as number) ^ padding;
      if (difference !== 0) throw fail('invalid padding on input');
      return { data: plain.subarray(0, plain.length - padding), stale: false, provider: 'aescbc', keyName };
    },
    close: () => own.drop(),
  };
}
