/** Many watches at once: over few connections, over many, and beside clients that do not read. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

const PATH = '/api/v1/namespaces/default/configmaps';
const TIMEOUT_MS = 120_000;
let server: TestServer;
let sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  for (const session of sessions) session.destroy();
  await server.close();
});

interface Watch {
  stream: ClientHttp2Stream;
  /** Names of the objects that came, in their order. */
  names: string[];
}

function session(): ClientHttp2Session {
  const opened = connect(server.url, { ca: server.ca });
  opened.on('error', () => {});
  sessions.push(opened);
  return opened;
}

async function watch(on: ClientHttp2Session, revision: string, isRead = true): Promise<Watch> {
  const stream = on.request({
    ':path': `${PATH}?watch=1&resourceVersion=${revision}`,
    authorization: `Bearer ${server.token}`,
  });
  stream.on('error', () => {});
  const names: string[] = [];
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    stream.once('response', ({ ':status': status }) => (status === 200 ? resolve() : reject(new Error(`status ${status}`))));
  });
  if (!isRead) {
    stream.pause();
    return { stream, names };
  }
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) names.push(/"name":"([^"]+)"/.exec(line)?.[1] ?? line);
  });
  return { stream, names };
}

const revisionOf = async (): Promise<string> =>
  (await server.client.request<{ metadata: { resourceVersion: string } }>('GET', `${PATH}?limit=1`)).body.metadata.resourceVersion;
const create = (name: string, sizeBytes: number): Promise<unknown> =>
  server.client.request('POST', PATH, { body: { metadata: { name }, data: { x: 'y'.repeat(sizeBytes) } } });

describe('1,000 watches', () => {
  it.each([
    [2, 'over two connections'],
    [50, 'over fifty'],
  ])('%# see every event once and in order (%s connections)', { timeout: TIMEOUT_MS }, async (count) => {
    const revision = await revisionOf();
    const on = Array.from({ length: count }, session);
    const watches = await Promise.all(Array.from({ length: 1000 }, (_, i) => watch(on[i % count] as ClientHttp2Session, revision)));
    const names = Array.from({ length: 5 }, (_, i) => `many-${count}-${i}`);
    for (const name of names) await create(name, 10);
    await expect.poll(() => watches.every((one) => one.names.length >= names.length), { timeout: TIMEOUT_MS, interval: 20 }).toBe(true);
    expect(watches.filter((one) => one.names.join() !== names.join())).toEqual([]);
    for (const one of on) one.destroy();
    sessions = [];
  });
});

describe('a client that does not read', () => {
  it('is cut off; the others miss nothing', { timeout: TIMEOUT_MS }, async () => {
    const revision = await revisionOf();
    const [stuck, healthy] = await Promise.all([watch(session(), revision, false), watch(session(), revision)]);
    const closed = new Promise((resolve) => stuck.stream.once('close', resolve));
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    const names: string[] = [];
    // 8 MiB may wait for one watcher, besides what the connection itself holds.
    while (!isClosed && names.length < 60) {
      const name = `slow-${names.length}`;
      names.push(name);
      await create(name, 900_000);
    }
    await closed;
    expect(names.length).toBeLessThan(60);
    await expect.poll(() => healthy.names.length, { timeout: TIMEOUT_MS }).toBe(names.length);
    expect(healthy.names).toEqual(names);
  });
});
