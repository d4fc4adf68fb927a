import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EtcdStoreOptions, openEtcdStore } from '../src/etcd.js';
import { type KeyValueStore, StorageError } from '../src/index.js';
import { EtcdProcess, findEtcd, hasEtcd, WatchRecorder } from '../src/testing.js';
import { TcpProxy } from './tcp-proxy.js';
import { startWriteLoad, type WriteLoad } from './write-load.js';

const PREFIX = '/registry/faults/';

/** No acknowledged write is lost; the watch has told of exactly what is there, once and in order. */
async function expectNothingLost(store: KeyValueStore, load: WriteLoad, watch: WatchRecorder): Promise<void> {
  const { kvs, revision } = await store.range({ prefix: PREFIX });
  const present = new Map(kvs.map((kv) => [kv.key, kv.modRevision]));
  const lost = [...load.acknowledged].filter(([key, { revision }]) => present.get(key) !== revision);
  expect(lost).toEqual([]);
  expect(kvs.length).toBeLessThanOrEqual(load.acknowledged.size + load.unknownCount);
  await watch.reach(revision);
  // A write that was given up may still come, after what has been read here.
  const told = watch.changes.map((change) => change.kv.modRevision).filter((modRevision) => modRevision <= revision);
  expect(told).toEqual(kvs.map((kv) => kv.modRevision).toSorted((a, b) => a - b));
  expect(watch.faults).toEqual([]);
  expect(watch.ended).toBeNull();
}

