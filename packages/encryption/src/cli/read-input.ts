import { readFileSync } from 'node:fs';

/**
 * The bytes of a file that the command line names.
 *
 * @throws {Error} naming the file; `code` is the system's.
 */
export function readInput(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // `EISDIR: illegal operation on a directory, read` names none.
    throw Object.assign(new Error(message.includes(file) ? message : `${message} '${file}'`), { code });
  }
}
