import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inject } from 'vitest';

const MAIN = inject('main');
const START_MS_MAX = 60_000;

/** The end of a command. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Whether tests with a real kubectl can run.
 *
 * @throws Error when there is none although `K_REQUIRE_ETCD=1` says that there must be.
 */
export function hasKubectl(): boolean {
  const found = (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, 'kubectl'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found && process.env.K_REQUIRE_ETCD === '1') throw new Error('K_REQUIRE_ETCD=1, but there is no kubectl in PATH');
  return found;
}

/** Runs a program to its end, with an optional standard input. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { env: { ...process.env, ...options.env }, maxBuffer: 64 * 2 ** 20, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    );
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs the server's command line to its end, for flags that do not start it. */
export function runMain(args: readonly string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [MAIN, ...args]);
}

/** The server as a process of its own, on a free port and a folder of its own; it can be killed and started again. */
export class ServerProcess {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'k-apiserver-'));
  readonly kubeconfig: string = join(this.dir, 'admin.kubeconfig');
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  stdout = '';
  stderr = '';
  url = '';

  /** @param args - Flags, or what makes them once the folder of the server is known. */
  constructor(args: readonly string[] | ((dir: string) => readonly string[])) {
    this.#args = typeof args === 'function' ? args(this.dir) : args;
  }

  /** Starts one and waits until it says that it is ready. */
  static async start(args: readonly string[] = []): Promise<ServerProcess> {
    const server = new ServerProcess(args);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const hasPort = this.#args.some((arg, i) => this.#args[i - 1] === '--bind-address' && arg.includes(':'));
    const child = spawn(process.execPath, [MAIN, ...(hasPort ? [] : ['--secure-port', port]), '--data-dir', this.dir, ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.stdout = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server was not ready in time: ${this.stderr}`)), START_MS_MAX);
      child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
      child.stdout?.on('data', (chunk: Buffer) => {
        this.stdout += chunk.toString();
        const url = /ready at (\S+)/.exec(this.stdout)?.[1];
        if (url === undefined) return;
        this.url = url;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with ${code}: ${this.stderr}`));
      });
    });
  }

  /** Sends a signal and waits for the end. @returns the exit code; null when the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  kubectl(args: string, input?: string): Promise<CommandResult> {
    return runCommand('kubectl', ['--kubeconfig', this.kubeconfig, ...split(args)], {
      ...(input === undefined ? {} : { input }),
      env: { KUBECACHEDIR: join(this.dir, 'cache'), HOME: this.dir },
    });
  }

  /** The output of a kubectl command that has to succeed. */
  async output(args: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** The object of a kubectl command with `-o json`. */
  async json(args: string, input?: string): Promise<{ [field: string]: never }> {
    return JSON.parse(await this.output(`${args} -o json`, input));
  }

  /** Lines of a file in the server's folder, parsed. */
  jsonLines(name: string): Record<string, unknown>[] {
    return readFileSync(join(this.dir, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async dispose(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Splits at spaces, keeping what stands in single quotes together. */
function split(args: string): string[] {
  return [...args.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? (match[2] as string));
}
