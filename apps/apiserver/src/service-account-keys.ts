import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Flags } from './flags/command-line.js';
import { FlagError } from './flags/flag.js';

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

/** The server's own signing key (`sa.key`, mode 0600), made on first start. */
export async function ownSigningKey(dir: string): Promise<KeyObject> {
  const file = join(dir, 'sa.key');
  if (existsSync(file)) return createPrivateKey(readFileSync(file, 'utf8'));
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return privateKey;
}
