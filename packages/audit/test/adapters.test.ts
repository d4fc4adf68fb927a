import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { expressAudit } from '../src/adapters/express.js';
import { fastifyAudit } from '../src/adapters/fastify.js';
import { type AdapterOptions, withAudit } from '../src/adapters/node-http.js';
import { type AuditBackend, type AuditEvent, AuditLogger, parsePolicy } from '../src/index.js';

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

/** What the servers answer on Kubernetes-style paths. */
function answerOf(path: string): { code: number; body: object } {
  if (!path.includes('missing')) return { code: 200, body: { ok: true } };
  return {
    code: 404,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', message: 'no such order', code: 404 },
  };
}

async function nodeServer(logger: AuditLogger, options: AdapterOptions<IncomingMessage> | null = null): Promise<string> {
  const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/fault') throw new RangeError('boom');
    if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      setTimeout(() => response.end(), 30);
      return;
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.url?.startsWith('/api') === true) {
      const { code, body } = answerOf(request.url);
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return;
    }
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ got: JSON.parse(text) }));
  };
  return listen(withAudit(logger, handler, options ?? { user, attributes: (request) => attributes(request.url ?? '') }));
}

async function expressServer(
  logger: AuditLogger,
  options: AdapterOptions<{ headers: IncomingHttpHeaders }> | null = null,
): Promise<string> {
  const app = express();
  const audit = expressAudit(logger, options ?? { user, attributes: (request) => attributes(request.path) });
  app.use(audit.requests, express.json());
  app.get('/fault', () => {
    throw new RangeError('boom');
  });
  app.get('/stream', (_request, response) => {
    response.type('text/event-stream').write('data: 1\n\n');
    setTimeout(() => response.end(), 30);
  });
  app.post('/orders', (request, response) => {
    response.status(201).json({ got: request.body });
  });
  app.all(/^\/apis?\//, (request, response) => {
    const { code, body } = answerOf(request.path);
    response.status(code).json(body);
  });
  app.use(audit.errors);
  app.set('env', 'test');
  return listen(app);
}

