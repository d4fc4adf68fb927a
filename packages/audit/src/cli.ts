#!/usr/bin/env node
import { CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { auditProgram } from './cli/program.js';

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
// Readers such as `head` stop before the end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
const remark = (message: string): void => void process.stderr.write(`k-audit: ${message}\n`);
const output = {
  print: (line: string) => void process.stdout.write(`${line}\n`),
  remark,
  color: (process.stdout.isTTY === true || process.env['FORCE_COLOR'] !== undefined) && process.env['NO_COLOR'] === undefined,
  signal: ended.signal,
  exit: (code: number) => {
    process.exitCode = code;
  },
};
try {
  await auditProgram(output, manifest.version).parseAsync();
} catch (error) {
  // Commander has printed its own.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (ended.signal.aborted) process.exitCode = 130;
  else {
    remark(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}
