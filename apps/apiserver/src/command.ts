/** What the command line asks for: a server, a command beside it, or help. */
import { KUBERNETES_VERSION } from '@k/apimachinery';
import { type Flags, parseCommandLine } from './flags/command-line.js';
import { FlagError } from './flags/flag.js';
import { beginSigningKey } from './service-account-keys.js';

/** Ends the process with an error that its user can act on. */
function fail(error: unknown): never {
  const isExpected = error instanceof FlagError || (error as { code?: unknown }).code !== undefined;
  const text = isExpected ? (error as Error).message : ((error as Error).stack ?? String(error));
  process.stderr.write(`Error: ${text}\n`);
  if (error instanceof FlagError) process.stderr.write("See 'k-apiserver --help' for usage.\n");
  process.exit(1);
}

async function runCommand(command: 'snapshot' | 'encryption', words: readonly string[], flags: Flags): Promise<void> {
  if (command === 'snapshot') {
    const { runSnapshot } = await import('./commands/snapshot.js');
    process.stdout.write(await runSnapshot(words, flags));
    return;
  }
  const { runEncryption } = await import('./commands/encryption.js');
  const { text, exitCode } = await runEncryption(words, flags);
  process.stdout.write(text);
  process.exitCode = exitCode;
}

async function start(): Promise<boolean> {
  const commandLine = parseCommandLine(process.argv.slice(2), KUBERNETES_VERSION);
  if ('print' in commandLine) {
    process.stdout.write(commandLine.print);
    return false;
  }
  if ('command' in commandLine) {
    await runCommand(commandLine.command, commandLine.words, commandLine.flags);
    return false;
  }
  const newKey = beginSigningKey(commandLine.run);
  const { run } = await import('./run.js');
  const running = await run(commandLine.run, newKey);
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
  // Last: whoever waits for it may send a signal at once.
  process.stdout.write(
    `k-apiserver (Kubernetes ${KUBERNETES_VERSION}) is ready at ${running.url}\n` +
      `  kubeconfig  ${running.kubeconfig}\n` +
      `  try         kubectl --kubeconfig ${running.kubeconfig} get namespaces\n`,
  );
  return true;
}

/**
 * Does what the command line asks for; ends the process when it cannot.
 *
 * @returns Whether a server is running now.
 */
export function runCommandLine(): Promise<boolean> {
  return start().catch(fail);
}
