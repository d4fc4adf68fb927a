import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdStoreOptions, openEtcdStore } from '../src/etcd.js';
import type { KeyValueStore } from '../src/index.js';
import { EtcdProcess, hasEtcd, WatchRecorder } from '../src/testing.js';
import { TestAuthority } from './certificates.js';

const PREFIX = '/registry/things/';

/** Asks etcd's JSON gateway for what the store's interface does not show. */
async function gateway<T>(etcd: EtcdProcess, path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${etcd.url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), headers });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
}

describe('openEtcdStore', () => {
  const rows: [name: string, options: EtcdStoreOptions, message: string, name?: string][] = [
    ['no endpoint', { endpoints: [] }, '"endpoints" expected at least one endpoint of etcd, got none'],
    [
      'no port',
      { endpoints: ['http://etcd'] },
      '"endpoints" expected "http(s)://host:port", "host:port" or "unix:///path", got "http://etcd"',
    ],
    [
      'an impossible port',
      { endpoints: ['etcd:70000'] },
      '"endpoints" expected "http(s)://host:port", "host:port" or "unix:///path", got "etcd:70000"',
    ],
    [
      'http beside TLS files',
      { endpoints: ['http://etcd:2379'], tls: { caFile: '/ca' } },
      '"endpoints" names "http://etcd:2379" without TLS, but "tls" is set: use https://',
    ],
    [
      'a certificate without its key',
      { endpoints: ['etcd:2379'], tls: { certFile: '/c' } },
      '"tls.keyFile" is missing: a client certificate needs its key, and a key its certificate',
    ],
    [
      'a file that is not there',
      { endpoints: ['etcd:2379'], tls: { caFile: '/no/ca' } },
      `"tls.caFile" cannot be read: ENOENT: no such file or directory, open '/no/ca'`,
    ],
    [
      'no time at all',
      { endpoints: ['etcd:2379'], requestTimeoutMs: 0 },
      '"requestTimeoutMs" expected a number of at least 1, got 0',
      'RangeError',
    ],
    [
      'pings that etcd refuses',
      { endpoints: ['etcd:2379'], keepaliveTimeMs: 1 },
      '"keepaliveTimeMs" expected a number of at least 5000, got 1',
      'RangeError',
    ],
  ];
  for (const [title, options, message, name = 'TypeError'] of rows) {
    it(`refuses ${title}`, async () => {
      await expect(openEtcdStore(options)).rejects.toMatchObject({ name, message });
    });
  }
});

