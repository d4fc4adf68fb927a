/** A key service whose keys lie in one local file. */
import { keyIdHash } from '../kms/key-id.js';
import type { KeyService } from '../kms/key-service.js';
import { primitives } from '../primitives/node.js';
import { addKey, type KeyGeneration, readKeyFile } from './key-file.js';
import type { KeyUse } from './key-use.js';

const NONCE_BYTES = 12;
const DAY_MS = 86_400_000;

/** How {@link localKeyService} works. */
export interface LocalKeyServiceOptions {
  /** JSON, mode 0600; made with a first key when it is not there. */
  file: string;
  /** Days after which a new key takes over; absent = only {@link rotateLocalKey} rotates. */
  rotateAfterDays?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Hears of rotations. */
  audit?: (use: KeyUse) => void;
}

/** Adds a key that encrypts from now on; older ones still decrypt. Returns its id. */
export function rotateLocalKey(file: string): string {
  return (addKey(file).at(-1) as KeyGeneration).id;
}

/**
 * Keys in a file. The file is read on every operation, so another process may rotate it; an API server sees a new key
 * within the minute in which it asks for the status.
 */
export function localKeyService(options: LocalKeyServiceOptions): KeyService {
  const { file, rotateAfterDays, now = Date.now, audit = () => {} } = options;
  const isDue = (keys: readonly KeyGeneration[]): boolean => {
    const last = keys.at(-1);
    return last === undefined || (rotateAfterDays !== undefined && now() - Date.parse(last.createdAt) > rotateAfterDays * DAY_MS);
  };
  const current = (): KeyGeneration => {
    const keys = readKeyFile(file);
    if (!isDue(keys)) return keys.at(-1) as KeyGeneration;
    const last = addKey(file, isDue).at(-1) as KeyGeneration;
    audit({ operation: 'rotate', uid: '', keyIdHash: keyIdHash(last.id), outcome: 'ok' });
    return last;
  };
  return {
    async status() {
      return { version: 'v2', healthz: 'ok', keyId: current().id };
    },
    async encrypt(plaintext) {
      const { id, key } = current();
      const bytes = Buffer.from(key, 'base64');
      const nonce = primitives.randomBytes(NONCE_BYTES);
      const ciphertext = primitives.aesGcmSeal(bytes, nonce, plaintext, Buffer.from(id), nonce);
      bytes.fill(0);
      return { ciphertext, keyId: id, annotations: {} };
    },
    async decrypt({ ciphertext, keyId }) {
      const generation = readKeyFile(file).find(({ id }) => id === keyId);
      if (generation === undefined) throw new Error(`no key of this plugin has the id with the hash ${keyIdHash(keyId)}`);
      const bytes = Buffer.from(generation.key, 'base64');
      const nonce = ciphertext.subarray(0, NONCE_BYTES);
      const opened =
        ciphertext.length < NONCE_BYTES ? null : primitives.aesGcmOpen(bytes, nonce, ciphertext.subarray(NONCE_BYTES), Buffer.from(keyId));
      bytes.fill(0);
      if (opened === null) throw new Error('the data key was not encrypted with this key, or was changed');
      return opened;
    },
  };
}
