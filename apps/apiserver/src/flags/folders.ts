/** Where the server keeps what it makes. */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Flags } from './command-line.js';

/** Absolute path of the folder with everything of this server. */
export function dataFolder(flags: Flags): string {
  return resolve(flags.text('data-dir'));
}

/** Absolute path of the folder with certificates and keys. */
export function certificateFolder(flags: Flags): string {
  return resolve(flags.optional('cert-dir') ?? join(dataFolder(flags), 'certs'));
}

/**
 * Makes a folder and those above it. Node's own way never comes back where none can be made although the one above is there, as
 * below `/proc`.
 *
 * @throws {NodeJS.ErrnoException} when it cannot be made.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path);
  }
}
