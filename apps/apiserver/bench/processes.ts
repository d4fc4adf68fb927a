/** The processes of a run, and what they cost: CPU time and memory as Linux counts them. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CLOCK_TICK_MS = 10;
const START_TIMEOUT_MS = 60_000;
/** `BENCH_SERVER` names another build. */
const MAIN = process.env['BENCH_SERVER'] ?? join(import.meta.dirname, '..', 'dist', 'main.js');

/** CPU time in milliseconds that a process has used, in user and kernel; steps of 10 ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

/** Bytes of memory of a process: all that is resident, and without mapped files. */
export function memoryBytes(pid: number): { resident: number; anonymous: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024;
  return { resident: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}

/** A server under test. */
export interface ServerProcess {
  pid: number;
  url: string;
  /** PEM. */
  ca: string;
  /** Milliseconds from the start of the process to the line that says it is ready; `cpu` until then. */
  ready: { wallMs: number; cpuMs: number };
  stop(): Promise<void>;
}

/** How to start a server. */
export interface StartOptions {
  /** Kept; the same folder again makes a restart. */
  dataDir: string;
  flags?: readonly string[];
  /** A folder for its CPU profile, which it writes at its end. */
  profileDir?: string;
  /** Path of another build than the one that is published. */
  main?: string;
}

/** Starts the built server and waits until it is ready. */
export async function startServer({ dataDir, flags = [], profileDir, main = MAIN }: StartOptions): Promise<ServerProcess> {
  if (!existsSync(main)) throw new Error('the server is not built: run "npm run build" first');
  const startedAt = performance.now();
  const nodeFlags = profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir];
  const child = spawn(process.execPath, [...nodeFlags, main, '--secure-port', '0', '--data-dir', dataDir, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid as number;
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not get ready')), START_TIMEOUT_MS);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      const found = /is ready at (\S+)/.exec(chunk.toString());
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1] as string);
    });
  });
  const ready = { wallMs: performance.now() - startedAt, cpuMs: cpuMs(pid) };
  return { pid, url, ca: readFileSync(join(dataDir, 'certs', 'ca.crt'), 'utf8'), ready, stop: () => end(child) };
}

/** A module of this folder in a process of its own, answering one message with one message. */
export interface Worker<Request, Answer> {
  pid: number;
  ask(request: Request): Promise<Answer>;
  stop(): Promise<void>;
}

/** Forks a module; it gets `ask`'s argument as a message. */
export function startWorker<Request, Answer>(module: string): Worker<Request, Answer> {
  const child = fork(join(import.meta.dirname, module), { execArgv: ['--import', 'tsx', '--conditions=@k/source'] });
  return {
    pid: child.pid as number,
    ask: (request) =>
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void => reject(new Error(`${module} ended with ${code}`));
        child.once('exit', failed);
        child.once('message', (answer) => {
          child.off('exit', failed);
          resolve(answer as Answer);
        });
        child.send(request as object);
      }),
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(timer);
}
