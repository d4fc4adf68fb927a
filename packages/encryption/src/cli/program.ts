/** The command line `k-encryption`. */
import { Command } from 'commander';
import type { CliIo } from './io.js';
import { addDecrypt } from './program/decrypt.js';
import { addKeys } from './program/keys.js';
import { addKmsPlugin } from './program/kms-plugin.js';
import { addScans } from './program/scans.js';

/**
 * Builds the program. Commands answer the exit code through `setExitCode`: 0 = good, 1 = there are faults or findings.
 * Usage errors are commander's own or a {@link UsageError}.
 */
export function createProgram(io: CliIo, setExitCode: (code: number) => void): Command {
  const program = new Command('k-encryption')
    .description('Looks after values that Kubernetes encrypts at rest: who wrote them, whether they can be read, and writing them anew.')
    .version(io.version, '-V, --version', 'print the version')
    .showHelpAfterError('(see k-encryption --help)')
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .exitOverride();
  addScans(program, io, setExitCode);
  addDecrypt(program, io);
  addKeys(program, io, setExitCode);
  addKmsPlugin(program, io);
  return program;
}
