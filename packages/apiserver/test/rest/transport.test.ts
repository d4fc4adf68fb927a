import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

let server: TestServer;
const base = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Writes bytes on a connection of its own and reads until the server closes it or the answer is complete. */
function raw(text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port), ca: server.ca, ALPNProtocols: ['http/1.1'] }, () => socket.write(text));
    let received = '';
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('utf8');
      const length = /content-length: (\d+)/i.exec(received)?.[1];
      const head = received.indexOf('\r\n\r\n');
      if (length !== undefined && head >= 0 && received.length >= head + 4 + Number(length)) finish();
    });
    socket.on('close', finish);
    socket.on('error', (error: NodeJS.ErrnoException) => (received === '' && error.code !== 'ECONNRESET' ? reject(error) : finish()));
    socket.setTimeout(5000, () => reject(new Error('no answer within 5 s')));
  });
}

const head = (line: string, more = ''): string => `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n${more}\r\n`;
const isServing = async (): Promise<void> => expect((await server.client.request('GET', '/readyz')).text).toBe('ok');

describe('what is wrong below the API', () => {
  it('a body over 3 MiB is 413, over both protocols', async () => {
    const body = JSON.stringify({ metadata: { name: 'big' }, data: { k: 'x'.repeat(4 * 1024 * 1024) } });
    const answer = await server.client.request<{ message: string }>('POST', base, { body });
    expect([answer.status, answer.body.message]).toEqual([413, 'Request entity too large: limit is 3145728']);
    const plain = await raw(head(`POST ${base}`, `content-type: application/json\r\ncontent-length: ${body.length}\r\n`) + body);
    expect(plain).toMatch(/^HTTP\/1\.1 413 /);
    await isServing();
  });

  it('nesting as deep as a body can hold is 400 or ignored, never a 5xx', async () => {
    for (const depth of [5000, 10_000, 100_000]) {
      const deep = `{"metadata":{"name":"deep-${depth}"},"data":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
      expect((await server.client.request('POST', base, { body: deep })).status).toBe(400);
      const unknown = `{"metadata":{"name":"flat-${depth}"},"nothing":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      expect([201, 400]).toContain((await server.client.request('POST', base, { body: unknown })).status);
    }
    await isServing();
  });

  it('a flood of headers ends its own connection or request', async () => {
    const flood = Array.from({ length: 5000 }, (_, i) => `x-${i}: ${'y'.repeat(300)}\r\n`).join('');
    expect(await raw(head(`GET ${base}`, flood))).toMatch(/^(HTTP\/1\.1 431 .*)?/);
    const session = connectHttp2(server.url, { ca: server.ca });
    session.on('error', () => {});
    const headers = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x-${i}`, 'y'.repeat(500)]));
    await new Promise<void>((resolve) => {
      const stream = session.request({ ':path': base, ...headers });
      stream.on('error', () => {});
      stream.on('close', () => resolve());
      stream.resume();
    });
    session.destroy();
    await isServing();
  });

  it.each([
    ['noise instead of a request', '\u0000\u0001\u0002 what\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a length that is no number', `POST ${base} HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['a chunk that is none', `POST ${base} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`, /^HTTP\/1\.1 4\d\d /],
  ])('%s', async (_name, text, expected) => {
    expect(await raw(text)).toMatch(expected);
    await isServing();
  });

  it('a watch over WebSocket is refused', async () => {
    const upgrade =
      'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    const answer = await raw(head(`GET ${base}?watch=1`, upgrade));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('a watch over WebSocket is not served');
  });

  it('a client that goes away in the middle of its body disturbs nobody', async () => {
    const { port, hostname } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), ca: server.ca, ALPNProtocols: ['http/1.1'] }, () => {
        socket.write(`${head(`POST ${base}`, 'content-type: application/json\r\ncontent-length: 1000\r\n')}{"metadata":`);
        setTimeout(() => socket.destroy(), 20);
      });
      socket.on('close', () => resolve());
      socket.on('error', () => {});
    });
    await isServing();
  });

  it('a watcher that does not read is dropped; one beside it misses nothing', { timeout: 120_000 }, async () => {
    const stuck = connectHttp2(server.url, { ca: server.ca });
    stuck.on('error', () => {});
    const stream = stuck.request({ ':path': `${base}?watch=1`, authorization: `Bearer ${server.token}` });
    stream.on('error', () => {});
    const isClosed = new Promise<void>((resolve) => stream.on('close', () => resolve()));
    await new Promise((resolve) => stream.on('response', resolve));
    const reader = await server.client.watch(`${base}?watch=1&labelSelector=load%3D1`);
    const filler = 'x'.repeat(900_000);
    for (let i = 0; i < 14; i++) {
      const { status } = await server.client.request('PUT', `${base}/load`, {
        body: { metadata: { name: 'load', labels: { load: '1' } }, data: { filler, i: String(i) } },
      });
      if (status === 404)
        await server.client.request('POST', base, { body: { metadata: { name: 'load', labels: { load: '1' } }, data: { filler } } });
    }
    const events = await reader.until(14, 60_000);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', ...Array.from({ length: 13 }, () => 'MODIFIED')]);
    stream.resume();
    await isClosed;
    expect(stream.rstCode).not.toBe(0);
    reader.close();
    stuck.destroy();
  });
});
