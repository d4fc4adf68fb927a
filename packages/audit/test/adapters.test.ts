import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { expressAudit } from '../src/adapters/express.js';
import { fastifyAudit } from '../src/adapters/fastify.js';
import { withAudit } from '../src/adapters/node-http.js';
import { type AuditBackend, type AuditEvent, AuditLogger } from '../src/index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function memory(accepts = true): { backend: AuditBackend; events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  return { events, backend: { name: 'memory', process: (list) => events.push(...list) > 0 && accepts, close: async () => {} } };
}

const attributes = (path: string): object => ({ isResourceRequest: true, apiGroup: 'shop', resource: 'orders', verb: 'create', path });
const user = () => ({ username: 'alice', groups: ['shop'] });

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function nodeServer(logger: AuditLogger): Promise<string> {
  const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/fault') throw new Error('boom');
    if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      setTimeout(() => response.end(), 30);
      return;
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ got: JSON.parse(text) }));
  };
  return listen(withAudit(logger, handler, { user, attributes: (request) => attributes(request.url ?? '') }));
}

async function expressServer(logger: AuditLogger): Promise<string> {
  const app = express();
  const audit = expressAudit(logger, { user, attributes: (request) => attributes(request.path) });
  app.use(audit.requests, express.json());
  app.get('/fault', () => {
    throw new Error('boom');
  });
  app.get('/stream', (_request, response) => {
    response.type('text/event-stream').write('data: 1\n\n');
    setTimeout(() => response.end(), 30);
  });
  app.post('/orders', (request, response) => {
    response.status(201).json({ got: request.body });
  });
  app.use(audit.errors);
  app.set('env', 'test');
  return listen(app);
}

async function fastifyServer(logger: AuditLogger): Promise<string> {
  const app = fastify();
  fastifyAudit(app, logger, { user, attributes: (request) => attributes(request.url) });
  app.get('/fault', async () => {
    throw new Error('boom');
  });
  app.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setTimeout(() => reply.raw.end(), 30);
  });
  app.post('/orders', async (request, reply) => reply.code(201).send({ got: request.body }));
  closers.push(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

describe.each([
  ['node:http', nodeServer],
  ['express', expressServer],
  ['fastify', fastifyServer],
])('%s', (_name, serve) => {
  const post = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}/orders`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"item": "tea"}' });
  const settled = (events: AuditEvent[], count: number): Promise<void> => expect.poll(() => events.length).toBe(count) as Promise<void>;

  it('logs both bodies, the user and the id', async () => {
    const { backend, events } = memory();
    const url = await serve(new AuditLogger(backend, { level: 'RequestResponse' }));
    const answer = await post(url, { 'audit-id': 'id-1' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('audit-id')).toBe('id-1');
    expect(await answer.json()).toEqual({ got: { item: 'tea' } });
    await settled(events, 2);
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete']);
    expect(events[1]).toMatchObject({
      auditID: 'id-1',
      verb: 'create',
      requestURI: '/orders',
      user: { username: 'alice', groups: ['shop'] },
      objectRef: { resource: 'orders', apiGroup: 'shop' },
      requestObject: '{"item":"tea"}',
      responseObject: '{"got":{"item":"tea"}}',
      responseStatus: { metadata: {}, code: 201 },
      sourceIPs: ['127.0.0.1'],
    });
  });

  it('keeps bodies out at Metadata', async () => {
    const { backend, events } = memory();
    await (await post(await serve(new AuditLogger(backend, { level: 'Metadata', logRequests: false })))).text();
    await settled(events, 1);
    expect(events[0]?.requestObject).toBeUndefined();
    expect(events[0]?.responseObject).toBeUndefined();
  });

  it('logs faults as Panic', async () => {
    const { backend, events } = memory();
    const answer = await fetch(`${await serve(new AuditLogger(backend, { level: 'Metadata' }))}/fault`);
    expect(answer.status).toBe(500);
    await answer.text();
    await settled(events, 2);
    expect(events[1]).toMatchObject({ stage: 'Panic', responseStatus: { code: 500, message: "APIServer panic'd: boom" } });
  });

  it('logs the start of a stream', async () => {
    const { backend, events } = memory();
    await (await fetch(`${await serve(new AuditLogger(backend, { level: 'Metadata' }))}/stream`)).text();
    await settled(events, 3);
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  });

  it('refuses requests that cannot be logged', async () => {
    const { backend } = memory(false);
    const answer = await post(await serve(new AuditLogger(backend, { level: 'Metadata' })));
    expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error: "/orders": failed to store audit event\n']);
  });

  it('sends an id whatever the policy', async () => {
    const { backend, events } = memory();
    const answer = await post(await serve(new AuditLogger(backend, { level: 'None' })));
    expect(answer.headers.get('audit-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(events).toEqual([]);
  });
});
