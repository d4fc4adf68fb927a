/** Who serves the `kubernetes` service: real servers on one etcd, on the embedded store, one stopped and one as if killed. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@k/storage';
import { openEtcdStore } from '@k/storage/etcd';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer, type TestServerOptions } from '../src/testing.js';

const WAIT = { timeout: 60_000, interval: 50 };
const ENDPOINTS = '/api/v1/namespaces/default/endpoints/kubernetes';
const SLICE = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes';

interface Endpoints {
  metadata: { labels: Record<string, string>; resourceVersion: string };
  subsets: { addresses: { ip: string }[]; ports: { name: string; port: number; protocol: string }[] }[];
}
interface Slice {
  metadata: { labels: Record<string, string> };
  addressType: string;
  endpoints: { addresses: string[]; conditions: object }[];
  ports: { name: string; port: number; protocol: string }[];
}

const endpointsOf = async ({ client }: TestServer): Promise<Endpoints> => (await client.request<Endpoints>('GET', ENDPOINTS)).body;
const sliceOf = async ({ client }: TestServer): Promise<Slice> => (await client.request<Slice>('GET', SLICE)).body;
/** Addresses of both objects. */
const addressesOf = async (server: TestServer): Promise<string[][]> => {
  const [{ subsets }, { endpoints }] = await Promise.all([endpointsOf(server), sliceOf(server)]);
  return [subsets.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)), endpoints.flatMap(({ addresses }) => addresses)];
};
const both = (...ips: string[]): string[][] => [ips, ips];

if (hasEtcd()) {
  describe('servers on one etcd', () => {
    let etcd: EtcdProcess;
    const start = async (advertiseAddress: string, more: TestServerOptions = {}): Promise<TestServer> => {
      const store = await openEtcdStore({ endpoints: [etcd.url] });
      return startTestServer({ store, advertiseAddress, ...more });
    };

    const stop = async (server: TestServer): Promise<void> => {
      await server.close();
      await server.store.close();
    };

    beforeAll(async () => {
      etcd = await EtcdProcess.start();
    });

    afterAll(async () => {
      await etcd?.dispose();
    });

    it('are endpoints together, until one stops', { timeout: 120_000 }, async () => {
      const one = await start('127.0.0.1');
      const ports = [{ name: 'https', port: one.server.address.port, protocol: 'TCP' }];
      expect((await endpointsOf(one)).subsets).toEqual([{ addresses: [{ ip: '127.0.0.1' }], ports }]);
      const two = await start('127.0.0.2');
      const shared = [{ name: 'https', port: two.server.address.port, protocol: 'TCP' }];
      await expect.poll(() => addressesOf(one), WAIT).toEqual(both('127.0.0.1', '127.0.0.2'));
      const { metadata, subsets } = await endpointsOf(one);
      expect(metadata.labels).toEqual({ 'endpointslice.kubernetes.io/skip-mirror': 'true' });
      expect(subsets[0]?.ports).toEqual(shared);
      const slice = await sliceOf(two);
      expect(slice).toMatchObject({
        metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4',
        endpoints: [
          { addresses: ['127.0.0.1'], conditions: { ready: true } },
          { addresses: ['127.0.0.2'], conditions: { ready: true } },
        ],
        ports: shared,
      });
      const held = await one.store.range({ prefix: '/registry/masterleases/' });
      expect(held.kvs.map(({ key }) => key)).toEqual(['/registry/masterleases/127.0.0.1', '/registry/masterleases/127.0.0.2']);
      expect(JSON.parse(String(held.kvs[1]?.value))).toMatchObject({
        kind: 'Endpoints',
        apiVersion: 'v1',
        subsets: [{ addresses: [{ ip: '127.0.0.2' }] }],
      });
      await stop(two);
      expect(await addressesOf(one)).toEqual(both('127.0.0.1'));
      await stop(one);
    });

    it('lose one that was killed, when its lease ends, and mend what somebody changed', { timeout: 120_000 }, async () => {
      const soon = { keyPrefix: '/killed', endpointLeaseSeconds: 3 };
      const one = await start('127.0.0.1', soon);
      const two = await start('127.0.0.2', soon);
      await expect.poll(() => addressesOf(one), WAIT).toEqual(both('127.0.0.1', '127.0.0.2'));
      // Without its store it renews nothing and removes nothing, as if it were killed.
      await two.store.close();
      await two.close();
      await expect.poll(() => addressesOf(one), WAIT).toEqual(both('127.0.0.1'));
      await one.client.request('PATCH', SLICE, { body: { endpoints: [{ addresses: ['192.0.2.1'] }] } });
      await one.client.request('PATCH', ENDPOINTS, { body: { metadata: { labels: null }, subsets: [] } });
      await expect.poll(() => addressesOf(one), WAIT).toEqual(both('127.0.0.1'));
      await one.client.request('DELETE', ENDPOINTS);
      await one.client.request('DELETE', SLICE);
      await expect.poll(async () => (await one.client.request('GET', SLICE)).status, WAIT).toBe(200);
      expect(await addressesOf(one)).toEqual(both('127.0.0.1'));
      await stop(one);
    });

    it('keep the address of the last one, and of one that takes its place', { timeout: 120_000 }, async () => {
      const first = await start('127.0.0.3', { keyPrefix: '/other' });
      await first.close();
      const { kvs } = await first.store.range({ prefix: '/other/masterleases/' });
      expect(kvs).toEqual([]);
      const stored = await first.store.get('/other/services/endpoints/default/kubernetes');
      expect(JSON.parse(String(stored.kv?.value)).subsets[0].addresses).toEqual([{ ip: '127.0.0.3' }]);
      const second = await startTestServer({ store: first.store, advertiseAddress: '::1', keyPrefix: '/other' });
      await expect.poll(() => addressesOf(second), WAIT).toEqual(both('::1'));
      expect((await sliceOf(second)).addressType).toBe('IPv6');
      await second.close();
      await first.store.close();
    });
  });
}

describe('a server on the embedded store', () => {
  it('renews its lease without touching what is right', { timeout: 120_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'k-endpoints-'));
    const store = await openEmbeddedStore({ dir });
    const server = await startTestServer({ store, endpointLeaseSeconds: 3 });
    const { resourceVersion } = (await endpointsOf(server)).metadata;
    const generation = async (): Promise<number> =>
      JSON.parse(String((await store.get('/registry/masterleases/127.0.0.1')).kv?.value)).metadata.generation as number;
    await expect.poll(generation, WAIT).toBeGreaterThan(1);
    expect((await endpointsOf(server)).metadata.resourceVersion).toBe(resourceVersion);
    await server.close();
    expect((await store.range({ prefix: '/registry/masterleases/' })).kvs).toEqual([]);
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it('leaves the endpoints alone when told to', async () => {
    const server = await startTestServer({ endpointReconcilerType: 'none' });
    expect((await server.client.request('GET', ENDPOINTS)).status).toBe(404);
    expect((await server.client.request('GET', SLICE)).status).toBe(404);
    expect((await server.client.request('GET', '/api/v1/namespaces/default/services/kubernetes')).status).toBe(200);
    await server.close();
  });
});