async function fastifyServer(
  logger: AuditLogger,
  options: AdapterOptions<{ headers: IncomingHttpHeaders }> | null = null,
): Promise<string> {
  const app = fastify();
  fastifyAudit(app, logger, options ?? { user, attributes: (request) => attributes(request.url) });
  app.get('/fault', async () => {
    throw new RangeError('boom');
  });
  app.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setTimeout(() => reply.raw.end(), 30);
  });
  app.all('/api*', async (request, reply) => {
    const { code, body } = answerOf(request.url);
    return reply.code(code).send(body);
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
    expect(events[1]).toMatchObject({ stage: 'Panic', responseStatus: { code: 500, message: "APIServer panic'd: RangeError" } });
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

  it.each([
    ['GET', '/apis/shop/v1/namespaces/eu/orders/7', 'get', { namespace: 'eu', name: '7' }],
    ['HEAD', '/apis/shop/v1/namespaces/eu/orders/7', 'get', { namespace: 'eu', name: '7' }],
    ['GET', '/apis/shop/v1/orders?limit=1', 'list', {}],
    ['GET', '/apis/shop/v1/orders?watch=true', 'watch', {}],
    ['GET', '/apis/shop/v1/orders?fieldSelector=metadata.name%3D7', 'list', { name: '7' }],
    ['POST', '/apis/shop/v1/namespaces/eu/orders', 'create', { namespace: 'eu' }],
    ['PUT', '/apis/shop/v1/namespaces/eu/orders/7/status', 'update', { namespace: 'eu', name: '7', subresource: 'status' }],
    ['PATCH', '/apis/shop/v1/namespaces/eu/orders/7', 'patch', { namespace: 'eu', name: '7' }],
    ['DELETE', '/apis/shop/v1/namespaces/eu/orders/7', 'delete', { namespace: 'eu', name: '7' }],
    ['DELETE', '/apis/shop/v1/namespaces/eu/orders', 'deletecollection', { namespace: 'eu' }],
  ])('reads %s %s as Kubernetes does', async (method, path, verb, reference) => {
    const { backend, events } = memory();
    const body = method === 'GET' || method === 'HEAD' ? {} : { headers: { 'content-type': 'application/json' }, body: '{}' };
    await (await fetch(`${await serve(new AuditLogger(backend, { level: 'Metadata' }), {})}${path}`, { method, ...body })).text();
    await expect.poll(() => events.some(({ stage }) => stage === 'ResponseComplete'), { timeout: 10_000 }).toBe(true);
    const last = events.at(-1) as AuditEvent;
    const given = Object.fromEntries(Object.entries(last.objectRef ?? {}).filter(([, value]) => value !== ''));
    expect([last.verb, given, last.requestURI]).toEqual([
      verb,
      { resource: 'orders', apiGroup: 'shop', apiVersion: 'v1', ...reference },
      path,
    ]);
    expect(events.map(({ stage }) => stage)).toEqual(
      verb === 'watch' ? ['RequestReceived', 'ResponseStarted', 'ResponseComplete'] : ['RequestReceived', 'ResponseComplete'],
    );
  });

  it('decides by the attributes: users, groups, verbs, resources', async () => {
    const { backend, events } = memory();
    const policy = parsePolicy({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived', 'ResponseStarted'],
      rules: [
        { level: 'None', users: ['robot'] },
        { level: 'RequestResponse', userGroups: ['auditors'] },
        { level: 'Request', verbs: ['create'], resources: [{ group: 'shop', resources: ['orders'] }] },
        { level: 'Metadata' },
      ],
    });
    const options = {
      user: ({ headers }: { headers: IncomingHttpHeaders }) => ({
        username: String(headers['x-user']),
        uid: 'u',
        groups: String(headers['x-groups'] ?? '').split(','),
        extra: { scopes: ['a', 'b'] },
      }),
    };
    const url = await serve(new AuditLogger(backend, policy), options);
    const send = async (path: string, headers: Record<string, string>): Promise<void> => {
      const all = { 'content-type': 'application/json', 'user-agent': 'till/1', 'x-forwarded-for': '1.2.3.4', ...headers };
      await (await fetch(`${url}${path}`, { method: 'POST', headers: all, body: '{"item":"tea"}' })).text();
    };
    await send('/apis/shop/v1/orders', { 'x-user': 'robot' });
    await send('/apis/shop/v1/orders', { 'x-user': 'alice' });
    await settled(events, 1);
    await send('/apis/shop/v1/bills', { 'x-user': 'alice' });
    await settled(events, 2);
    await send('/apis/shop/v1/bills', { 'x-user': 'bob', 'x-groups': 'clerks,auditors' });
    await settled(events, 3);
    expect(events.map(({ level, requestObject, responseObject }) => [level, requestObject, responseObject])).toEqual([
      ['Request', '{"item":"tea"}', undefined],
      ['Metadata', undefined, undefined],
      ['RequestResponse', '{"item":"tea"}', '{"ok":true}'],
    ]);
    expect(events[2]).toMatchObject({
      user: { username: 'bob', uid: 'u', groups: ['clerks', 'auditors'], extra: { scopes: ['a', 'b'] } },
      userAgent: 'till/1',
      sourceIPs: ['1.2.3.4', '127.0.0.1'],
    });
  });

  it('takes the Status of a refused request', async () => {
    const { backend, events } = memory();
    const url = await serve(new AuditLogger(backend, { level: 'Metadata', logRequests: false }), {});
    await (await fetch(`${url}/apis/shop/v1/orders/missing`)).text();
    await settled(events, 1);
    expect(events[0]?.responseStatus).toEqual({ metadata: {}, status: 'Failure', message: 'no such order', reason: 'NotFound', code: 404 });
    expect(events[0]?.user).toEqual({});
  });

  it('leaves out bodies that are too large or no JSON', async () => {
    const { backend, events } = memory();
    const url = await serve(new AuditLogger(backend, { level: 'RequestResponse', logRequests: false }), { bodyBytesMax: 20 });
    const send = async (body: string, type: string): Promise<void> => {
      await (await fetch(`${url}/apis/shop/v1/orders`, { method: 'PATCH', headers: { 'content-type': type }, body })).text();
    };
    await send('{"item":"tea"}', 'application/json');
    await settled(events, 1);
    await send(`{"item":"${'x'.repeat(30)}"}`, 'application/json');
    await settled(events, 2);
    await send('item=tea', 'application/x-www-form-urlencoded');
    await settled(events, 3);
    expect(events.map(({ requestObject }) => requestObject)).toEqual(['{"item":"tea"}', undefined, undefined]);
  });
});
