#!/usr/bin/env node
import { KUBERNETES_VERSION } from '@k/apimachinery';
import { parseCommandLine } from './flags/command-line.js';
import { FlagError } from './flags/flag.js';

/** Ends the process with an error that its user can act on. */
function fail(error: unknown): never {
  const isExpected = error instanceof FlagError || (error as { code?: unknown }).code !== undefined;
  const text = isExpected ? (error as Error).message : ((error as Error).stack ?? String(error));
  process.stderr.write(`Error: ${text}\n`);
  if (error instanceof FlagError) process.stderr.write("See 'k-apiserver --help' for usage.\n");
  process.exit(1);
}

async function main(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2), KUBERNETES_VERSION);
  if ('print' in commandLine) {
    process.stdout.write(commandLine.print);
    return;
  }
  const { run } = await import('./run.js');
  const running = await run(commandLine.run);
  process.stdout.write(
    `k-apiserver (Kubernetes ${KUBERNETES_VERSION}) is ready at ${running.url}\n` +
      `  kubeconfig  ${running.kubeconfig}\n` +
      `  try         kubectl --kubeconfig ${running.kubeconfig} get namespaces\n`,
  );
  let stopping = false;
  const stop = (): void => {
    // Whoever asks twice does not want to wait.
    if (stopping) process.exit(1);
    stopping = true;
    running.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => running.reopenLogs());
}

main().catch(fail);
