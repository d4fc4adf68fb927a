import { TransformError } from '../errors.js';
import { startsWith, type Transformer } from '../transformer.js';

const ENCRYPTED = new TextEncoder().encode('k8s:enc:');

/** Stores values as they are. Refuses to read what a cipher wrote. */
export function identityTransformer(): Transformer {
  return {
    encrypt: (data) => data,
    decrypt(data) {
      if (startsWith(data, ENCRYPTED)) throw new TransformError('identity transformer tried to read encrypted data', 'identity');
      return { data, stale: false, provider: 'identity', keyName: '' };
    },
  };
}
