/** Quotas in a real server: charged atomically, given back, repaired; on both stores, and with two servers on one etcd. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyValueStore, openEmbeddedStore } from '@k/storage';
import { openEtcdStore } from '@k/storage/etcd';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdmittingServer, type Answer } from './support/admitting-server.js';

interface Case {
  name: string;
  /** Stores of the servers to start: one each. */
  open: () => Promise<{ stores: KeyValueStore[]; close: () => Promise<void> }>;
}

const embedded: Case = {
  name: 'embedded store',
  async open() {
    const dir = mkdtempSync(join(tmpdir(), 'k-quota-'));
    const store = await openEmbeddedStore({ dir });
    return {
      stores: [store],
      close: async () => {
        await store.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  },
};

const etcd = (serverCount: number): Case => ({
  name: serverCount === 1 ? 'etcd' : `${serverCount} servers on one etcd`,
  async open() {
    const process = await EtcdProcess.start();
    const stores = await Promise.all(Array.from({ length: serverCount }, () => openEtcdStore({ endpoints: [process.url] })));
    return {
      stores,
      close: async () => {
        await Promise.all(stores.map((store) => store.close()));
        await process.dispose();
      },
    };
  },
});

const used = (answer: Answer): Record<string, string> | undefined =>
  (answer.body['status'] as { used?: Record<string, string> } | undefined)?.used;
const pod = (name: string, more: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...more },
});

describe.each([embedded, ...(hasEtcd() ? [etcd(1), etcd(2)] : [])])('quota on $name', ({ open }) => {
  let servers: AdmittingServer[] = [];
  let closeStores: () => Promise<void> = async () => {};
  const first = (): AdmittingServer => servers[0] as AdmittingServer;

  beforeAll(async () => {
    const { stores, close } = await open();
    closeStores = close;
    for (const store of stores) servers.push(await AdmittingServer.start(store));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await closeStores();
    servers = [];
  });

  /** A namespace with a quota that every server enforces. */
  const withQuota = async (namespace: string, hard: Record<string, string>, more: object = {}): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}`;
    await first().namespace(namespace);
    for (const server of servers) await server.until(`${path}/serviceaccounts/default`, ({ code }) => code === 200);
    expect((await first().request('POST', `${path}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard, ...more } })).code).toBe(201);
    for (const server of servers) {
      await server.until(`${path}/resourcequotas/q`, (answer) => Object.keys(used(answer) ?? {}).length === Object.keys(hard).length);
    }
    return path;
  };

  it('lets exactly as many pass as fit when 64 create at once', async () => {
    const path = await withQuota('race', { pods: '10', 'requests.cpu': '100' });
    const container = { name: 'c', image: 'i:1', resources: { requests: { cpu: '100m' } } };
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        (servers[i % servers.length] as AdmittingServer).request('POST', `${path}/pods`, pod(`p${i}`, { containers: [container] })),
      ),
    );
    const refused = answers.filter(({ code }) => code !== 201);
    expect(answers.length - refused.length).toBe(10);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([403]));
    for (const { body } of refused) {
      expect(body.message).toMatch(/^pods "p\d+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10$/);
    }
    expect(((await first().request('GET', `${path}/pods`)).body['items'] as unknown[]).length).toBe(10);
    expect(used(await first().request('GET', `${path}/resourcequotas/q`))).toEqual({ pods: '10', 'requests.cpu': '1' });
  });

  it('gives back what deleted and ended pods held', async () => {
    const path = await withQuota('release', { pods: '2' });
    for (const name of ['a', 'b']) expect((await first().request('POST', `${path}/pods`, pod(name))).code).toBe(201);
    expect((await first().request('POST', `${path}/pods`, pod('c'))).code).toBe(403);
    await first().request('DELETE', `${path}/pods/a`);
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['pods'] === '1');
    await first().request('PATCH', `${path}/pods/b/status`, { status: { phase: 'Succeeded' } });
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['pods'] === '0');
    for (const name of ['c', 'd']) expect((await first().request('POST', `${path}/pods`, pod(name))).code).toBe(201);
  });

  it('never has more than the limit while pods come and go', async () => {
    const path = await withQuota('churn', { pods: '5' });
    let most = 0;
    await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        const server = servers[client % servers.length] as AdmittingServer;
        for (let round = 0; round < 6; round++) {
          const name = `p${client}-${round}`;
          const { code } = await server.request('POST', `${path}/pods`, pod(name));
          if (code !== 201) continue;
          most = Math.max(most, ((await server.request('GET', `${path}/pods`)).body['items'] as unknown[]).length);
          await server.request('DELETE', `${path}/pods/${name}`);
        }
      }),
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(5);
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['pods'] === '0');
  });

  it('takes back the charge of a create that failed', async () => {
    const path = await withQuota('failed', { configmaps: '5' });
    const before = Number(used(await first().request('GET', `${path}/resourcequotas/q`))?.['configmaps']);
    expect((await first().request('POST', `${path}/configmaps`, { metadata: { name: 'x' } })).code).toBe(201);
    expect((await first().request('POST', `${path}/configmaps`, { metadata: { name: 'x' } })).code).toBe(409);
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['configmaps'] === String(before + 1));
  });

  it('repairs a status that does not agree with the objects', async () => {
    const path = await withQuota('drift', { secrets: '5' });
    expect((await first().request('POST', `${path}/secrets`, { metadata: { name: 's' } })).code).toBe(201);
    await first().request('PATCH', `${path}/resourcequotas/q/status`, { status: { used: { secrets: '4' } } });
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['secrets'] === '1');
  });

  it('charges updates for what they add', async () => {
    const path = await withQuota('services', { 'services.nodeports': '2' });
    const service = { metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 1 }] } };
    expect((await first().request('POST', `${path}/services`, service)).code).toBe(201);
    expect((await first().request('PATCH', `${path}/services/s`, { spec: { type: 'NodePort' } })).code).toBe(200);
    await first().until(`${path}/resourcequotas/q`, (answer) => used(answer)?.['services.nodeports'] === '1');
    const wide = { spec: { ports: ['a', 'b', 'c'].map((name, i) => ({ name, port: i + 1 })) } };
    const refused = await first().request('PATCH', `${path}/services/s`, wide);
    expect(refused.body.message).toBe(
      'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=1, limited: services.nodeports=2',
    );
  });
});
