import { type ChildProcess, spawn } from 'node:child_process';

/** What a process wrote and how it ended; `code` is -1 while it runs. */
export interface CliResult {
  code: number | null;
  out: string;
  err: string;
}

/** Starts the built command in a folder. */
export function startCli(
  { cli, dir }: { cli: string; dir: string },
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; result: CliResult; ended: Promise<CliResult> } {
  const child = spawn(process.execPath, [cli, ...args], { cwd: dir, env: { PATH: process.env['PATH'], ...env } });
  const result: CliResult = { code: -1, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    result.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    result.err += chunk.toString();
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.once('close', (code) => {
      result.code = code;
      resolve(result);
    });
  });
  return { child, result, ended };
}
