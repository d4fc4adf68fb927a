/** A start on a store that has been served before: requests come first, the server's own loops catch up. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyValueStore, openEmbeddedStore } from '@k/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../src/testing.js';
import { type Loose, Requests } from './support/requests.js';

const WAIT = { timeout: 60_000, interval: 50 };
const ENDPOINTS = '/api/v1/namespaces/default/endpoints/kubernetes';
const dir = mkdtempSync(join(tmpdir(), 'k-restart-'));
let store: KeyValueStore;

/** A promise and what resolves it. */
function signal(): [Promise<void>, () => void] {
  let resolve = (): void => {};
  return [
    new Promise((done) => {
      resolve = done;
    }),
    () => resolve(),
  ];
}

beforeAll(async () => {
  store = await openEmbeddedStore({ dir });
  await (await startTestServer({ store })).close();
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

describe('a restart', () => {
  it('makes what a namespace lacks that came while no server ran', { timeout: 120_000 }, async () => {
    const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'late', uid: 'u-late' }, status: { phase: 'Active' } };
    await store.create('/registry/namespaces/late', Buffer.from(JSON.stringify(namespace)));
    const server = await startTestServer({ store });
    const requests = new Requests(() => server);
    const status = async (path: string): Promise<number> => (await server.client.request('GET', path)).status;
    await expect.poll(() => status('/api/v1/namespaces/late/serviceaccounts/default'), WAIT).toBe(200);
    await expect.poll(() => status('/api/v1/namespaces/late/configmaps/kube-root-ca.crt'), WAIT).toBe(200);
    const ports = async (): Promise<unknown> => {
      const { subsets } = (await requests.ok(`GET ${ENDPOINTS}`)) as Loose & { subsets: { ports: object[] }[] };
      return subsets[0]?.ports;
    };
    await expect.poll(ports, WAIT).toEqual([{ name: 'https', port: server.server.address.port, protocol: 'TCP' }]);
    await server.close();
  });

  it('that is ended while its lease is being written keeps none', { timeout: 120_000 }, async () => {
    const [released, release] = signal();
    const [isWriting, reached] = signal();
    const create: KeyValueStore['create'] = async (key, ...rest) => {
      if (key.includes('/masterleases/')) {
        reached();
        await released;
      }
      return store.create(key, ...rest);
    };
    const slow = new Proxy(store, {
      get(target, name) {
        const value: unknown = name === 'create' ? create : Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const server = await startTestServer({ store: slow });
    await isWriting;
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(isClosed).toBe(false);
    release();
    await closed;
    expect((await store.range({ prefix: '/registry/masterleases/' })).kvs).toEqual([]);
  });
});
