import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStorageFactory, type KeyValueStore, openEmbeddedStore, StorageError, type WatchBatch } from '../src/index.js';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('embedded store', () => {
  let dir: string;
  let store: KeyValueStore;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'k-store-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it('raises one revision per write and guards by it', async () => {
    expect(await store.create('/a', bytes('1'))).toEqual({ ok: true, revision: 2 });
    expect(await store.create('/a', bytes('2'))).toMatchObject({ ok: false, current: { modRevision: 2 } });
    expect(await store.update('/a', bytes('3'), 2)).toEqual({ ok: true, revision: 3 });
    expect(await store.update('/a', bytes('4'), 2)).toMatchObject({ ok: false, current: { modRevision: 3 } });
    expect(await store.delete('/a', 3)).toEqual({ ok: true, revision: 4 });
    expect((await store.get('/a')).kv).toBeNull();
  });

  it('reads older revisions until they are compacted', async () => {
    await store.create('/p/a', bytes('1'));
    await store.create('/p/b', bytes('1'));
    await store.update('/p/a', bytes('2'), 2);
    await store.delete('/p/b', 3);
    const at = async (revision: number): Promise<string[]> =>
      (await store.range({ prefix: '/p/', revision })).kvs.map((kv) => `${kv.key}=${kv.value.toString()}@${kv.modRevision}`);
    expect(await at(3)).toEqual(['/p/a=1@2', '/p/b=1@3']);
    expect(await at(4)).toEqual(['/p/a=2@4', '/p/b=1@3']);
    expect(await at(5)).toEqual(['/p/a=2@4']);
    await store.compact(4);
    expect(await at(4)).toEqual(['/p/a=2@4', '/p/b=1@3']);
    const error = await at(3).catch((cause: unknown) => cause);
    expect(StorageError.is(error, 'STORAGE_COMPACTED')).toBe(true);
  });

  it('keeps acknowledged writes after reopening', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => store.create(`/k/${i}`, bytes(String(i)))));
    await store.close();
    store = await openEmbeddedStore({ dir });
    const { kvs, revision } = await store.range({ prefix: '/k/' });
    expect([kvs.length, revision]).toEqual([200, 201]);
  });

  it('lets exactly one of many concurrent writers win', async () => {
    await store.create('/c', bytes('0'));
    const results = await Promise.all(Array.from({ length: 50 }, () => store.update('/c', bytes('x'), 2)));
    expect(results.filter((result) => result.ok).length).toBe(1);
  });

  it('replays history to a watch and then follows', async () => {
    await store.create('/w/a', bytes('1'));
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      store.watch({
        prefix: '/w/',
        startRevision: 2,
        onBatch: (batch: WatchBatch) => {
          for (const change of batch.changes) seen.push(`${change.type} ${change.kv.key} ${change.kv.modRevision}`);
          if (seen.length === 3) resolve();
        },
        onEnd: () => {},
      });
    });
    await store.create('/w/b', bytes('1'));
    await store.delete('/w/a', 2);
    await done;
    expect(seen).toEqual(['put /w/a 2', 'put /w/b 3', 'delete /w/a 4']);
  });

  it('refuses a second opener of the folder', async () => {
    const error = await openEmbeddedStore({ dir }).catch((cause: unknown) => cause);
    expect(StorageError.is(error, 'STORAGE_LOCKED')).toBe(true);
  });

  it('serves objects as bytes with their version inside, and reads its own writes', async () => {
    const factory = createStorageFactory({ store });
    const pods = factory.open({
      resource: 'pods',
      keyPrefix: '/registry/pods',
      namespaced: true,
      selectable: () => ({ labels: {}, fields: {} }),
    });
    await pods.create('ns', 'a', { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' } });
    const found = await pods.get('ns', 'a', { kind: 'latest' });
    expect(found?.json.toString()).toBe('{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"2","name":"a"}}');
    const second = await pods.create('ns', 'b', { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'b' } });
    expect(second.ok).toBe(true);
    const page = await pods.list({ freshness: { kind: 'latest' }, limit: 1 });
    expect([page.items.map((item) => item.name), page.nextAfter, page.remaining]).toEqual([['a'], 'ns/a', 1]);
    const rest = await pods.list({ freshness: { kind: 'exact', revision: page.revision }, limit: 1, startAfter: 'ns/a' });
    expect([rest.items.map((item) => item.name), rest.nextAfter]).toEqual([['b'], undefined]);
  });
});
