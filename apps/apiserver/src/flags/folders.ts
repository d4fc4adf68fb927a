/** Where the server keeps what it makes. */
import { join, resolve } from 'node:path';
import type { Flags } from './command-line.js';

/** Absolute path of the folder with everything of this server. */
export function dataFolder(flags: Flags): string {
  return resolve(flags.text('data-dir'));
}

/** Absolute path of the folder with certificates and keys. */
export function certificateFolder(flags: Flags): string {
  return resolve(flags.optional('cert-dir') ?? join(dataFolder(flags), 'certs'));
}
