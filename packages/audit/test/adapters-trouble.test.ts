/** What the adapters make of services, options and clients that are not as they should be. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { expressAudit } from '../src/adapters/express.js';
import { fastifyAudit } from '../src/adapters/fastify.js';
import { type AdapterOptions, withAudit } from '../src/adapters/node-http.js';
import { type AuditEvent, AuditLogger, formatEvent, parsePolicy } from '../src/index.js';
import { memory } from './support/events.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const settled = (events: AuditEvent[], count: number): Promise<void> =>
  expect.poll(() => events.length, { timeout: 10_000 }).toBe(count) as Promise<void>;

/** A service that answers everything with one JSON text. */
async function serveJson(options: AdapterOptions<IncomingMessage>, { code, body }: { code: number; body: string }) {
  const backend = memory();
  const logger = new AuditLogger(backend, { level: 'RequestResponse', logRequests: false });
  const answer = (_request: IncomingMessage, response: ServerResponse): unknown =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(body);
  return { url: await listen(withAudit(logger, answer, options)), events: backend.events };
}

describe('options that throw', () => {
  const options = {
    user: () => {
      throw new Error('no users today');
    },
  };
  const servers: Record<string, (logger: AuditLogger) => Promise<string>> = {
    'node:http': (logger) => listen(withAudit(logger, (_request, response) => response.end('served'), options)),
    express: (logger) => {
      const app = express();
      app.set('env', 'test');
      const audit = expressAudit(logger, options);
      app.use(audit.requests);
      app.get('/', (_request, response) => void response.send('served'));
      app.use(audit.errors);
      return listen(app);
    },
    fastify: (logger) => {
      const app = fastify();
      fastifyAudit(app, logger, options);
      app.get('/', async () => 'served');
      closers.push(() => app.close());
      return app.listen({ port: 0, host: '127.0.0.1' });
    },
  };
  it.each(Object.keys(servers))('fail the request and nothing else: %s', async (name) => {
    const backend = memory();
    const url = (await servers[name]?.(new AuditLogger(backend, { level: 'Metadata' }))) ?? '';
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(url);
      expect([answer.status, (await answer.text()).includes('served')]).toEqual([500, false]);
    }
    expect(backend.events).toEqual([]);
  });
});

it('an answer that calls itself a Status and is none cannot forge a line of the log', async () => {
  const body = JSON.stringify({ kind: 'Status', code: '1}\n{"kind":"Event"}', message: { a: 1 }, reason: 7, status: 'Odd', details: 'x' });
  const { url, events } = await serveJson({}, { code: 404, body });
  await (await fetch(url)).text();
  await settled(events, 1);
  expect(events[0]?.responseStatus).toEqual({ metadata: {}, status: 'Odd', code: 404 });
  expect(formatEvent(events[0] as AuditEvent).split('\n')).toHaveLength(1);
});

it('a watch that is refused says why', async () => {
  const body = JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'not yours', code: 403 });
  const { url, events } = await serveJson({}, { code: 403, body });
  await (await fetch(`${url}/apis/shop/v1/orders?watch=1`)).text();
  await settled(events, 2);
  expect(events.map(({ stage, responseStatus }) => [stage, responseStatus])).toEqual([
    ['ResponseStarted', { metadata: {}, code: 403 }],
    ['ResponseComplete', { metadata: {}, status: 'Failure', message: 'not yours', reason: 'Forbidden', code: 403 }],
  ]);
});

it('a policy is not got round by another spelling of a path', async () => {
  const backend = memory();
  const policy = parsePolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'Metadata', nonResourceURLs: ['/accounts*'] },
      { level: 'Metadata', resources: [{ group: 'shop', resources: ['orders'] }] },
    ],
  });
  const url = await listen(withAudit(new AuditLogger(backend, policy), (_request, response) => response.end()));
  for (const path of ['/%61ccounts/7', '/apis/shop/v1/namespaces/e%75/%6Frders/7', '/%zzaccounts']) await (await fetch(url + path)).text();
  await settled(backend.events, 2);
  expect(backend.events.map(({ requestURI, objectRef }) => [requestURI, objectRef?.resource, objectRef?.namespace])).toEqual([
    ['/%61ccounts/7', undefined, undefined],
    ['/apis/shop/v1/namespaces/e%75/%6Frders/7', 'orders', 'eu'],
  ]);
});

it('fastify over HTTP/2 is logged with both bodies', async () => {
  const backend = memory();
  const app = fastify({ http2: true });
  closers.push(() => app.close());
  // Type parameters of a server of another kind differ; what the adapter uses does not.
  fastifyAudit(app as unknown as Parameters<typeof fastifyAudit>[0], new AuditLogger(backend, { level: 'RequestResponse' }));
  app.post('/orders', async (request, reply) => reply.code(201).send({ got: request.body }));
  const client = connect(await app.listen({ port: 0, host: '127.0.0.1' }));
  closers.unshift(() => client.close());
  const stream = client.request({ ':method': 'POST', ':path': '/orders', 'content-type': 'application/json' });
  stream.end('{"item":"tea"}');
  expect(await text(stream)).toBe('{"got":{"item":"tea"}}');
  await settled(backend.events, 2);
  expect(backend.events[1]).toMatchObject({
    verb: 'post',
    requestURI: '/orders',
    requestObject: '{"item":"tea"}',
    responseObject: '{"got":{"item":"tea"}}',
    responseStatus: { metadata: {}, code: 201 },
    sourceIPs: ['127.0.0.1'],
  });
});
