import { readFileSync } from 'node:fs';
import type { Flags } from './command-line.js';
import { FlagError } from './flag.js';

/**
 * The text of the file that a flag names; undefined when the flag was not given.
 *
 * @throws {@link FlagError} naming flag and file.
 */
export function readFlagFile(flags: Flags, name: string): string | undefined {
  const file = flags.optional(name);
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : (error as Error).message;
    throw new FlagError(`--${name}: cannot read "${file}": ${why}`);
  }
}

/** Runs a step that reads what a flag names; what it throws is said of that flag. */
export function forFlag<T>(name: string, step: () => T): T {
  const fail = (error: unknown): never => {
    if (error instanceof FlagError) throw error;
    throw new FlagError(`--${name}: ${error instanceof Error ? error.message : String(error)}`);
  };
  try {
    const result = step();
    return result instanceof Promise ? (result.catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}