describe('findEtcd', () => {
  it('finds the program that K_ETCD names, and nothing else', () => {
    vi.stubEnv('K_ETCD', '/no/such/etcd');
    vi.stubEnv('K_REQUIRE_ETCD', '');
    try {
      expect(findEtcd()).toBeNull();
      expect(hasEtcd()).toBe(false);
      vi.stubEnv('K_REQUIRE_ETCD', '1');
      expect(() => hasEtcd()).toThrow('K_REQUIRE_ETCD=1, but there is no etcd in PATH and K_ETCD names none');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

if (hasEtcd()) {
  describe('etcd store while etcd fails', () => {
    let etcd: EtcdProcess;
    const stores: KeyValueStore[] = [];
    const open = async (options: Partial<EtcdStoreOptions> = {}): Promise<KeyValueStore> => {
      const store = await openEtcdStore({ endpoints: [etcd.url], ...options });
      stores.push(store);
      return store;
    };
    beforeEach(async () => {
      etcd = await EtcdProcess.start();
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await etcd.dispose();
    });

    it('loses no acknowledged write and no event when etcd is killed and started again', async () => {
      const store = await open();
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      const load = startWriteLoad(store, PREFIX, 8);
      for (let round = 0; round < 3; round++) {
        await watch.until('more writes', () => watch.changes.length > (round + 1) * 50);
        await etcd.kill();
        await sleep(50);
        await etcd.start();
      }
      const before = load.acknowledged.size;
      await watch.until('writes after the last start', () => load.acknowledged.size > before + 50);
      await load.stop();
      await expectNothingLost(store, load, watch);
    });

    it('loses nothing when connections are cut and refused for a while', async () => {
      const proxy = await TcpProxy.open(etcd.port);
      const store = await open({ endpoints: [proxy.url] });
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      const load = startWriteLoad(store, PREFIX, 8);
      for (let round = 0; round < 5; round++) {
        const size = watch.changes.length;
        await watch.until('more writes', () => watch.changes.length > size + 30);
        proxy.refuse(round % 2 === 0);
        proxy.cut();
        await sleep(60);
        proxy.refuse(false);
      }
      await load.stop();
      await expectNothingLost(store, load, watch);
      await proxy.close();
    });

    it('fails in time while etcd is paused, and goes on by itself', async () => {
      const store = await open({ requestTimeoutMs: 1_500, attemptTimeoutMs: 700 });
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      const load = startWriteLoad(store, PREFIX, 4);
      await watch.until('writes', () => watch.changes.length > 20);
      await etcd.pause();
      const startedAt = performance.now();
      const error = await store.get(`${PREFIX}x`).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_UNAVAILABLE' });
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      await expect(store.checkHealth()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await sleep(300);
      etcd.resume();
      const before = load.acknowledged.size;
      await watch.until('writes after the pause', () => load.acknowledged.size > before + 20);
      await load.stop();
      expect(load.longestMs).toBeLessThan(8_000);
      expect(load.unknownCount).toBeGreaterThan(0);
      await expectNothingLost(store, load, watch);
    });

    it('leaves a connection that has fallen silent', async () => {
      const proxy = await TcpProxy.open(etcd.port);
      const store = await open({ endpoints: [proxy.url], requestTimeoutMs: 20_000, attemptTimeoutMs: 1_000 });
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      await store.create(`${PREFIX}a`, Buffer.from('1'));
      await watch.until('1 change', () => watch.changes.length === 1);
      proxy.silence();
      proxy.hear();
      // A write that waits for its answer need not wait for its whole time to learn that the connection is dead.
      const startedAt = performance.now();
      await expect(store.create(`${PREFIX}lost`, Buffer.from('1'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      const { kv } = await store.get(`${PREFIX}a`);
      expect(kv?.value.toString()).toBe('1');
      await store.create(`${PREFIX}b`, Buffer.from('2'));
      await watch.until('2 changes', () => watch.changes.length === 2);
      expect(watch.lines).toEqual([`put ${PREFIX}a=1 @2`, `put ${PREFIX}b=2 @3`]);
      expect(watch.faults).toEqual([]);
      await proxy.close();
    });

    it('says what is wrong when etcd is not there, within the time allowed, and serves when it is', async () => {
      await etcd.kill();
      const store = await open({ requestTimeoutMs: 1_000 });
      const startedAt = performance.now();
      const error = await store.create(`${PREFIX}a`, Buffer.from('1')).catch((cause: unknown) => cause);
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      expect(StorageError.is(error, 'STORAGE_UNAVAILABLE') && error.message).toMatch(
        new RegExp(`^etcd does not answer: ${etcd.url}: .*ECONNREFUSED 127.0.0.1:${etcd.port}`),
      );
      await etcd.start();
      await expect.poll(() => store.create(`${PREFIX}b`, Buffer.from('1')).catch(() => null)).toEqual({ ok: true, revision: 2 });
    });

    it('ends a watch whose history was compacted while it was cut off', async () => {
      const proxy = await TcpProxy.open(etcd.port);
      const [store, direct] = [await open({ endpoints: [proxy.url] }), await open()];
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      for (let i = 0; i < 3; i++) await direct.create(`${PREFIX}${i}`, Buffer.from('x'));
      await watch.until('3 changes', () => watch.changes.length === 3);
      proxy.refuse(true);
      proxy.cut();
      for (let i = 3; i < 6; i++) await direct.create(`${PREFIX}${i}`, Buffer.from('x'));
      await direct.compact(7);
      proxy.refuse(false);
      await watch.until('the end', () => watch.ended !== null);
      expect(watch.ended).toMatchObject({ code: 'STORAGE_COMPACTED', data: { requestedRevision: 5, compactRevision: 7 } });
      expect([watch.lines.length, watch.faults]).toEqual([3, []]);
      await proxy.close();
    });

    it('does not miss a deletion that was compacted at the very revision where a watch goes on', async () => {
      const proxy = await TcpProxy.open(etcd.port);
      const [store, direct] = [await open({ endpoints: [proxy.url] }), await open()];
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      await direct.create(`${PREFIX}a`, Buffer.from('x'));
      await watch.until('1 change', () => watch.changes.length === 1);
      proxy.refuse(true);
      proxy.cut();
      await direct.delete(`${PREFIX}a`, 2);
      await direct.compact(3);
      proxy.refuse(false);
      await watch.until('the end', () => watch.ended !== null);
      expect(watch.ended).toMatchObject({ code: 'STORAGE_COMPACTED', data: { requestedRevision: 3 } });
      await proxy.close();
    });

    it('ends watches when etcd comes back with an older history', async () => {
      const store = await open();
      const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      for (let i = 0; i < 5; i++) await store.create(`${PREFIX}${i}`, Buffer.from('x'));
      await watch.until('5 changes', () => watch.changes.length === 5);
      await etcd.kill();
      etcd.removeData();
      await etcd.start();
      await watch.until('the end', () => watch.ended !== null);
      expect(watch.ended).toMatchObject({ code: 'STORAGE_COMPACTED', data: { requestedRevision: 7 } });
      const fresh = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
      expect(await store.create(`${PREFIX}new`, Buffer.from('x'))).toEqual({ ok: true, revision: 2 });
      await fresh.until('1 change', () => fresh.changes.length === 1);
      expect(fresh.lines).toEqual([`put ${PREFIX}new=x @2`]);
    });
  });

  describe('etcd store on three members', () => {
    it('goes on when any one of them is killed or hangs', async () => {
      const members = await EtcdProcess.startCluster(3);
      const store = await openEtcdStore({
        endpoints: members.map((member) => member.url),
        requestTimeoutMs: 20_000,
        attemptTimeoutMs: 1_000,
        // What finds a member that hangs when only the watch is there.
        keepaliveTimeMs: 5_000,
        keepaliveTimeoutMs: 2_000,
      });
      try {
        const watch = new WatchRecorder(store, { prefix: PREFIX, startRevision: 2 });
        const load = startWriteLoad(store, PREFIX, 4);
        for (const member of members) {
          await watch.until('writes', () => load.acknowledged.size > 20);
          await member.kill();
          const before = load.acknowledged.size;
          await watch.until('writes with two members', () => load.acknowledged.size > before + 25);
          await member.start();
        }
        const [first] = members;
        await first?.pause();
        const paused = load.acknowledged.size;
        await watch.until('writes with one member hanging', () => load.acknowledged.size > paused + 25);
        first?.resume();
        await load.stop();
        expect(load.longestMs).toBeLessThan(25_000);
        await expectNothingLost(store, load, watch);
      } finally {
        await store.close();
        await Promise.all(members.map((member) => member.dispose()));
      }
    }, 180_000);
  });
}
