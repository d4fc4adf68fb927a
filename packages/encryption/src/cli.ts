#!/usr/bin/env node
import { buffer } from 'node:stream/consumers';
import manifest from '../package.json' with { type: 'json' };
import { runCli } from './cli/run.js';

// Readers such as `head` stop before the end; what is under way goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (abort.signal.aborted) process.exit(1);
    abort.abort();
  });
}
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin: () => buffer(process.stdin),
  version: manifest.version,
  env: process.env,
  signal: abort.signal,
});
