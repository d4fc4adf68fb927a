import { runCli } from '../src/cli/run.js';

/** What a command line printed and answered. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process. */
export async function cli(
  args: readonly string[],
  options: { stdin?: Uint8Array; signal?: AbortSignal; tty?: boolean } = {},
): Promise<CliResult> {
  const out: Buffer[] = [];
  let stderr = '';
  const code = await runCli(args, {
    stdout: { write: (data) => out.push(Buffer.from(data)) },
    stderr: {
      isTTY: options.tty ?? false,
      write: (text) => {
        stderr += text;
      },
    },
    readStdin: async () => options.stdin ?? new Uint8Array(0),
    version: '1.2.3',
    env: {},
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, stdout: Buffer.concat(out).toString('utf8'), stderr };
}
