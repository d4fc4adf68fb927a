import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Flags } from './flags/command-line.js';
import { FlagError } from './flags/flag.js';
import { certificateFolder } from './flags/folders.js';

const RSA_BITS = 2048;

/** Keys of service account tokens that flags name. */
export interface GivenKeys {
  /** Undefined: the server signs with a key of its own. */
  signing: KeyObject | undefined;
  /** Public keys that tokens are checked with, beside the signing key's. */
  verification: readonly KeyObject[];
}

/** Reads a PEM key; the error names flag and file, never the content. */
function readKey(file: string, flag: string, parse: (pem: string) => KeyObject): KeyObject {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new FlagError(`--${flag}: cannot read a key from "${file}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The keys that flags name.
 *
 * @throws {@link FlagError} naming the file that holds no key.
 */
export function readServiceAccountKeys(flags: Flags): GivenKeys {
  const signingFile = flags.optional('service-account-signing-key-file');
  return {
    signing: signingFile === undefined ? undefined : readKey(signingFile, 'service-account-signing-key-file', createPrivateKey),
    verification: flags.list('service-account-key-file').map((file) => readKey(file, 'service-account-key-file', createPublicKey)),
  };
}

const SIGNING_KEY = 'sa.key';

/**
 * Begins to make the server's own signing key, on another thread, where this start will need one: nothing takes longer
 * on a first start.
 */
export function beginSigningKey(flags: Flags): Promise<KeyObject> | undefined {
  const isThere = existsSync(join(certificateFolder(flags), SIGNING_KEY));
  if (isThere || flags.optional('service-account-signing-key-file') !== undefined) return undefined;
  const made = promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS }).then(({ privateKey }) => privateKey);
  // Whoever needs the key sees the error; a start that ends before that has one of its own.
  made.catch(() => {});
  return made;
}

/**
 * The server's own signing key (mode 0600): the one on disk, else `made`, which is put there. Servers that share the
 * folder and start side by side use the one that came first.
 */
export async function ownSigningKey(dir: string, made: Promise<KeyObject> | undefined): Promise<KeyObject> {
  const file = join(dir, SIGNING_KEY);
  if (made !== undefined) {
    const pem = (await made).export({ type: 'pkcs8', format: 'pem' });
    const draft = `${file}.${randomUUID()}`;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(draft, pem, { mode: 0o600 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft);
    }
  }
  return createPrivateKey(readFileSync(file, 'utf8'));
}
