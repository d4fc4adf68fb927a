/** Requests for the group versions of other servers: what these get, and what clients get back. */
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { API_SERVICES, useAggregatingServer, WAIT } from '../support/aggregating-server.js';
import { GROUP, NOTES, type Seen } from '../support/extension-server.js';

const users = [
  { token: 'alice-token', username: 'alice', groups: ['dev', 'Käse'] },
  { token: 'nobody-token', username: 'nobody' },
];
const parts = useAggregatingServer({ users, requestTimeoutMs: 20_000 });

const send: (typeof parts.server.client)['request'] = (method, path, request) => parts.server.client.request(method, path, request);
const last = (): Seen => parts.extension.seen.filter(({ url }) => url.startsWith(NOTES)).at(-1) as Seen;
const remote = ({ headers }: Seen): [string, unknown][] => Object.entries(headers).filter(([name]) => name.startsWith('x-remote-'));

beforeAll(async () => {
  await parts.publishService();
  await parts.register();
  await parts.untilAvailable();
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [{ apiGroups: [GROUP], resources: ['*'], verbs: ['*'] }];
  await send('POST', `${rbac}/clusterroles`, { body: { metadata: { name: 'notes' }, rules } });
  const subjects = [{ kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = { kind: 'ClusterRole', name: 'notes', apiGroup: 'rbac.authorization.k8s.io' };
  await send('POST', `${rbac}/clusterrolebindings`, { body: { metadata: { name: 'notes' }, subjects, roleRef } });
});

describe('requests', () => {
  it('create, get and list what the other server keeps', async () => {
    const note = { apiVersion: `${GROUP}/v1`, kind: 'Note', metadata: { name: 'a' }, text: 'milk' };
    const created = await send('POST', NOTES, { body: note });
    expect([created.status, created.body]).toEqual([201, note]);
    const got = await send('GET', `${NOTES}/a?pretty=true`);
    expect([got.status, got.body]).toEqual([200, note]);
    expect(last().url).toBe(`${NOTES}/a?pretty=true`);
    expect((await send<{ items: object[] }>('GET', NOTES)).body.items).toEqual([note]);
    expect((await send('GET', `${NOTES}/none`)).body).toEqual({ kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 });
    expect((await send('HEAD', `${NOTES}/a`)).status).toBe(200);
  });

  it('say who asks, with every group and extra value in a header of its own', async () => {
    await send('GET', NOTES, { token: 'alice-token', headers: { 'user-agent': 'tester', accept: 'application/json' } });
    const { headers, raw } = last();
    const values = (name: string): string[] =>
      raw.filter((_, i) => raw[i - 1] === name).map((text) => Buffer.from(text, 'latin1').toString());
    expect([values('X-Remote-User'), values('X-Remote-Uid'), values('X-Remote-Group')]).toEqual([
      ['alice'],
      ['alice'],
      ['dev', 'Käse', 'system:authenticated'],
    ]);
    expect([headers['user-agent'], headers.accept, headers.authorization]).toEqual(['tester', 'application/json', undefined]);
    expect(headers.host).toBe(`127.0.0.1:${parts.extension.port}`);
    expect([headers['x-forwarded-for'], headers['x-forwarded-uri'], headers['x-forwarded-proto']]).toEqual(['127.0.0.1', NOTES, 'https']);
  });

  it('say where a body of unknown length ends, whatever the method', async () => {
    const path = `${NOTES}/framed`;
    parts.extension.answers.set(path, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => response.end(Buffer.concat(chunks)));
    });
    const { status, text } = await send('DELETE', path, { body: '{"kind":"DeleteOptions"}' });
    expect([status, text]).toEqual([200, '{"kind":"DeleteOptions"}']);
    expect(last().headers['transfer-encoding']).toBe('chunked');
  });

  it('do not pass on what a client says of itself', async () => {
    const spoofed = {
      'x-remote-user': 'root',
      'x-remote-group': 'system:masters',
      'x-remote-uid': '0',
      'x-remote-extra-scopes': 'all',
    };
    await send('GET', NOTES, { token: 'alice-token', headers: spoofed });
    expect(remote(last())).toEqual([
      ['x-remote-user', 'alice'],
      ['x-remote-uid', 'alice'],
      ['x-remote-group', Buffer.from('dev, Käse, system:authenticated').toString('latin1')],
    ]);
  });

  it('are made for the user whom somebody acts as', async () => {
    const headers = { 'impersonate-user': 'bob', 'impersonate-group': 'ops', 'impersonate-extra-example.com%2Fkey': 'v' };
    const { status } = await send('GET', NOTES, { headers });
    // The extension's own authorization would decide; ours has.
    expect(status).toBe(403);
    // Of a uid that nobody gave nothing may be left.
    await send('GET', NOTES, { headers: { ...headers, 'impersonate-group': 'system:masters', 'x-remote-uid': '0' } });
    expect(remote(last())).toEqual([
      ['x-remote-user', 'bob'],
      ['x-remote-group', 'system:masters, system:authenticated'],
      ['x-remote-extra-example.com%2fkey', 'v'],
    ]);
    expect(Object.keys(last().headers).filter((name) => name.startsWith('impersonate'))).toEqual([]);
  });

  it('are authorized here', async () => {
    const { length } = parts.extension.seen;
    const { status, body } = await send('GET', NOTES, { token: 'nobody-token' });
    expect([status, body['message']]).toEqual([
      403,
      `notes.${GROUP} is forbidden: User "nobody" cannot list resource "notes" in API group "${GROUP}" in the namespace "default"`,
    ]);
    expect(parts.extension.seen.slice(length).filter(({ url }) => url.startsWith(NOTES))).toEqual([]);
  });

  it('carry one audit id there and back', async () => {
    parts.extension.answers.set(`${NOTES}/audited`, (_, response) =>
      response.writeHead(200, { 'audit-id': 'other', 'x-own': 'kept' }).end('{}'),
    );
    const { headers } = await send('GET', `${NOTES}/audited`, { headers: { 'audit-id': 'id-1' } });
    expect([last().headers['audit-id'], headers['audit-id'], headers['x-own']]).toEqual(['id-1', 'id-1', 'kept']);
  });
});

