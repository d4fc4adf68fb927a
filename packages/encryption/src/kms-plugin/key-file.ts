/** A file of keys: every generation, newest last. Whoever loses it loses all that is encrypted under it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const KEY_BYTES = 32;
const LOCK_WAIT_MS = 5000;
const LOCK_STALE_MS = 60_000;

/** One key. */
export interface KeyGeneration {
  id: string;
  /** RFC 3339. */
  createdAt: string;
  /** Base64 of 32 bytes. */
  key: string;
}

/**
 * Reads a key file; none at all is an empty list.
 *
 * @throws {Error} for a file that others may read, or that holds something else. Keys are not in the message.
 */
export function readKeyFile(file: string): KeyGeneration[] {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if ((found.mode & 0o077) !== 0) {
    throw new Error(`key file "${file}" has mode ${(found.mode & 0o777).toString(8)}: others may use it, make it 600`);
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(`key file "${file}" is not JSON`);
  }
  const keys = (value as { keys?: KeyGeneration[] } | null)?.keys;
  const isGood = (each: Partial<KeyGeneration> | null): boolean =>
    typeof each?.id === 'string' && !Number.isNaN(Date.parse(each.createdAt ?? '')) && decodedBytes(each.key) === KEY_BYTES;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isGood)) {
    throw new Error(`key file "${file}" has no list "keys" of {id, createdAt, key} with ${KEY_BYTES}-byte keys`);
  }
  return keys;
}

const decodedBytes = (text: unknown): number => (typeof text === 'string' ? Buffer.from(text, 'base64').length : 0);

/**
 * Adds a key that encrypts from now on; older ones still decrypt. Safe against other processes that do the same, and on
 * the disk before it returns.
 *
 * @param isDue - Asked under the lock with the keys of that moment: false leaves the file as it is. Default: always.
 * @returns The keys afterwards.
 */
export function addKey(file: string, isDue: (keys: readonly KeyGeneration[]) => boolean = () => true): KeyGeneration[] {
  return withLock(`${file}.lock`, () => {
    const keys = readKeyFile(file);
    if (!isDue(keys)) return keys;
    const made = { id: randomUUID(), createdAt: new Date().toISOString(), key: randomBytes(KEY_BYTES).toString('base64') };
    const next = [...keys, made];
    writeDurably(file, `${JSON.stringify({ keys: next }, null, 2)}\n`);
    return next;
  });
}

/** Writes beside and renames, so that a crash leaves the old or the new file; a key in use is never only in a cache. */
function writeDurably(file: string, text: string): void {
  const beside = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(beside, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function withLock<T>(lock: string, work: () => T): T {
  const untilMs = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const heldSinceMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - heldSinceMs > LOCK_STALE_MS) rmSync(lock, { force: true });
      else if (Date.now() > untilMs) throw new Error(`"${lock}" is held by another process`);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}
