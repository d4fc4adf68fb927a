import { type ClientHttp2Session, connect } from 'node:http2';
import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

const base = '/api/v1/namespaces/default/configmaps';
const OBJECTS = 24;
let server: TestServer;
/** What the list must be, put together from the objects themselves. */
let expected: string;

beforeAll(async () => {
  server = await startTestServer();
  const objects: string[] = [];
  for (let i = 0; i < OBJECTS; i++) {
    const name = `large-${String(i).padStart(2, '0')}`;
    const body = { metadata: { name, labels: { of: 'large' } }, data: { text: `${i} – `.repeat(80_000) } };
    expect((await server.client.request('POST', base, { body })).status).toBe(201);
    objects.push((await server.client.request('GET', `${base}/${name}`)).text.trimEnd());
  }
  const { body } = await server.client.request<{ metadata: { resourceVersion: string } }>('GET', `${base}?limit=1`);
  const items = objects.map((text) => text.replace('"kind":"ConfigMap","apiVersion":"v1",', ''));
  const head = `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"${body.metadata.resourceVersion}"},"items":[`;
  expected = `${head}${items.join(',')}]}\n`;
});
afterAll(() => server.close());

const query = '?labelSelector=of%3Dlarge';
const auth = () => ({ authorization: `Bearer ${server.token}` });

/** A list over HTTP/1.1. */
function overHttp1(headers: Record<string, string> = {}): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(base + query, server.url), { ca: server.ca, agent: false, headers: { ...auth(), ...headers } });
    outgoing.on('error', reject);
    outgoing.on('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ headers: response.headers, body: Buffer.concat(chunks) });
    });
    outgoing.end();
  });
}

/** A list on a connection that may have others. */
function overHttp2(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': base + query, ...auth(), ...headers });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/** Lists in flight, the one for this answer not counted. */
async function inFlight(): Promise<number> {
  const { text } = await server.client.request('GET', '/metrics');
  return Number(/^apiserver_current_inflight_requests\{request_kind="readOnly"\} (\d+)/m.exec(text)?.[1]) - 1;
}

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('lists of several megabytes', () => {
  it('are the bytes of their objects, over both protocols', async () => {
    const first = await overHttp1();
    expect(first.headers['content-length']).toBe(String(Buffer.byteLength(expected)));
    expect(first.body.toString() === expected).toBe(true);
    const session = connect(server.url, { ca: server.ca });
    expect((await overHttp2(session)).toString() === expected).toBe(true);
    session.destroy();
  });

  it('are compressed on the way for who asks', async () => {
    const { headers, body } = await overHttp1({ 'accept-encoding': 'gzip' });
    expect([headers['content-encoding'], headers['vary'], headers['content-length']]).toEqual(['gzip', 'Accept-Encoding', undefined]);
    expect(gunzipSync(body).toString() === expected).toBe(true);
    const session = connect(server.url, { ca: server.ca });
    expect(gunzipSync(await overHttp2(session, { 'accept-encoding': 'gzip' })).toString() === expected).toBe(true);
    session.destroy();
  });

  it('eight at once on one connection all arrive', { timeout: 120_000 }, async () => {
    const session = connect(server.url, { ca: server.ca });
    const answers = await Promise.all(Array.from({ length: 8 }, () => overHttp2(session)));
    expect(answers.filter((bytes) => bytes.toString() === expected)).toHaveLength(8);
    session.destroy();
  });

  it('cost little while their clients do not read, and nothing when they have gone', { timeout: 120_000 }, async () => {
    const { hostname, port } = new URL(server.url);
    const before = process.memoryUsage().arrayBuffers;
    const head = `GET ${base + query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n\r\n`;
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, ALPNProtocols: ['http/1.1'] }, () => {
        socket.pause();
        socket.write(head);
      });
      socket.on('error', () => {});
      return socket;
    });
    await until(async () => (await inFlight()) === sockets.length);
    // Ten lists, whole, would be over 100 MB.
    expect(Buffer.byteLength(expected) * sockets.length).toBeGreaterThan(100e6);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30e6);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await inFlight()) === 0);
    expect((await overHttp1()).body.toString() === expected).toBe(true);
  });
});

describe('a client that does not read its answer', () => {
  it('is cut off when the time of requests is over', { timeout: 120_000 }, async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, ALPNProtocols: ['http/1.1'] }, () => {
      socket.write(`GET ${base + query}&timeout=5s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n\r\n`);
    });
    socket.on('error', () => {});
    socket.pause();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await until(async () => (await inFlight()) === 1);
    await until(async () => (await inFlight()) === 0);
    socket.resume();
    await closed;
  });
});
