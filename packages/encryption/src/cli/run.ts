import { CommanderError } from 'commander';
import { EncryptionConfigError, TransformError } from '../errors.js';
import { type CliIo, UsageError } from './io.js';
import { createProgram } from './program.js';

/**
 * Runs one command line.
 *
 * @param args - Without the program's name.
 * @returns The exit code: 0 = good, 1 = faults or findings, 2 = wrong usage.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  try {
    await createProgram(io, (code) => {
      exitCode = code;
    }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { message, code } = error as NodeJS.ErrnoException;
    io.stderr.write(`Error: ${message}\n`);
    if (error instanceof UsageError) return 2;
    const isExpected = error instanceof EncryptionConfigError || error instanceof TransformError || code !== undefined;
    if (!isExpected && io.env['DEBUG'] !== undefined) io.stderr.write(`${(error as Error).stack ?? ''}\n`);
    return 1;
  }
}
