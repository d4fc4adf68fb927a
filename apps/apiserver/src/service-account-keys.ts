import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Keys of service account tokens. */
export interface ServiceAccountKeys {
  signing: KeyObject;
  /** Public keys that tokens are checked with; the signing key's own first. */
  verification: readonly KeyObject[];
}

/** Reads a PEM key; the error names the file, never its content. */
function readKey(file: string, flag: string, parse: (pem: string) => KeyObject): KeyObject {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${flag}: cannot read a key from "${file}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The keys named by flags, or a pair of the server's own, made on first start and kept.
 *
 * @param options.dir - Where the server's own pair lies (`sa.key`, mode 0600).
 */
export function serviceAccountKeys(options: { dir: string; signingKeyFile?: string; keyFiles?: readonly string[] }): ServiceAccountKeys {
  const file = options.signingKeyFile ?? join(options.dir, 'sa.key');
  if (options.signingKeyFile === undefined && !existsSync(file)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  const signing = readKey(file, '--service-account-signing-key-file', createPrivateKey);
  const given = (options.keyFiles ?? []).map((name) => readKey(name, '--service-account-key-file', createPublicKey));
  return { signing, verification: [createPublicKey(signing), ...given] };
}