describe('streams', () => {
  it('bring events of a watch as they come, and end it there when the client goes', async () => {
    const watch = await parts.server.client.watch(`${NOTES}?watch=true`);
    expect(watch.status).toBe(200);
    for (const name of ['one', 'two']) {
      const event = { type: 'ADDED', object: { metadata: { name } } };
      parts.extension.push(event.type, event.object);
      expect((await watch.until(watch.events.length + 1, 20_000)).at(-1)).toEqual(event);
    }
    watch.close();
    await last().aborted;
  });

  it('pass a body on while it is sent', async () => {
    let first: ((chunk: Buffer) => void) | undefined;
    const firstChunk = new Promise<Buffer>((resolve) => {
      first = resolve;
    });
    parts.extension.answers.set(`${NOTES}/stream`, (incoming, response) => {
      incoming.once('data', (chunk: Buffer) => first?.(chunk));
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => response.end(Buffer.concat(chunks)));
    });
    const { port } = parts.server.server.address;
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port, path: `${NOTES}/stream`, method: 'PUT', ca: parts.server.ca },
      headers: { authorization: `Bearer ${parts.server.token}` },
    });
    request.write('begin ');
    expect((await firstChunk).toString()).toBe('begin ');
    request.end('end');
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response) text += (chunk as Buffer).toString();
    expect([response.statusCode, text]).toEqual([200, 'begin end']);
  });

  it('of requests that nobody waits for any more are broken off', async () => {
    const asked = new Promise<void>((resolve) => parts.extension.answers.set(`${NOTES}/silent`, () => resolve()));
    const { port } = parts.server.server.address;
    const headers = { authorization: `Bearer ${parts.server.token}` };
    const request = httpsRequest({ host: '127.0.0.1', port, path: `${NOTES}/silent`, ca: parts.server.ca, headers });
    request.on('error', () => {});
    request.end();
    await asked;
    request.destroy();
    await last().aborted;
  });

  it('go on with another protocol', async () => {
    const { port } = parts.server.server.address;
    const ask = (protocol: string) => {
      const request = httpsRequest({
        ...{ host: '127.0.0.1', port, path: `${NOTES}/a/attach`, ca: parts.server.ca },
        headers: { authorization: `Bearer ${parts.server.token}`, connection: 'Upgrade', upgrade: protocol },
      });
      request.end();
      return request;
    };
    const [answer, socket, head] = (await once(ask('echo'), 'upgrade')) as [import('node:http').IncomingMessage, Socket, Buffer];
    expect([answer.statusCode, answer.headers['upgrade'], answer.headers['x-echo']]).toEqual([101, 'echo', 'yes']);
    let text = head.toString();
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write('world');
    await expect.poll(() => text, WAIT).toBe('hello WORLD');
    expect(parts.extension.seen.find(({ method }) => method === 'UPGRADE')?.headers['x-remote-user']).toBe('test-admin');
    socket.end();
    await once(socket, 'close');
    const [refused] = (await once(ask('other'), 'response')) as [import('node:http').IncomingMessage];
    expect(refused.statusCode).toBe(400);
    // A connection that asks for a protocol which nobody here speaks is answered like the rest.
    const own = httpsRequest({
      ...{ host: '127.0.0.1', port, path: '/version', ca: parts.server.ca },
      headers: { authorization: `Bearer ${parts.server.token}`, connection: 'Upgrade', upgrade: 'echo' },
    });
    own.end();
    const [version] = (await once(own, 'response')) as [import('node:http').IncomingMessage];
    expect(version.statusCode).toBe(200);
  });
});

