import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/etcd.js';
import { type KeyValueStore, openEmbeddedStore, StorageError } from '../src/index.js';
import { restoreSnapshot, saveSnapshot, snapshotStatus } from '../src/snapshot.js';
import { EtcdProcess, hasEtcd } from '../src/testing.js';

interface Row {
  key: string;
  value: string;
  createRevision: number;
  modRevision: number;
}

async function rowsOf(store: KeyValueStore): Promise<Row[]> {
  const { kvs } = await store.range({ prefix: '/' });
  return kvs.map(({ key, value, createRevision, modRevision }) => ({ key, value: value.toString('latin1'), createRevision, modRevision }));
}

const contents = (rows: readonly Row[]): string[] => rows.map(({ key, value }) => `${key}=${value}`);

async function failure(promise: Promise<unknown>): Promise<{ code: unknown; message: string }> {
  const error = await promise.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof StorageError)) throw new Error(`expected a StorageError, got ${String(error)}`);
  return { code: error.code, message: error.message };
}

describe('snapshots', () => {
  let dir: string;
  let file: string;
  const open: KeyValueStore[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'k-snapshot-'));
    file = join(dir, 'snapshot.k');
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    rmSync(dir, { recursive: true });
  });

  const embedded = async (name: string): Promise<KeyValueStore> => {
    const store = await openEmbeddedStore({ dir: join(dir, name), compactionIntervalMs: 0, expiryIntervalMs: 50 });
    open.push(store);
    return store;
  };
  /** Creations, updates, deletions, binary and large and empty values, keys that end in the middle of others. */
  const fill = async (store: KeyValueStore): Promise<void> => {
    await Promise.all(Array.from({ length: 250 }, (_, i) => store.create(`/registry/pods/n/p${i}`, Buffer.alloc(20 + i, i))));
    await store.create('/registry/a', Buffer.alloc(0));
    await store.create('/registry/a/b', Buffer.alloc(1_200_000, 'L'));
    await store.create('/registry/é\u{1f600}', Buffer.from('unicode'));
    const updated = (await store.get('/registry/pods/n/p7')).kv?.modRevision ?? 0;
    await store.update('/registry/pods/n/p7', Buffer.from('updated'), updated);
    await store.delete('/registry/pods/n/p8', (await store.get('/registry/pods/n/p8')).kv?.modRevision ?? 0);
  };

  it('carries everything from one embedded store to another, revisions included', async () => {
    const source = await embedded('source');
    await fill(source);
    const progress: number[] = [];
    const saved = await saveSnapshot(source, file, { onProgress: ({ count, total }) => progress.push(count / total) });
    expect(saved).toEqual({
      path: file,
      revision: 256,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      prefix: '/',
      count: 252,
      sizeBytes: statSync(file).size,
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect([progress[0], progress[progress.length - 1], statSync(file).mode & 0o777]).toEqual([100 / 252, 1, 0o600]);
    expect(await snapshotStatus(file)).toEqual(saved);
    const target = await embedded('target');
    const steps: number[] = [];
    expect(await restoreSnapshot(file, target, { onProgress: ({ count }) => steps.push(count) })).toEqual({
      revision: 256,
      count: 252,
      expired: 0,
      keptRevisions: true,
    });
    expect(steps).toEqual([252]);
    expect(await rowsOf(target)).toEqual(await rowsOf(source));
    const seven = (await target.get('/registry/pods/n/p7')).kv;
    expect(await target.update('/registry/pods/n/p7', Buffer.from('again'), seven?.modRevision ?? 0)).toEqual({ ok: true, revision: 257 });
    expect(await failure(target.get('/registry/a', { revision: 255 }))).toMatchObject({ code: 'STORAGE_COMPACTED' });
    await target.close();
    const reopened = await embedded('target');
    expect([(await rowsOf(reopened)).length, await reopened.currentRevision()]).toEqual([252, 257]);
    await reopened.compact(257);
  });

  it('leaves out what it is told to, page by page', async () => {
    const source = await embedded('source');
    await fill(source);
    const progress: string[] = [];
    const { count } = await saveSnapshot(source, file, {
      leaveOut: (key) => key.startsWith('/registry/pods/n/p1'),
      onProgress: (at) => progress.push(`${at.count} of ${at.total}`),
    });
    const target = await embedded('target');
    expect((await restoreSnapshot(file, target)).count).toBe(count);
    expect(await rowsOf(target)).toEqual((await rowsOf(source)).filter(({ key }) => !key.startsWith('/registry/pods/n/p1')));
    expect([count, progress.at(-1)]).toEqual([141, '252 of 252']);
  });

  it('shows one revision although writes go on', async () => {
    const source = await embedded('source');
    // A total that every revision has: one key is raised by what another is lowered by, in turns.
    for (let i = 0; i < 1500; i++) void source.create(`/k/${String(i).padStart(5, '0')}`, Buffer.from('0'));
    await source.create('/last', Buffer.from('0'));
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        const { kvs } = await source.range({ prefix: '/', limit: 1 });
        const { kvs: end } = await source.range({ prefix: '/last' });
        await source.update(kvs[0]?.key as string, Buffer.from(String(n)), kvs[0]?.modRevision as number);
        await source.update('/last', Buffer.from(String(n)), end[0]?.modRevision as number);
      }
    })();
    for (let round = 0; round < 3; round++) {
      const { revision } = await saveSnapshot(source, file);
      const target = await embedded(`target-${round}`);
      await restoreSnapshot(file, target);
      const expected = await source.range({ prefix: '/', revision });
      expect(await rowsOf(target)).toEqual(
        expected.kvs.map((kv) => ({
          key: kv.key,
          value: kv.value.toString(),
          createRevision: kv.createRevision,
          modRevision: kv.modRevision,
        })),
      );
    }
    writing = false;
    await writer;
  });

  it('keeps the time to live of keys, and leaves out what has expired', async () => {
    const source = await embedded('source');
    await source.create('/registry/events/a', Buffer.from('a'), { ttlSeconds: 3600 });
    await source.create('/registry/events/b', Buffer.from('b'));
    await source.create('/registry/events/c', Buffer.from('c'), { ttlSeconds: 0.3 });
    await source.create('/registry/events/d', Buffer.from('d'), { ttlSeconds: 5 });
    const expiry = (await source.get('/registry/events/a')).kv?.expiresAtMs;
    await saveSnapshot(source, file);
    await new Promise((resolve) => setTimeout(resolve, 320));
    const target = await embedded('target');
    const result = await restoreSnapshot(file, target, { ttlSecondsFor: (key) => (key === '/registry/events/b' ? 60 : undefined) });
    expect(result).toMatchObject({ count: 3, expired: 1 });
    expect((await target.get('/registry/events/a')).kv?.expiresAtMs).toBe(expiry);
    expect((await target.get('/registry/events/b')).kv?.expiresAtMs).toBeGreaterThan(Date.now() + 50_000);
    expect((await target.get('/registry/events/d')).kv).not.toBeNull();
    await expect.poll(async () => (await target.get('/registry/events/d')).kv, { timeout: 20_000 }).toBeNull();
  });

  it('refuses a store that is not empty unless forced, then replaces all of it', async () => {
    const source = await embedded('source');
    await source.create('/a', Buffer.from('new'));
    await saveSnapshot(source, file);
    const target = await embedded('target');
    for (const key of ['/a', '/b', '/c']) await target.create(key, Buffer.from('old'));
    expect(await failure(restoreSnapshot(file, target))).toEqual({
      code: 'STORAGE_NOT_EMPTY',
      message: 'the store already holds 3 keys under "/": a restore would replace them',
    });
    expect((await rowsOf(target)).length).toBe(3);
    const ended = new Promise<unknown>((resolve) => target.watch({ prefix: '/', startRevision: 5, onBatch: () => {}, onEnd: resolve }));
    // The store's own revision was higher: it must not go back.
    expect(await restoreSnapshot(file, target, { force: true })).toEqual({ revision: 4, count: 1, expired: 0, keptRevisions: true });
    expect(contents(await rowsOf(target))).toEqual(['/a=new']);
    expect(StorageError.is(await ended, 'STORAGE_COMPACTED')).toBe(true);
  });

  it('refuses files that are damaged anywhere, before it has written anything', async () => {
    const source = await embedded('source');
    for (let i = 0; i < 20; i++) await source.create(`/k/${i}`, Buffer.alloc(50, i));
    await saveSnapshot(source, file);
    const good = readFileSync(file);
    const target = await embedded('target');
    for (let at = 0; at < good.length; at += 37) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 0x20;
      writeFileSync(file, bad);
      expect((await failure(restoreSnapshot(file, target))).code, `byte ${at}`).toBe('STORAGE_SNAPSHOT_INVALID');
    }
    const reasons: [Buffer, string][] = [
      [Buffer.alloc(0), 'it does not begin like one'],
      [good.subarray(0, good.length - 1), 'it ends too early'],
      [good.subarray(0, 300), 'it ends too early'],
      [Buffer.concat([good, Buffer.from('x')]), 'something follows its end'],
    ];
    for (const [bytes, reason] of reasons) {
      writeFileSync(file, bytes);
      expect(await failure(snapshotStatus(file))).toEqual({
        code: 'STORAGE_SNAPSHOT_INVALID',
        message: `"${file}" is not a usable snapshot: ${reason}`,
      });
    }
    expect([await target.currentRevision(), (await rowsOf(target)).length]).toEqual([1, 0]);
  });

  it('leaves no file when it fails, and an empty store when a restore is broken off', async () => {
    const source = await embedded('source');
    for (let i = 0; i < 300; i++) void source.create(`/k/${i}`, Buffer.alloc(50, i));
    await source.create('/z', Buffer.from('z'));
    const error = await saveSnapshot(source, file, {
      onProgress: () => {
        throw new Error('stopped');
      },
    }).catch((cause: unknown) => cause);
    expect([(error as Error).message, readdirSync(dir)]).toEqual(['stopped', ['source']]);
    await saveSnapshot(source, file);
    const target = await embedded('target');
    async function* broken(): AsyncGenerator<{ key: string; value: Buffer; createRevision: number; modRevision: number }> {
      for (let i = 0; i < 1500; i++) yield { key: `/x/${i}`, value: Buffer.from('x'), createRevision: 2 + i, modRevision: 2 + i };
      throw new Error('the source broke off');
    }
    await expect(target.restore?.(broken(), { revision: 5000 })).rejects.toThrow('the source broke off');
    expect([(await rowsOf(target)).length, await target.currentRevision()]).toEqual([0, 5000]);
    expect(await restoreSnapshot(file, target)).toMatchObject({ count: 301, revision: 5000 });
  });

  it('gives rows that share a revision one each', async () => {
    const target = await embedded('target');
    const row = (key: string, revision: number) => ({ key, value: Buffer.from(key), createRevision: revision, modRevision: revision });
    expect(await target.restore?.([row('/a', 5), row('/b', 5), row('/c', 7)], { revision: 7 })).toEqual({
      revision: 8,
      count: 3,
      renumbered: 1,
    });
    expect((await rowsOf(target)).map(({ key, createRevision, modRevision }) => [key, createRevision, modRevision])).toEqual([
      ['/a', 5, 5],
      ['/b', 5, 8],
      ['/c', 7, 7],
    ]);
  });

  it('does not open a folder in which a restore was cut off, unless told to begin anew', async () => {
    const { Tables } = await import('../src/embedded/tables.js');
    await (await embedded('target')).close();
    open.pop();
    const tables = await Tables.open(join(dir, 'target'), 2 ** 30);
    await tables.write(() => tables.putMeta('restoring', 1));
    await tables.close();
    expect(await failure(openEmbeddedStore({ dir: join(dir, 'target') }))).toEqual({
      code: 'STORAGE_CORRUPT',
      message: `the data folder "${join(dir, 'target')}" cannot be used: a restore into it was broken off; restore again`,
    });
    const fresh = await openEmbeddedStore({ dir: join(dir, 'target'), discardUnfinishedRestore: true });
    open.push(fresh);
    expect((await rowsOf(fresh)).length).toBe(0);
  });

  if (hasEtcd()) {
    describe('with etcd', () => {
      let etcd: EtcdProcess;
      beforeAll(async () => {
        etcd = await EtcdProcess.start();
      });
      afterAll(() => etcd.dispose());

      it('moves a store from embedded to etcd and back without loss', async () => {
        const source = await embedded('source');
        await fill(source);
        await source.create('/registry/events/a', Buffer.from('event'), { ttlSeconds: 3600 });
        await saveSnapshot(source, file);
        const remote = await openEtcdStore({ endpoints: [etcd.url] });
        open.push(remote);
        const there = await restoreSnapshot(file, remote);
        expect(there).toEqual({ revision: there.revision, count: 253, expired: 0, keptRevisions: false });
        expect(contents(await rowsOf(remote))).toEqual(contents(await rowsOf(source)));
        expect((await failure(restoreSnapshot(file, remote))).code).toBe('STORAGE_NOT_EMPTY');
        expect(await restoreSnapshot(file, remote, { force: true })).toMatchObject({ count: 253 });
        const back = join(dir, 'back.k');
        const saved = await saveSnapshot(remote, back);
        const target = await embedded('target');
        expect(await restoreSnapshot(back, target)).toEqual({ revision: saved.revision, count: 253, expired: 0, keptRevisions: true });
        expect(await rowsOf(target)).toEqual(await rowsOf(remote));
        expect(contents(await rowsOf(target))).toEqual(contents(await rowsOf(source)));
      });
    });
  }
});