if (hasEtcd()) {
  const stores: KeyValueStore[] = [];
  const open = async (options: EtcdStoreOptions): Promise<KeyValueStore> => {
    const store = await openEtcdStore(options);
    stores.push(store);
    return store;
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  };

  describe('etcd store on a plain etcd', () => {
    let etcd: EtcdProcess;
    beforeAll(async () => {
      etcd = await EtcdProcess.start();
    });
    afterEach(closeAll);
    afterAll(() => etcd.dispose());
    const leases = async (): Promise<{ ID: string }[]> => (await gateway<{ leases?: { ID: string }[] }>(etcd, 'lease/leases')).leases ?? [];

    it('lets keys that are written together share a lease, longer than their time by its window', async () => {
      const store = await open({ endpoints: [etcd.url] });
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.create(`${PREFIX}event${i}`, Buffer.from('x'), { ttlSeconds: 3_600 })));
      const [lease, ...others] = await leases();
      expect(others).toEqual([]);
      const { grantedTTL, keys } = await gateway<{ grantedTTL: string; keys: string[] }>(etcd, 'lease/timetolive', {
        ID: lease?.ID,
        keys: true,
      });
      // Five percent of the time to live, at most a minute.
      expect([grantedTTL, keys.length]).toEqual(['3660', 50]);
    });

    it('takes another lease when its own was revoked', async () => {
      const store = await open({ endpoints: [etcd.url] });
      await store.create(`${PREFIX}first`, Buffer.from('x'), { ttlSeconds: 7_200 });
      for (const { ID } of await leases()) await gateway(etcd, 'lease/revoke', { ID });
      expect(await store.create(`${PREFIX}second`, Buffer.from('x'), { ttlSeconds: 7_200 })).toMatchObject({ ok: true });
      expect((await leases()).length).toBe(1);
      expect((await store.range({ prefix: PREFIX })).kvs.map((kv) => kv.key)).toEqual([`${PREFIX}second`]);
    });

    it('refuses a value that etcd does not take, and stays usable', async () => {
      const store = await open({ endpoints: [etcd.url] });
      for (const bytes of [1_600_000, 3_000_000]) {
        await expect(store.create(`${PREFIX}big`, Buffer.alloc(bytes))).rejects.toMatchObject({
          code: 'STORAGE_TOO_LARGE',
          message: 'etcdserver: request is too large',
        });
      }
      expect((await store.get(`${PREFIX}big`)).kv).toBeNull();
    });

    it('receives lists and watch answers far larger than one message of etcd', async () => {
      const store = await open({ endpoints: [etcd.url] });
      const prefix = '/registry/large/';
      const start = await store.currentRevision();
      const value = Buffer.alloc(1_400_000, 'x');
      for (let i = 0; i < 8; i++) await store.create(`${prefix}${i}`, value);
      const { kvs } = await store.range({ prefix });
      expect(kvs.map((kv) => kv.value.equals(value))).toEqual(Array(8).fill(true));
      // History of more than etcd's limit for one answer comes in fragments.
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1, prevKv: true });
      await watch.until('8 changes', () => watch.changes.length === 8);
      expect(watch.changes.every((change) => change.kv.value.equals(value))).toBe(true);
      expect(watch.faults).toEqual([]);
    });

    it('compacts once per interval, however many servers there are', async () => {
      const options = { endpoints: [etcd.url], compactionIntervalMs: 400 };
      const [first, second] = [await open(options), await open(options)];
      const start = await first.currentRevision();
      const created = await first.create(`${PREFIX}compacted`, Buffer.from('1'));
      expect(created.ok).toBe(true);
      await first.update(`${PREFIX}compacted`, Buffer.from('2'), created.revision);
      await expect
        .poll(() => second.get(`${PREFIX}compacted`, { revision: created.revision }).catch((error: unknown) => error), { timeout: 5_000 })
        .toMatchObject({
          code: 'STORAGE_COMPACTED',
          data: { requestedRevision: created.revision },
        });
      const { kv } = await first.get('compact_rev_key');
      expect(Number(kv?.value.toString())).toBeGreaterThan(start);
      // The key's version counts the compactions: one per interval although two servers try.
      const { kvs } = await gateway<{ kvs: { version: string }[] }>(etcd, 'kv/range', {
        key: Buffer.from('compact_rev_key').toString('base64'),
      });
      expect(Number(kvs[0]?.version)).toBeLessThanOrEqual(5);
      expect((await second.get(`${PREFIX}compacted`)).kv?.value.toString()).toBe('2');
    });

    it('tells which revision another server has compacted to', async () => {
      const [reader, compacter] = [await open({ endpoints: [etcd.url] }), await open({ endpoints: [etcd.url] })];
      const start = await reader.currentRevision();
      for (let i = 0; i < 4; i++) await reader.create(`${PREFIX}other${i}`, Buffer.from('x'));
      await compacter.compact(start + 3);
      await expect(reader.range({ prefix: PREFIX, revision: start + 1 })).rejects.toMatchObject({
        code: 'STORAGE_COMPACTED',
        data: { requestedRevision: start + 1, compactRevision: start + 3 },
      });
    });

    it('uses the next endpoint when the first leads nowhere', async () => {
      const store = await open({ endpoints: ['http://127.0.0.1:1', etcd.url] });
      expect(await store.create(`${PREFIX}second-endpoint`, Buffer.from('x'))).toMatchObject({ ok: true });
    });
  });

  describe('etcd store over TLS', () => {
    it('proves itself by a client certificate, also after it was renewed', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'k-etcd-tls-'));
      const authority = await TestAuthority.create(dir);
      const [server, client] = [await authority.issue('server'), await authority.issue('client')];
      const args = [
        '--cert-file',
        server.certFile,
        '--key-file',
        server.keyFile,
        '--trusted-ca-file',
        authority.caFile,
        '--client-cert-auth',
      ];
      const etcd = await EtcdProcess.start({ scheme: 'https', args });
      try {
        const store = await open({ endpoints: [etcd.url], tls: { caFile: authority.caFile, ...client } });
        const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
        expect(await store.create(`${PREFIX}a`, Buffer.from('1'))).toEqual({ ok: true, revision: 2 });
        await watch.until('1 change', () => watch.changes.length === 1);

        const anonymous = await open({ endpoints: [etcd.url], tls: { caFile: authority.caFile }, requestTimeoutMs: 400 });
        await expect(anonymous.get(`${PREFIX}a`)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
        const stranger = await TestAuthority.create(dir);
        const mistrustful = await open({ endpoints: [etcd.url], tls: { caFile: stranger.caFile, ...client }, requestTimeoutMs: 400 });
        await expect(mistrustful.get(`${PREFIX}a`)).rejects.toThrow(`etcd does not answer: ${etcd.url}: certificate signature failure`);

        await etcd.kill();
        await authority.issue('client');
        await etcd.start();
        expect(await store.create(`${PREFIX}b`, Buffer.from('2'))).toEqual({ ok: true, revision: 3 });
        await watch.until('2 changes', () => watch.changes.length === 2);
        expect(watch.faults).toEqual([]);
      } finally {
        await closeAll();
        await etcd.dispose();
        rmSync(dir, { recursive: true });
      }
    });
  });

  describe("etcd store with etcd's own users", () => {
    it('logs in, and again when etcd has forgotten the token', async () => {
      const etcd = await EtcdProcess.start();
      try {
        await gateway(etcd, 'auth/user/add', { name: 'root', password: 'correct' });
        await gateway(etcd, 'auth/role/add', { name: 'root' });
        await gateway(etcd, 'auth/user/grant', { user: 'root', role: 'root' });
        await gateway(etcd, 'auth/enable');
        const store = await open({ endpoints: [etcd.url], auth: { username: 'root', password: 'correct' } });
        const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
        expect(await store.create(`${PREFIX}a`, Buffer.from('1'))).toEqual({ ok: true, revision: 2 });
        await watch.until('1 change', () => watch.changes.length === 1);
        // Tokens do not outlive the process.
        await etcd.kill();
        await etcd.start();
        expect(await store.create(`${PREFIX}b`, Buffer.from('2'))).toEqual({ ok: true, revision: 3 });
        await watch.until('2 changes', () => watch.changes.length === 2);

        const wrong = await open({ endpoints: [etcd.url], auth: { username: 'root', password: 'wrong' }, requestTimeoutMs: 400 });
        const error = await wrong.get(`${PREFIX}a`).catch((cause: unknown) => cause);
        expect(error).toMatchObject({
          code: 'STORAGE_UNAVAILABLE',
          message: `etcd does not answer: ${etcd.url}: etcdserver: authentication failed, invalid user ID or password`,
        });
      } finally {
        await closeAll();
        await etcd.dispose();
      }
    });
  });
}