describe('servers that do not answer as they should', () => {
  it('may not send clients elsewhere', async () => {
    parts.extension.answers.set(`${NOTES}/moved`, (_, response) => response.writeHead(302, { location: 'https://elsewhere/' }).end());
    const { status, text } = await send('GET', `${NOTES}/moved`);
    expect([status, text]).toEqual([502, 'the backend attempted to redirect this request, which is not permitted']);
  });

  it('are unavailable when a check says so, and reached again when they come back', async () => {
    await parts.extension.close();
    const answer = async () => {
      await parts.callAvailable();
      const { status, text, headers } = await send('GET', NOTES);
      return [status, headers['content-type'], text];
    };
    const text = `error trying to reach service: dial tcp 127.0.0.1:${parts.extension.port}: connect: connection refused\n`;
    await expect.poll(answer, WAIT).toEqual([503, 'text/plain; charset=utf-8', text]);
    // A change of what the service is makes it be looked at.
    const annotate = (value: string) =>
      parts.server.server.client.update('', 'services', 'default', 'notes', (service) => ({
        ...service,
        metadata: { ...service.metadata, annotations: { value } },
      }));
    await annotate('1');
    await expect.poll(() => parts.condition().then(([, reason]) => reason), WAIT).toBe('FailedDiscoveryCheck');
    const url = `https://127.0.0.1:${parts.extension.port}/apis/${GROUP}/v1`;
    expect((await parts.condition())[2]).toBe(
      `failing or missing response from ${url}: Get "${url}": dial tcp 127.0.0.1:${parts.extension.port}: connect: connection refused`,
    );
    const refused = await send('GET', NOTES);
    expect([refused.status, refused.text, refused.headers['x-content-type-options']]).toEqual([503, 'service unavailable\n', 'nosniff']);
    await parts.extension.reopen();
    await annotate('2');
    await parts.untilAvailable();
    expect((await send('GET', NOTES)).status).toBe(200);
  });

  it('that hang up are told of', async () => {
    const deaf = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    await parts.withdrawService();
    await parts.publishService((deaf.address() as AddressInfo).port);
    const answer = async () => {
      await parts.callAvailable();
      return (await send('GET', NOTES)).text;
    };
    await expect.poll(answer, WAIT).toBe('error trying to reach service: EOF\n');
    deaf.close();
    await parts.withdrawService();
    await parts.publishService();
    await parts.untilAvailable();
  });
});

describe('certificates', () => {
  const other = 'other.example.com';

  it('of another authority are refused, unless nobody shall look', async () => {
    parts.extension.answers.set(`/apis/${other}/v1`, (_, response) => response.writeHead(200).end('{}'));
    parts.extension.answers.set(`/apis/${other}/v1/things`, (_, response) => response.writeHead(200).end('{"kind":"ThingList"}'));
    const wrong = Buffer.from(parts.frontProxy.pem).toString('base64');
    await parts.register({ group: other, spec: { caBundle: wrong } });
    await parts.untilAvailable(other);
    const { status, text } = await send('GET', `/apis/${other}/v1/things`);
    expect([status, text]).toEqual([
      503,
      'error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority\n',
    ]);
    const path = `${API_SERVICES}/v1.${other}`;
    await send('PATCH', path, { body: { spec: { caBundle: null, insecureSkipTLSVerify: true } } });
    await expect.poll(async () => (await send('GET', `/apis/${other}/v1/things`)).text, WAIT).toBe('{"kind":"ThingList"}');
  });

  it('have to be for the name of the service', async () => {
    const { client } = parts.server.server;
    await client.create('', 'services', {
      metadata: { name: 'alias', namespace: 'default' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    const spec = { service: { name: 'alias', namespace: 'default', port: parts.extension.port } };
    parts.extension.answers.set('/apis/alias.example.com/v1', (_, response) => response.writeHead(200).end('{}'));
    await parts.register({ group: 'alias.example.com', spec });
    await parts.untilAvailable('alias.example.com');
    const { status, text } = await send('GET', '/apis/alias.example.com/v1/things');
    expect([status, text]).toEqual([
      503,
      'error trying to reach service: tls: failed to verify certificate: x509: certificate is valid for notes.default.svc, not alias.default.svc\n',
    ]);
  });
});
