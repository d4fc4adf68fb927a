#!/usr/bin/env node
/** The `pod-security` program. */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { runCommandLine } from './cli/program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

// Readers such as `head` may stop before the end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), version, {
  readInput: () => text(process.stdin),
  writeOutput: (output) => void process.stdout.write(output),
  writeError: (output) => void process.stderr.write(output),
  isTerminal: process.stdout.isTTY === true,
  environment: process.env,
});
