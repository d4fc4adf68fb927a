/** Reads and writes of objects, with and without a cache. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStorageFactory, StorageError } from '../src/index.js';
import { codeOf, type EncryptedPodBed, names, openEncryptedPodBed, PODS, type Pod, pod, STORAGE_MODES } from './support/pod-bed.js';

describe.each(STORAGE_MODES)('resource storage, $mode', (mode) => {
  let bed: EncryptedPodBed;

  beforeEach(async () => {
    bed = await openEncryptedPodBed(mode);
  });
  afterEach(() => bed.close());

  it('writes with a guard and answers with the bytes that a read gives', async () => {
    const { pods } = bed;
    const created = await pods.create('n', 'a', {
      ...pod('n', 'a'),
      metadata: { name: 'a', namespace: 'n', resourceVersion: '77' } as Pod['metadata'],
    });
    const json = '{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"2","name":"a","namespace":"n"}}';
    expect(created.ok && created.object.json.toString()).toBe(json);
    expect((await pods.get('n', 'a', { kind: 'latest' }))?.json.toString()).toBe(json);
    const again = await pods.create('n', 'a', pod('n', 'a'));
    expect(!again.ok && again.current?.json.toString()).toBe(json);
    const updated = await pods.update('n', 'a', pod('n', 'a', { labels: { x: '1' } }), 2);
    expect(updated.ok && updated.object.selectable.labels).toEqual({ x: '1' });
    const late = await pods.update('n', 'a', pod('n', 'a'), 2);
    expect(!late.ok && late.current?.modRevision).toBe(3);
    expect((await pods.delete('n', 'a', 2)).ok).toBe(false);
    const deleted = await pods.delete('n', 'a', 3);
    expect(deleted.ok && deleted.object.json.toString()).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"4","name":"a","namespace":"n","labels":{"x":"1"}}}',
    );
    expect(await pods.get('n', 'a', { kind: 'latest' })).toBeNull();
    expect(await pods.delete('n', 'a', 3)).toEqual({ ok: false, current: null });
  });

  it('does not see what the caller does to the object later', async () => {
    const { pods } = bed;
    const object = pod('n', 'a', { labels: { x: '1' } });
    await pods.create('n', 'a', object);
    (object.metadata.labels as Record<string, string>)['x'] = '2';
    expect((await pods.get('n', 'a', { kind: 'latest' }))?.selectable.labels).toEqual({ x: '1' });
  });

  it('keeps 64-bit integers', async () => {
    const { pods } = bed;
    await pods.create('n', 'a', { ...pod('n', 'a'), spec: { x: 9007199254740993n } });
    const text = (await pods.get('n', 'a', { kind: 'latest' }))?.json.toString();
    expect(text).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"2","name":"a","namespace":"n"},"spec":{"x":9007199254740993}}',
    );
  });

  it('lists in key order, by namespace, name, selector and page', async () => {
    const { make, list } = bed;
    for (const [namespace, name] of [
      ['b', 'x'],
      ['a', 'y'],
      ['a-b', 'x'],
      ['a', 'x'],
    ] as const)
      await make(namespace, name);
    expect(names(await list())).toEqual(['a-b/x', 'a/x', 'a/y', 'b/x']);
    expect(names(await list({ namespace: 'a' }))).toEqual(['a/x', 'a/y']);
    expect(names(await list({ name: 'x' }))).toEqual(['a-b/x', 'a/x', 'b/x']);
    expect(names(await list({ namespace: 'a', name: 'y' }))).toEqual(['a/y']);
    expect(names(await list({ namespace: 'none' }))).toEqual([]);
    expect(names(await list({ select: ({ fields }) => fields['metadata.name'] === 'y' }))).toEqual(['a/y']);
    const first = await list({ limit: 3 });
    expect([names(first), first.nextAfter, first.remaining]).toEqual([['a-b/x', 'a/x', 'a/y'], 'a/y', 1]);
    const selected = await list({ limit: 1, select: ({ fields }) => fields['metadata.name'] === 'x' });
    expect([names(selected), selected.nextAfter, selected.remaining]).toEqual([['a-b/x'], 'a-b/x', undefined]);
    const exact = await list({ limit: 3 });
    expect([names(exact), exact.nextAfter]).toEqual([names(first), first.nextAfter]);
    const all = await list({ limit: 4 });
    expect([names(all).length, all.nextAfter, all.remaining]).toEqual([4, undefined, undefined]);
  });

  it('goes on at the same revision whatever happens between pages', async () => {
    const { pods, make, list } = bed;
    for (const name of ['a', 'b', 'c', 'd']) await make('n', name);
    const first = await list({ limit: 2 });
    await pods.delete('n', 'c', 4);
    await make('n', 'bb');
    await pods.update('n', 'd', pod('n', 'd', { labels: { new: '1' } }), 5);
    const rest = await list({ startAfter: first.nextAfter as string, freshness: { kind: 'exact', revision: first.revision } });
    expect([names(rest), rest.revision, rest.items[1]?.modRevision]).toEqual([['n/c', 'n/d'], first.revision, 5]);
    const page = await list({ namespace: 'n', limit: 1, startAfter: 'n/b', freshness: { kind: 'exact', revision: first.revision } });
    expect([names(page), page.nextAfter, page.remaining]).toEqual([['n/c'], 'n/c', 1]);
    expect(names(await list({ startAfter: 'n/b' }))).toEqual(['n/bb', 'n/d']);
    expect((await pods.get('n', 'c', { kind: 'exact', revision: first.revision }))?.modRevision).toBe(4);
  });

  it('fails exact reads of compacted and of future revisions', async () => {
    const { embedded, store, transformer, make } = bed;
    for (const name of ['a', 'b', 'c']) await make('n', name);
    await embedded.compact(3);
    const later = createStorageFactory({ store });
    const storage = later.open({ ...PODS, transformer, cache: mode.cache });
    expect(await codeOf(storage.list({ freshness: { kind: 'exact', revision: 2 } }))).toBe('STORAGE_COMPACTED');
    expect(await codeOf(storage.get('n', 'a', { kind: 'exact', revision: 99 }))).toBe('STORAGE_FUTURE_REVISION');
    expect(await codeOf(storage.list({ freshness: { kind: 'exact', revision: 99 } }))).toBe('STORAGE_FUTURE_REVISION');
    await later.close();
  });

  it('fails lists that hold a value that cannot be read, naming its key, and serves all else', async () => {
    const { store, transformer, make } = bed;
    await make('n', 'a');
    await make('n', 'b');
    await make('m', 'c');
    const bad = '/registry/pods/n/b';
    transformer.broken.add(bad);
    const fresh = createStorageFactory({ store });
    const storage = fresh.open({ ...PODS, transformer, cache: mode.cache });
    const message = 'unable to transform key "/registry/pods/n/b": no matching prefix found';
    const reads = await Promise.allSettled([
      storage.list({ freshness: { kind: 'latest' } }),
      storage.list({ namespace: 'n', freshness: { kind: 'any' } }),
      storage.get('n', 'b', { kind: 'latest' }),
      storage.watch({ start: { kind: 'initial', freshness: { kind: 'latest' } }, onEvent() {}, onEnd() {} }),
    ]);
    for (const read of reads) {
      const error: unknown = read.status === 'rejected' ? read.reason : null;
      expect(StorageError.is(error, 'STORAGE_CORRUPT') && [error.message, error.data]).toEqual([
        message,
        { key: bad, reason: 'no matching prefix found' },
      ]);
    }
    expect((await storage.get('n', 'a', { kind: 'latest' }))?.modRevision).toBe(2);
    expect(names(await storage.list({ namespace: 'm', freshness: { kind: 'latest' } }))).toEqual(['m/c']);
    const refused = await storage.create('n', 'b', pod('n', 'b', { node: 'x' }));
    expect(refused).toEqual({ ok: false, current: null });
    // It can still be replaced by someone who knows its revision.
    expect((await storage.update('n', 'b', pod('n', 'b'), 3)).ok).toBe(true);
    transformer.broken.clear();
    expect((await storage.get('n', 'a', { kind: 'latest' }))?.modRevision).toBe(2);
    await fresh.close();
  });

  it('does not take text that is not JSON for an object, and does not quote it', async () => {
    const { embedded, transformer, pods } = bed;
    await embedded.create('/registry/pods/n/a', transformer.encrypt(Buffer.from('secret plaintext')));
    const error = await pods.get('n', 'a', { kind: 'latest' }).catch((cause: unknown) => cause);
    expect((error as Error).message).toBe('unable to transform key "/registry/pods/n/a": the value is not a JSON object');
    expect((error as Error).cause).toBeNull();
  });

  it('reads what others store in protobuf as JSON, and stores it so with the next write', async () => {
    const { store, embedded, transformer, make } = bed;
    await make('n', 'plain');
    const value = transformer.encrypt(Buffer.from('k8s\0n/a', 'latin1'));
    await embedded.create('/registry/pods/n/a', value);
    const seen: string[] = [];
    const fresh = createStorageFactory({ store });
    const storage = fresh.open({
      ...PODS,
      transformer,
      cache: mode.cache,
      fromProtobuf: (bytes) => {
        seen.push(bytes.toString('latin1'));
        return { ...pod('n', 'a', { labels: { x: '1' } }), big: 2n ** 62n } as unknown as Record<string, unknown>;
      },
    });
    const found = await storage.get('n', 'a', { kind: 'latest' });
    const json = (revision: number): string =>
      `{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"${revision}","name":"a","namespace":"n","labels":{"x":"1"}},"big":4611686018427387904}`;
    expect([found?.json.toString(), found?.stale, found?.selectable.labels]).toEqual([json(3), true, { x: '1' }]);
    expect(new Set(seen)).toEqual(new Set(['k8s\0n/a']));
    expect((await storage.get('n', 'plain', { kind: 'latest' }))?.stale).toBe(false);
    const late = await storage.update('n', 'a', pod('n', 'a'), 2);
    expect(!late.ok && late.current?.json.toString()).toBe(json(3));
    const updated = await storage.update('n', 'a', pod('n', 'a'), 3);
    expect(updated.ok && updated.object.stale).toBe(false);
    const stored = (await embedded.get('/registry/pods/n/a')).kv as { value: Buffer };
    expect(Buffer.from((await transformer.decrypt(stored.value, '/registry/pods/n/a')).data).toString()).toContain('{"kind":"Pod"');
    await fresh.close();
  });

  it('names the key of what it cannot read as protobuf, without its bytes', async () => {
    const { embedded, transformer, pods } = bed;
    await embedded.create('/registry/pods/n/a', transformer.encrypt(Buffer.from('k8s\0secret', 'latin1')));
    const error = await pods.get('n', 'a', { kind: 'latest' }).catch((cause: unknown) => cause);
    expect((error as Error).message).toBe('unable to transform key "/registry/pods/n/a": the value is not a known object in protobuf');
    expect((error as Error).cause).toBeNull();
  });
});
