/** What a server can be told of proxies in front of it and servers behind it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLogger, logBackend, parsePolicy } from '@k/audit';
import { openEmbeddedStore } from '@k/storage';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServerOptions } from '../../src/testing.js';
import { AggregatingServer, WAIT } from '../support/aggregating-server.js';
import { createAuthority } from '../support/authority.js';
import { GROUP, NOTES } from '../support/extension-server.js';

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: TestServerOptions = {}): Promise<AggregatingServer> {
  const parts = new AggregatingServer();
  await parts.start(options);
  ends.push(() => parts.stop());
  return parts;
}

const NAMES = {
  allowedNames: ['proxy'],
  usernameHeaders: ['X-Proxy-User'],
  uidHeaders: [],
  groupHeaders: ['X-Proxy-Group'],
  extraHeaderPrefixes: ['X-Proxy-Extra-'],
};

describe('servers behind', () => {
  it('are reached at the cluster address of their service where it is routed', async () => {
    const parts = await start({ aggregation: { routing: 'clusterIP' } });
    const { client } = parts.server.server;
    const { port } = parts.extension;
    const spec = { type: 'ClusterIP', clusterIP: '127.0.0.1', ports: [{ name: 'https', port, protocol: 'TCP' }] };
    await client.create('', 'services', { metadata: { name: 'notes', namespace: 'default' }, spec });
    // Nobody listens there.
    await parts.publishEndpoints(1);
    await parts.register({ spec: { service: { name: 'notes', namespace: 'default', port } } });
    await parts.untilAvailable();
    expect((await parts.server.client.request('GET', NOTES)).status).toBe(200);
    await client.update('', 'services', 'default', 'notes', (current) => ({ ...current, spec: { ...spec, clusterIP: 'None' } }));
    await expect
      .poll(() => parts.condition(), WAIT)
      .toEqual(['False', 'FailedDiscoveryCheck', 'cannot route to service with ClusterIP "None"']);
  });

  it('may send clients elsewhere where that is wanted', async () => {
    const parts = await start({ aggregation: { rejectRedirects: false } });
    await parts.publishService();
    await parts.register();
    await parts.untilAvailable();
    parts.extension.answers.set(`${NOTES}/moved`, (_, response) => response.writeHead(302, { location: 'https://elsewhere/' }).end());
    const { status, headers } = await parts.server.client.request('GET', `${NOTES}/moved`);
    expect([status, headers.location]).toEqual([302, 'https://elsewhere/']);
  });

  it('do not hold up the end of the server', async () => {
    const parts = await start();
    await parts.publishService();
    await parts.register();
    await parts.untilAvailable();
    const watch = await parts.server.client.watch(`${NOTES}?watch=true`);
    const seen = parts.extension.seen.find(({ url }) => url === `${NOTES}?watch=true`);
    await parts.server.close();
    await Promise.all([watch.ended, seen?.aborted]);
  });

  it('are known to a server that starts with them', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-aggregation-'));
    const store = await openEmbeddedStore({ dir });
    ends.push(() => rmSync(dir, { recursive: true, force: true }));
    ends.push(() => store.close());
    const parts = await start({ store });
    await parts.publishService();
    await parts.register();
    await parts.untilAvailable();
    await parts.server.close();
    const proxyClient = await parts.frontProxy.issue('front-proxy-client');
    const again = await startTestServer({ store, aggregation: { proxyClient: async () => proxyClient } });
    ends.push(() => again.close());
    expect((await again.client.request('GET', NOTES)).status).toBe(200);
  });

  it('leave their mark in the audit log, which tells who really asked', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-aggregation-'));
    const path = join(dir, 'audit.log');
    const backend = logBackend({ path, maxSizeMb: 0 });
    ends.push(() => rmSync(dir, { recursive: true, force: true }));
    ends.push(() => backend.close());
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse', resources: [{ group: GROUP }] }] };
    const parts = await start({ audit: new AuditLogger(backend, parsePolicy(policy)) });
    await parts.publishService();
    await parts.register();
    await parts.untilAvailable();
    const headers = { 'audit-id': 'one', 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' };
    await parts.server.client.request('GET', NOTES, { headers });
    const watch = await parts.server.client.watch(`${NOTES}?watch=true`, { headers: { 'audit-id': 'two' } });
    interface Logged {
      auditID: string;
      stage: string;
      user: { username: string };
      impersonatedUser?: { username: string };
      responseStatus?: { code: number };
    }
    const events = (id: string): unknown[] =>
      readFileSync(path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Logged)
        .filter(({ auditID }) => auditID === id)
        .map(({ stage, user, impersonatedUser, responseStatus }) => [
          stage,
          user.username,
          impersonatedUser?.username,
          responseStatus?.code,
        ]);
    await expect
      .poll(() => events('one'), WAIT)
      .toEqual([
        ['RequestReceived', 'test-admin', undefined, undefined],
        ['ResponseComplete', 'test-admin', 'bob', 200],
      ]);
    const begun = [
      ['RequestReceived', 'test-admin', undefined, undefined],
      ['ResponseStarted', 'test-admin', undefined, 200],
    ];
    await expect.poll(() => events('two'), WAIT).toEqual(begun);
    watch.close();
    await expect.poll(() => events('two'), WAIT).toEqual([...begun, ['ResponseComplete', 'test-admin', undefined, 200]]);
    // A watch that is refused there begins with the refusal.
    parts.extension.answers.set(NOTES, (_, response) => response.writeHead(410).end('{}'));
    await parts.server.client.request('GET', `${NOTES}?watch=true`, { headers: { 'audit-id': 'three' } });
    await expect
      .poll(() => events('three'), WAIT)
      .toEqual([
        ['RequestReceived', 'test-admin', undefined, undefined],
        ['ResponseStarted', 'test-admin', undefined, 410],
        ['ResponseComplete', 'test-admin', undefined, 410],
      ]);
  });
});

describe('proxies in front', () => {
  it('name users in headers that are not passed on', async () => {
    const requestHeader = { ...NAMES, clientCa: (await createAuthority('proxies')).pem };
    const parts = await start({ requestHeader });
    await parts.publishService();
    await parts.register();
    await parts.untilAvailable();
    const spoofed = { 'x-proxy-user': 'a', 'x-proxy-group': 'b', 'x-proxy-extra-c': 'd', 'x-proxy': 'e' };
    await parts.server.client.request('GET', NOTES, { headers: spoofed });
    const headers = parts.extension.seen.find(({ url }) => url === NOTES)?.headers ?? {};
    expect(Object.entries(headers).filter(([name]) => name.startsWith('x-proxy'))).toEqual([['x-proxy', 'e']]);
  });

  it('are published for servers behind, together with those that others have published', async () => {
    const [mine, other] = await Promise.all([createAuthority('mine'), createAuthority('other')]);
    const parts = await start({ requestHeader: { ...NAMES, clientCa: mine.pem } });
    const read = async (): Promise<Record<string, string>> => {
      const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
      return (await parts.server.client.request<{ data: Record<string, string> }>('GET', path)).body.data;
    };
    const lists = {
      'requestheader-username-headers': '["X-Proxy-User"]',
      'requestheader-group-headers': '["X-Proxy-Group"]',
      'requestheader-extra-headers-prefix': '["X-Proxy-Extra-"]',
      'requestheader-allowed-names': '["proxy"]',
    };
    expect(await read()).toEqual({ ...lists, 'requestheader-client-ca-file': mine.pem });
    const publish = async () => ({
      clientCa: other.pem,
      allowedNames: ['proxy', 'second'],
      usernameHeaders: ['X-Remote-User'],
      uidHeaders: ['X-Remote-Uid'],
      groupHeaders: [],
      extraHeaderPrefixes: [],
    });
    const second = await startTestServer({ store: parts.server.store, aggregation: { publish } });
    ends.push(() => second.close());
    await expect.poll(read, WAIT).toEqual({
      ...lists,
      'requestheader-username-headers': '["X-Proxy-User","X-Remote-User"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-allowed-names': '["proxy","second"]',
      'requestheader-client-ca-file': `${mine.pem.trim()}\n${other.pem}`,
    });
  });
});
