/** The load: requests on a number of connections from this process, and watchers that count what reaches them. */
import { type ClientHttp2Session, connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { configMap } from './objects.js';

/** Where a server is and as whom it is asked. */
export interface Target {
  url: string;
  /** PEM. */
  ca: string;
  token: string;
}

/** One task for the load process. `http2`: all on one connection, as client-go does it. */
export type LoadTask = Target &
  (
    | { kind: 'get'; path: string; connections: number; requests: number; http2?: boolean }
    | { kind: 'create'; names: string; connections: number; requests: number }
    | { kind: 'update'; namespace: string; names: string; connections: number; requests: number }
    | { kind: 'watch'; path: string; watchers: number; http2?: boolean }
    | { kind: 'events'; count: number }
  );

/** What a task took. For watches: how many are open, or how many events arrived and how long they were on their way. */
export interface LoadResult {
  count: number;
  ms: number;
  bytes: number;
  /** Milliseconds from the request that made an event to its arrival: median and 99th percentile since the last task. */
  latency?: { p50: number; p99: number };
}

/** One watcher in so many looks at when its events were made. */
const SAMPLED_WATCHERS = 10;
/** As Go's client announces them. */
const STREAM_WINDOW_BYTES = 4 * 2 ** 20;
const CONNECTION_WINDOW_BYTES = 2 ** 30;
const SENT_AT = '"sentAt":"';

const events = { arrived: 0, wanted: Number.POSITIVE_INFINITY, reached: (): void => {}, delaysMs: [] as number[] };

const now = (): number => performance.timeOrigin + performance.now();

async function run(task: LoadTask): Promise<LoadResult> {
  if (task.kind === 'watch') return openWatches(task);
  if (task.kind === 'events') return waitForEvents(task.count);
  const client = task.kind === 'get' && task.http2 === true ? await http2Client(task) : http1Client(task);
  let next = 0;
  let bytes = 0;
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      if (index >= task.requests) return;
      const received = await client.send(requestOf(task, index), (status) => {
        if (status > 201) throw new Error(`request ${index} was answered ${status}`);
      });
      bytes += received;
    }
  };
  await Promise.all(Array.from({ length: task.connections }, worker));
  const ms = performance.now() - startedAt;
  await client.close();
  return { count: task.requests, ms, bytes };
}

interface Client {
  /** @returns Bytes of the answer. */
  send(request: ReturnType<typeof requestOf>, check: (status: number) => void): Promise<number>;
  close(): Promise<void>;
}

function http1Client(task: RequestTask): Client {
  const pool = new Pool(task.url, { connections: task.connections, pipelining: 1, connect: { ca: task.ca }, bodyTimeout: 0 });
  const headers = { authorization: `Bearer ${task.token}`, 'content-type': 'application/json' };
  return {
    // Without a stream for every answer: the load shares the machine with what it measures.
    send: ({ method, path, body = null }, check) =>
      new Promise((resolve, reject) => {
        let bytes = 0;
        pool.dispatch(
          { method, path, body, headers },
          {
            onRequestStart() {},
            onResponseStart: (_controller, status) => check(status),
            onResponseData(_controller, chunk) {
              bytes += chunk.length;
            },
            onResponseEnd: () => resolve(bytes),
            onResponseError: (_controller, error) => reject(error),
          },
        );
      }),
    close: () => pool.close(),
  };
}

async function http2Client(task: Target): Promise<Client> {
  const session = await openSession(task);
  return {
    async send({ path }, check) {
      const stream = session.request({ ':path': path, authorization: `Bearer ${task.token}` });
      stream.once('response', (headers) => check(Number(headers[':status'])));
      return drain(stream);
    },
    close: () => new Promise((resolve) => session.close(resolve)),
  };
}

async function drain(body: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += (chunk as Buffer).length;
  return bytes;
}

async function openSession({ url, ca }: Target): Promise<ClientHttp2Session> {
  const session = connect(url, { ca, settings: { initialWindowSize: STREAM_WINDOW_BYTES } });
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  return session;
}

type RequestTask = Extract<LoadTask, { requests: number }>;

function requestOf(task: RequestTask, index: number): { method: 'GET' | 'POST' | 'PUT'; path: string; body?: string } {
  if (task.kind === 'get') return { method: 'GET', path: task.path };
  if (task.kind === 'create') {
    const body = JSON.stringify(configMap(`${task.names}-${index}`, index));
    return { method: 'POST', path: '/api/v1/namespaces/bench/configmaps', body };
  }
  const name = `${task.names}-${index % task.connections}`;
  const body = JSON.stringify(configMap(name, index, { namespace: task.namespace, data: { sentAt: now().toFixed(2) } }));
  return { method: 'PUT', path: `/api/v1/namespaces/${task.namespace}/configmaps/${name}`, body };
}

/** Opens watches, on one connection or each on its own, and resolves when the server has answered all. */
async function openWatches(task: Extract<LoadTask, { kind: 'watch' }>): Promise<LoadResult> {
  const startedAt = performance.now();
  const authorization = `Bearer ${task.token}`;
  const session = task.http2 === true ? await openSession(task) : null;
  const open = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const answered = (status: unknown, body: Readable): void => {
        if (Number(status) !== 200) reject(new Error(`a watch was answered ${status}`));
        body.on('data', index % SAMPLED_WATCHERS === 0 ? countAndTime : count);
        resolve();
      };
      if (session !== null) {
        const stream = session.request({ ':path': task.path, authorization });
        stream.on('error', reject);
        stream.on('response', (headers) => answered(headers[':status'], stream));
        return;
      }
      const outgoing = httpsRequest(new URL(task.path, task.url), { ca: task.ca, agent: false, headers: { authorization } });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => answered(response.statusCode, response));
      outgoing.end();
    });
  for (let opened = 0; opened < task.watchers; opened += 50) {
    await Promise.all(Array.from({ length: Math.min(50, task.watchers - opened) }, (_, place) => open(opened + place)));
  }
  return { count: task.watchers, ms: performance.now() - startedAt, bytes: 0 };
}

/** Every event is a line. */
function count(chunk: Buffer): void {
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) events.arrived++;
  if (events.arrived >= events.wanted) events.reached();
}

function countAndTime(chunk: Buffer): void {
  const arrivedAt = now();
  for (let at = chunk.indexOf(SENT_AT); at >= 0; at = chunk.indexOf(SENT_AT, at + 1)) {
    const from = at + SENT_AT.length;
    const end = chunk.indexOf('"', from);
    if (end > 0) events.delaysMs.push(arrivedAt - Number(chunk.toString('latin1', from, end)));
  }
  count(chunk);
}

function waitForEvents(wanted: number): Promise<LoadResult> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    events.wanted = wanted;
    events.reached = () => {
      const sorted = events.delaysMs.sort((a, b) => a - b);
      events.delaysMs = [];
      const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
      events.reached = () => {};
      resolve({ count: events.arrived, ms: performance.now() - startedAt, bytes: 0, latency: { p50: at(0.5), p99: at(0.99) } });
    };
    if (events.arrived >= wanted) events.reached();
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
