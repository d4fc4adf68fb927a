/** The load: requests on a number of connections from this process, and watchers that count what reaches them. */
import { request as httpsRequest } from 'node:https';
import { Pool } from 'undici';
import { configMap } from './objects.js';

/** Where a server is and as whom it is asked. */
export interface Target {
  url: string;
  /** PEM. */
  ca: string;
  token: string;
}

/** One task for the load process. */
export type LoadTask = Target &
  (
    | { kind: 'get'; path: string; connections: number; requests: number }
    | { kind: 'create'; names: string; connections: number; requests: number }
    | { kind: 'update'; names: string; connections: number; requests: number }
    | { kind: 'watch'; path: string; watchers: number }
    | { kind: 'events'; count: number }
  );

/** What a task took. For watches: how many are open, or how many events arrived. */
export interface LoadResult {
  count: number;
  ms: number;
  bytes: number;
}

const events = { arrived: 0, wanted: Number.POSITIVE_INFINITY, reached: (): void => {} };

async function run(task: LoadTask): Promise<LoadResult> {
  if (task.kind === 'watch') return openWatches(task);
  if (task.kind === 'events') return waitForEvents(task.count);
  const pool = new Pool(task.url, { connections: task.connections, pipelining: 1, connect: { ca: task.ca }, bodyTimeout: 0 });
  const headers = { authorization: `Bearer ${task.token}`, 'content-type': 'application/json' };
  let next = 0;
  let bytes = 0;
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      if (index >= task.requests) return;
      const { statusCode, body } = await pool.request({ ...requestOf(task, index), headers });
      for await (const chunk of body) bytes += (chunk as Buffer).length;
      if (statusCode > 201) throw new Error(`request ${index} was answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: task.connections }, worker));
  const ms = performance.now() - startedAt;
  await pool.close();
  return { count: task.requests, ms, bytes };
}

type RequestTask = Extract<LoadTask, { requests: number }>;

function requestOf(task: RequestTask, index: number): { method: 'GET' | 'POST' | 'PUT'; path: string; body?: string } {
  const collection = '/api/v1/namespaces/bench/configmaps';
  if (task.kind === 'get') return { method: 'GET', path: task.path };
  if (task.kind === 'create') return { method: 'POST', path: collection, body: JSON.stringify(configMap(`${task.names}-${index}`, index)) };
  const name = `${task.names}-${index % task.connections}`;
  return { method: 'PUT', path: `${collection}/${name}`, body: JSON.stringify(configMap(name, index)) };
}

/** Opens watches, each on its own connection, and resolves when the server has answered all. */
async function openWatches(task: Extract<LoadTask, { kind: 'watch' }>): Promise<LoadResult> {
  const startedAt = performance.now();
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = httpsRequest(new URL(task.path, task.url), {
        ca: task.ca,
        agent: false,
        headers: { authorization: `Bearer ${task.token}` },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        if (response.statusCode !== 200) reject(new Error(`a watch was answered ${response.statusCode}`));
        response.on('data', (chunk: Buffer) => {
          // Every event is a line.
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) events.arrived++;
          if (events.arrived >= events.wanted) events.reached();
        });
        resolve();
      });
      outgoing.end();
    });
  for (let opened = 0; opened < task.watchers; opened += 50) {
    await Promise.all(Array.from({ length: Math.min(50, task.watchers - opened) }, open));
  }
  return { count: task.watchers, ms: performance.now() - startedAt, bytes: 0 };
}

function waitForEvents(count: number): Promise<LoadResult> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    events.wanted = count;
    events.reached = () => resolve({ count: events.arrived, ms: performance.now() - startedAt, bytes: 0 });
    if (events.arrived >= count) events.reached();
  });
}

process.on('message', (task: LoadTask) => {
  run(task).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
