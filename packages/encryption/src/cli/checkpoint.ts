import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ValueFault } from './commands/value-fault.js';

/** How far a rewrap came. Everything up to `after` in the prefix at `prefixIndex` is done. */
export interface Checkpoint {
  format: 1;
  /** What the work was: another configuration or other keys make it other work. */
  work: string;
  prefixIndex: number;
  after: string;
  scanned: number;
  rewritten: number;
  faults: ValueFault[];
}

/** A file that survives the process; without a path nothing is kept. */
export interface CheckpointFile {
  /** `null` when there is none of this work. */
  read(work: string): Checkpoint | null;
  write(checkpoint: Checkpoint): void;
  remove(): void;
}

/** @throws {Error} on reading a file that is no checkpoint: it is somebody else's and is not overwritten. */
export function checkpointFile(path: string | undefined): CheckpointFile {
  if (path === undefined) return { read: () => null, write: () => {}, remove: () => {} };
  return {
    read(work) {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
      const found = parse(text);
      if (found === null) throw new Error(`"${path}" is no checkpoint of a rewrap`);
      return found.work === work ? found : null;
    },
    write(checkpoint) {
      // Beside and renamed: a crash leaves the old or the new one.
      writeFileSync(`${path}.tmp`, JSON.stringify(checkpoint));
      renameSync(`${path}.tmp`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function parse(text: string): Checkpoint | null {
  try {
    const value = JSON.parse(text) as Checkpoint;
    return value.format === 1 && typeof value.work === 'string' && typeof value.after === 'string' && Array.isArray(value.faults)
      ? value
      : null;
  } catch {
    return null;
  }
}
