/** A key service whose keys lie in one local file: every generation, newest last, mode 0600. */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { primitives } from '../primitives/node.js';
import type { KeyService } from './key-service.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;

interface Generation {
  id: string;
  createdAt: string;
  key: string;
}

/** How {@link localKeyService} works. */
export interface LocalKeyFileOptions {
  /** JSON; made with a first key when it is not there. */
  file: string;
  /** Days after which a new key takes over; absent = only {@link rotateLocalKey} rotates. */
  rotateAfterDays?: number;
}

function load(file: string): Generation[] {
  if (!existsSync(file)) return [];
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(`key file "${file}" is not JSON`);
  }
  const keys = (value as { keys?: Generation[] }).keys;
  if (!Array.isArray(keys) || keys.some(({ id, key }) => typeof id !== 'string' || Buffer.from(key ?? '', 'base64').length !== KEY_BYTES)) {
    throw new Error(`key file "${file}" has no list "keys" of {id, createdAt, key} with ${KEY_BYTES}-byte keys`);
  }
  return keys;
}

/** Writes beside and renames, so that a crash leaves the old or the new file. */
function save(file: string, keys: readonly Generation[]): void {
  const next = `${file}.${process.pid}.tmp`;
  writeFileSync(next, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, file);
  chmodSync(file, 0o600);
}

/** Adds a key that encrypts from now on; older ones still decrypt. Returns its id. */
export function rotateLocalKey(file: string): string {
  const id = randomUUID();
  save(file, [...load(file), { id, createdAt: new Date().toISOString(), key: randomBytes(KEY_BYTES).toString('base64') }]);
  return id;
}

/** Keys in a file. The file is read on every operation: another process may rotate it. */
export function localKeyService(options: LocalKeyFileOptions): KeyService {
  const { file, rotateAfterDays } = options;
  const current = (): Generation => {
    let keys = load(file);
    const last = keys.at(-1);
    const isDue =
      last !== undefined && rotateAfterDays !== undefined && Date.now() - Date.parse(last.createdAt) > rotateAfterDays * 86_400_000;
    if (last === undefined || isDue) {
      rotateLocalKey(file);
      keys = load(file);
    }
    return keys.at(-1) as Generation;
  };
  const bytesOf = ({ key }: Generation): Uint8Array => Buffer.from(key, 'base64');
  return {
    async status() {
      return { version: 'v2', healthz: 'ok', keyId: current().id };
    },
    async encrypt(plaintext) {
      const generation = current();
      const nonce = primitives.randomBytes(NONCE_BYTES);
      const sealed = primitives.aesGcmSeal(bytesOf(generation), nonce, plaintext, Buffer.from(generation.id));
      return { ciphertext: Buffer.concat([nonce, sealed]), keyId: generation.id, annotations: {} };
    },
    async decrypt({ ciphertext, keyId }) {
      const generation = load(file).find(({ id }) => id === keyId);
      if (generation === undefined) throw new Error(`no key has the id ${JSON.stringify(keyId)}`);
      const opened = primitives.aesGcmOpen(
        bytesOf(generation),
        ciphertext.subarray(0, NONCE_BYTES),
        ciphertext.subarray(NONCE_BYTES),
        Buffer.from(generation.id),
      );
      if (opened === null) throw new Error('the data key was not encrypted with this key, or was changed');
      return opened;
    },
  };
}
