/** One server under load: sends tasks to the load process and says what each request cost the server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { LoadResult, LoadTask, Target } from './load.js';
import { cpuMs, type ServerProcess, type StartOptions, startServer, startWorker, type Worker } from './processes.js';

const TOKEN = 'bench-token';
const ADMIN_TOKEN = 'bench-admin-token';

/** A task without where and as whom. */
export type Task = LoadTask extends infer Each ? (Each extends LoadTask ? Omit<Each, keyof Target> : never) : never;

/** What requests cost. */
export interface Cost {
  perSecond: number;
  /** Microseconds of CPU of the answering process for one request. */
  cpuUs: number;
  bytes: number;
}

/** A server with its folder and its load process. */
export class Session {
  readonly server: ServerProcess;
  readonly dir: string;
  readonly load: Worker<LoadTask, LoadResult>;
  readonly #agent: Agent;

  private constructor(server: ServerProcess, dir: string) {
    this.server = server;
    this.dir = dir;
    this.load = startWorker('load.ts');
    this.#agent = new Agent({ connect: { ca: server.ca }, bodyTimeout: 0 });
  }

  /** Starts a server in a fresh folder, with a namespace and a user whom RBAC allows everything in it. */
  static async open({ flags = [], ...options }: Omit<StartOptions, 'dataDir'> = {}): Promise<Session> {
    const dir = mkdtempSync(join(tmpdir(), 'k-bench-'));
    const tokens = join(dir, 'tokens.csv');
    writeFileSync(tokens, `${TOKEN},bench,1\n${ADMIN_TOKEN},admin,2,system:masters\n`);
    const server = await startServer({
      dataDir: dir,
      flags: ['--token-auth-file', tokens, '--authorization-mode', 'RBAC', ...flags],
      ...options,
    });
    const session = new Session(server, dir);
    await session.send('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
    await session.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'bench' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bench' }],
    });
    // Pods need the account that a controller makes.
    while ((await session.send('GET', '/api/v1/namespaces/bench/serviceaccounts/default', undefined, true)) === '') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return session;
  }

  /** One request as administrator. @returns the body; with `mayMiss`, '' for 404. */
  async send(method: 'GET' | 'POST', path: string, body?: unknown, mayMiss = false): Promise<string> {
    const answer = await request(new URL(path, this.server.url), {
      method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode === 404 && mayMiss) return '';
    if (answer.statusCode > 201) throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${text.slice(0, 300)}`);
    return text;
  }

  /** Creates objects, 32 at a time. */
  async fill(path: string, count: number, make: (index: number) => unknown, from = 0): Promise<void> {
    let next = from;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < from + count; index = next++) await this.send('POST', path, make(index));
    };
    await Promise.all(Array.from({ length: 32 }, worker));
  }

  /** Runs a task against this server, or against another process that listens at `elsewhere`. */
  async measure(task: Task, elsewhere?: { url: string; pid: number; ca: string }): Promise<Cost> {
    const { url, pid, ca } = elsewhere ?? this.server;
    const before = cpuMs(pid);
    const { count, ms, bytes } = await this.load.ask({ ...task, url, ca, token: TOKEN } as LoadTask);
    return { perSecond: (count / ms) * 1000, cpuUs: ((cpuMs(pid) - before) * 1000) / count, bytes };
  }

  /** A task by turns against this server and against another one that must send as many bytes: means of all turns. */
  async compare(task: Task, elsewhere: { url: string; pid: number; ca: string }, rounds: number): Promise<[ours: Cost, theirs: Cost]> {
    const costs: [Cost[], Cost[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const ours = await this.measure(task);
      const theirs = await this.measure(task, elsewhere);
      if (ours.bytes !== theirs.bytes) throw new Error(`${ours.bytes} bytes came, the bare server sent ${theirs.bytes}`);
      costs[0].push(ours);
      costs[1].push(theirs);
    }
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const total = (list: readonly Cost[]): Cost => ({
      perSecond: 1 / mean(list.map(({ perSecond }) => 1 / perSecond)),
      cpuUs: mean(list.map(({ cpuUs }) => cpuUs)),
      bytes: (list[0] as Cost).bytes * rounds,
    });
    return [total(costs[0]), total(costs[1])];
  }

  async close(): Promise<void> {
    await this.load.stop();
    await this.#agent.close();
    await this.server.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
