/** Where manifests come from: files, folders, standard input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Console, InputError } from './console.js';

/** A text with the name that messages give it. */
export interface Source {
  name: string;
  text: string;
}

const MANIFEST = /\.(ya?ml|json)$/i;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

function unreadable(path: string, error: unknown): InputError {
  const { code = '' } = error as { code?: string };
  return new InputError(`${path}: ${REASONS[code] ?? (error as Error).message}`);
}

async function manifestsIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(async (entry) => {
        const child = join(path, entry.name);
        if (entry.isDirectory()) return manifestsIn(child);
        return MANIFEST.test(entry.name) ? [child] : [];
      }),
  );
  return found.flat();
}

/**
 * Reads manifests. Folders are searched for `.yaml`, `.yml` and `.json` files, in the order of their names.
 *
 * @param paths - Files, folders, `-` for standard input. None = standard input.
 * @returns What could be read, and an error for each that could not.
 */
export async function readSources(paths: readonly string[], console: Console): Promise<{ sources: Source[]; errors: InputError[] }> {
  const sources: Source[] = [];
  const errors: InputError[] = [];
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') {
      sources.push({ name: 'stdin', text: await console.readInput() });
      continue;
    }
    try {
      const files = (await stat(path)).isDirectory() ? await manifestsIn(path) : [path];
      for (const file of files) {
        try {
          sources.push({ name: file, text: await readFile(file, 'utf8') });
        } catch (error) {
          errors.push(unreadable(file, error));
        }
      }
    } catch (error) {
      errors.push(unreadable(path, error));
    }
  }
  return { sources, errors };
}
