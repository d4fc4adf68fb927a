/** `generate-key` and `lint`: the commands around a configuration. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { generateKey } from '../commands/generate-key.js';
import { lint } from '../commands/lint.js';
import { type CliIo, UsageError } from '../io.js';
import { readInput } from '../read-input.js';
import { wholeNumber } from '../store-options.js';

/** Adds the commands. */
export function addKeys(program: Command, io: CliIo, setExitCode: (code: number) => void): void {
  program
    .command('generate-key')
    .description('print a fresh random key in base64')
    .option('--bytes <n>', 'length', wholeNumber, 32)
    .option('--provider <name>', 'print an entry for a configuration: aesgcm, aescbc or secretbox')
    .option('--name <name>', 'name of the key in that entry; default: key- and the day')
    .action((flags: { bytes: number; provider?: string; name?: string }) => {
      try {
        io.stdout.write(generateKey(flags));
      } catch (error) {
        throw error instanceof RangeError ? new UsageError(error.message) : error;
      }
    });
  program
    .command('lint')
    .description('find what is wrong or unwise in a configuration; ends with 1 for errors')
    .argument('<file>', 'the EncryptionConfiguration, - for standard input')
    .option('--reload', 'it will be used with automatic reload')
    .option('--strict', 'end with 1 for warnings too')
    .action(async (file: string, flags: { reload?: boolean; strict?: boolean }) => {
      const source = file === '-' ? Buffer.from(await io.readStdin()).toString('utf8') : readInput(file).toString('utf8');
      const findings = await lint(source, { reload: flags.reload ?? false, ...(file === '-' ? {} : { fileMode: statSync(file).mode }) });
      for (const { severity, message } of findings) io.stdout.write(`${severity}: ${message}\n`);
      if (findings.length === 0) io.stdout.write('no problems\n');
      if (findings.some(({ severity }) => severity === 'error' || flags.strict === true)) setExitCode(1);
    });
}
