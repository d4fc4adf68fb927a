#!/usr/bin/env node
import { auditProgram } from './cli/program.js';

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
const output = {
  print: (line: string) => void process.stdout.write(`${line}\n`),
  color: (process.stdout.isTTY === true || process.env['FORCE_COLOR'] !== undefined) && process.env['NO_COLOR'] === undefined,
  signal: ended.signal,
  exit: (code: number) => {
    process.exitCode = code;
  },
};
try {
  await auditProgram(output).parseAsync();
} catch (error) {
  process.stderr.write(`k-audit: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
