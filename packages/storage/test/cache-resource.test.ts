import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createStorageFactory,
  type KeyValueStore,
  type ListOptions,
  openEmbeddedStore,
  type ResourceStorage,
  type ResourceStorageOptions,
  type ResourceWatchHandle,
  type ResourceWatchOptions,
  StorageError,
  type StorageFactory,
  type ValueTransformer,
} from '../src/index.js';
import { InterposedStore } from './programs/interposed-store.js';

interface Pod extends Record<string, unknown> {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: { nodeName?: string };
}

const pod = (namespace: string, name: string, more: { labels?: Record<string, string>; node?: string } = {}): Pod => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace, ...(more.labels ? { labels: more.labels } : {}) },
  ...(more.node ? { spec: { nodeName: more.node } } : {}),
});

const PODS: ResourceStorageOptions = {
  resource: 'pods',
  keyPrefix: '/registry/pods',
  namespaced: true,
  selectable: (object) => ({
    labels: (object as Pod).metadata.labels ?? {},
    fields: { 'metadata.name': (object as Pod).metadata.name, 'spec.nodeName': (object as Pod).spec?.nodeName ?? '' },
  }),
};

/** XOR with a byte that marks whether the value can be read; the reads of some keys fail, or take their time. */
class TestTransformer implements ValueTransformer {
  readonly broken = new Set<string>();
  delay: ((key: string) => Promise<void>) | null = null;

  encrypt(data: Uint8Array): Uint8Array {
    return data.map((byte) => byte ^ 0x55);
  }

  decrypt(data: Uint8Array, key: string): { data: Uint8Array; stale: boolean } | Promise<{ data: Uint8Array; stale: boolean }> {
    if (this.broken.has(key)) throw new Error('no matching prefix found');
    const value = { data: data.map((byte) => byte ^ 0x55), stale: false };
    return this.delay === null ? value : this.delay(key).then(() => value);
  }
}

interface Seen {
  events: string[];
  ends: string[];
  initialEnd: number | null;
  progress: number[];
  handle: ResourceWatchHandle;
}

async function follow(
  storage: ResourceStorage,
  options: Partial<ResourceWatchOptions> & Pick<ResourceWatchOptions, 'start'>,
): Promise<Seen> {
  const seen = { events: [], ends: [], initialEnd: null, progress: [] } as unknown as Seen;
  seen.handle = await storage.watch({
    onEvent: ({ type, object, previousObject, revision }) => {
      seen.events.push(
        `${type} ${object.namespace}/${object.name} ${revision}${previousObject ? ` was ${previousObject.modRevision}` : ''}`,
      );
    },
    onInitialEnd: (revision) => {
      seen.initialEnd = revision;
    },
    onProgress: (revision) => seen.progress.push(revision),
    onEnd: (error) => seen.ends.push((error as StorageError).code ?? error.message),
    ...options,
  });
  return seen;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code ?? error,
  );
const names = ({ items }: { items: { namespace: string; name: string }[] }): string[] =>
  items.map((item) => `${item.namespace}/${item.name}`);

const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

describe.each([
  { mode: 'cached, engine in this process', cache: true, remote: false },
  { mode: 'cached, engine elsewhere', cache: true, remote: true },
  { mode: 'not cached', cache: false, remote: true },
])('resource storage, $mode', ({ cache, remote }) => {
  let dir: string;
  let embedded: KeyValueStore;
  let store: InterposedStore;
  let factory: StorageFactory;
  let pods: ResourceStorage;
  let transformer: TestTransformer;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'k-cache-'));
    embedded = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
    store = new InterposedStore(embedded);
    factory = createStorageFactory({ store: remote ? store : embedded });
    transformer = new TestTransformer();
    pods = factory.open({ ...PODS, transformer, cache });
  });
  afterEach(async () => {
    await factory.close();
    await embedded.close();
    rmSync(dir, { recursive: true });
    expect(unhandled.splice(0)).toEqual([]);
  });

  const make = async (namespace: string, name: string, more?: Parameters<typeof pod>[2]): Promise<number> => {
    const result = await pods.create(namespace, name, pod(namespace, name, more));
    if (!result.ok) throw new Error('refused');
    return result.object.modRevision;
  };
  const list = (options: Partial<ListOptions> = {}): ReturnType<ResourceStorage['list']> =>
    pods.list({ freshness: { kind: 'latest' }, ...options });

  it('writes with a guard and answers with the bytes that a read gives', async () => {
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
    const object = pod('n', 'a', { labels: { x: '1' } });
    await pods.create('n', 'a', object);
    (object.metadata.labels as Record<string, string>)['x'] = '2';
    expect((await pods.get('n', 'a', { kind: 'latest' }))?.selectable.labels).toEqual({ x: '1' });
  });

  it('keeps 64-bit integers', async () => {
    await pods.create('n', 'a', { ...pod('n', 'a'), spec: { x: 9007199254740993n } });
    const text = (await pods.get('n', 'a', { kind: 'latest' }))?.json.toString();
    expect(text).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"2","name":"a","namespace":"n"},"spec":{"x":9007199254740993}}',
    );
  });

  it('lists in key order, by namespace, name, selector and page', async () => {
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
    for (const name of ['a', 'b', 'c']) await make('n', name);
    await embedded.compact(3);
    const later = createStorageFactory({ store });
    const storage = later.open({ ...PODS, transformer, cache });
    expect(await codeOf(storage.list({ freshness: { kind: 'exact', revision: 2 } }))).toBe('STORAGE_COMPACTED');
    expect(await codeOf(storage.get('n', 'a', { kind: 'exact', revision: 99 }))).toBe('STORAGE_FUTURE_REVISION');
    expect(await codeOf(storage.list({ freshness: { kind: 'exact', revision: 99 } }))).toBe('STORAGE_FUTURE_REVISION');
    await later.close();
  });

  it('watches from the present state and from a revision', async () => {
    await make('n', 'b');
    await make('n', 'a');
    const initial = await follow(pods, { start: { kind: 'initial', freshness: { kind: 'latest' } } });
    expect([initial.events, initial.initialEnd]).toEqual([['ADDED n/a 3', 'ADDED n/b 2'], 3]);
    const spaced = await follow(pods, { namespace: 'm', start: { kind: 'after', revision: 2 } });
    const named = await follow(pods, { namespace: 'n', name: 'b', start: { kind: 'after', revision: 1 } });
    const future = await follow(pods, { start: { kind: 'after', revision: 5 } });
    const now = await follow(pods, { start: { kind: 'after', revision: Number.POSITIVE_INFINITY } });
    await make('m', 'c');
    await pods.update('n', 'b', pod('n', 'b'), 2);
    await pods.delete('n', 'b', 5);
    await until(
      () => initial.events.length === 5 && future.events.length === 1 && named.events.length === 3 && now.events.length === 3,
      'events',
    );
    expect(initial.events.slice(2)).toEqual(['ADDED m/c 4', 'MODIFIED n/b 5 was 2', 'DELETED n/b 6 was 5']);
    expect(spaced.events).toEqual(['ADDED m/c 4']);
    expect(named.events).toEqual(['ADDED n/b 2', 'MODIFIED n/b 5 was 2', 'DELETED n/b 6 was 5']);
    expect(future.events).toEqual(['DELETED n/b 6 was 5']);
    expect(now.events).toEqual(['ADDED m/c 4', 'MODIFIED n/b 5 was 2', 'DELETED n/b 6 was 5']);
    initial.handle.close();
    await make('n', 'late');
    await until(() => now.events.length === 4, 'the event after closing another watch');
    expect(initial.events.length).toBe(5);
  });

  it('replays what happened before the cache was filled, then goes on without a gap', async () => {
    const writer = createStorageFactory({ store: embedded }).open({ ...PODS, transformer });
    await writer.create('n', 'a', pod('n', 'a'));
    await writer.update('n', 'a', pod('n', 'a', { labels: { x: '1' } }), 2);
    await writer.create('n', 'b', pod('n', 'b'));
    await writer.delete('n', 'a', 3);
    await pods.ready();
    const seen = await follow(pods, { start: { kind: 'after', revision: 2 } });
    await make('n', 'c');
    await until(() => seen.events.length >= 4, 'four events');
    expect(seen.events).toEqual(['MODIFIED n/a 3 was 2', 'ADDED n/b 4', 'DELETED n/a 5 was 3', 'ADDED n/c 6']);
    await until(() => seen.handle.revision === 6, 'the revision of the last event');
    await writer.close();
  });

  it('refuses to resume from what the store has compacted', async () => {
    const writer = createStorageFactory({ store: embedded }).open({ ...PODS, transformer });
    for (const name of ['a', 'b', 'c']) await writer.create('n', name, pod('n', name));
    await embedded.compact(4);
    await pods.ready();
    expect(await codeOf(follow(pods, { start: { kind: 'after', revision: 1 } }))).toBe('STORAGE_COMPACTED');
    const seen = await follow(pods, { start: { kind: 'after', revision: 4 } });
    await make('n', 'd');
    await until(() => seen.events.length === 1, 'the event after the compaction');
    expect(seen.events).toEqual(['ADDED n/d 5']);
    await writer.close();
  });

  it('tells progress of a quiet resource', async () => {
    await make('n', 'a');
    const seen = await follow(pods, { namespace: 'quiet', start: { kind: 'after', revision: 2 } });
    expect(seen.handle.revision).toBe(0);
    await embedded.create('/registry/other/x', Buffer.from('{}'));
    await until(() => seen.progress.includes(3) && seen.handle.revision === 3, 'progress to revision 3');
    expect([seen.events, seen.ends]).toEqual([[], []]);
  });

  it('fails lists that hold a value that cannot be read, naming its key, and serves all else', async () => {
    await make('n', 'a');
    await make('n', 'b');
    await make('m', 'c');
    const bad = '/registry/pods/n/b';
    transformer.broken.add(bad);
    const fresh = createStorageFactory({ store });
    const storage = fresh.open({ ...PODS, transformer, cache });
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

  it('ends watches that should have shown a value that cannot be read', async () => {
    await make('n', 'a');
    const there = await follow(pods, { namespace: 'n', start: { kind: 'after', revision: 2 } });
    const elsewhere = await follow(pods, { namespace: 'm', start: { kind: 'after', revision: 2 } });
    transformer.broken.add('/registry/pods/n/b');
    await embedded.create('/registry/pods/n/b', Buffer.from('whatever'));
    await make('m', 'c');
    await until(() => there.ends.length === 1 && elsewhere.events.length === 1, 'the end of one watch, an event of the other');
    expect([there.ends, elsewhere.events, elsewhere.ends]).toEqual([['STORAGE_CORRUPT'], ['ADDED m/c 4'], []]);
    expect(await codeOf(list({ namespace: 'n' }))).toBe('STORAGE_CORRUPT');
    await embedded.delete('/registry/pods/n/b', 3);
    await until(() => elsewhere.handle.revision >= 4, 'the deletion');
    expect(names(await list({ namespace: 'n' }))).toEqual(['n/a']);
  });

  it('does not take text that is not JSON for an object, and does not quote it', async () => {
    await embedded.create('/registry/pods/n/a', transformer.encrypt(Buffer.from('secret plaintext')));
    const error = await pods.get('n', 'a', { kind: 'latest' }).catch((cause: unknown) => cause);
    expect((error as Error).message).toBe('unable to transform key "/registry/pods/n/a": the value is not a JSON object');
    expect((error as Error).cause).toBeNull();
  });

  it('applies changes in order although some values take longer to decrypt', async () => {
    await pods.ready();
    const seen = await follow(pods, { start: { kind: 'after', revision: 1 } });
    transformer.delay = (key) => new Promise((resolve) => setTimeout(resolve, key.endsWith('a') ? 40 : 0));
    await embedded.create('/registry/pods/n/a', transformer.encrypt(Buffer.from(JSON.stringify(pod('n', 'a')))));
    await embedded.create('/registry/pods/n/b', transformer.encrypt(Buffer.from(JSON.stringify(pod('n', 'b')))));
    transformer.delay = null;
    await embedded.create('/registry/pods/n/c', transformer.encrypt(Buffer.from(JSON.stringify(pod('n', 'c')))));
    expect(names(await list())).toEqual(['n/a', 'n/b', 'n/c']);
    await until(() => seen.events.length === 3, 'three events');
    expect(seen.events).toEqual(['ADDED n/a 2', 'ADDED n/b 3', 'ADDED n/c 4']);
  });

  it('ends everything when it is closed', async () => {
    await make('n', 'a');
    const seen = await follow(pods, { start: { kind: 'initial', freshness: { kind: 'any' } } });
    await pods.close();
    expect(seen.ends).toEqual(['STORAGE_CLOSED']);
    expect(await codeOf(follow(pods, { start: { kind: 'after', revision: 2 } }))).toBe('STORAGE_CLOSED');
  });
});

describe('watch cache', () => {
  let dir: string;
  let embedded: KeyValueStore;
  let store: InterposedStore;
  let factory: StorageFactory;
  let pods: ResourceStorage;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'k-cache-'));
    embedded = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
    store = new InterposedStore(embedded);
    factory = createStorageFactory({ store });
    pods = factory.open(PODS);
  });
  afterEach(async () => {
    await factory.close();
    await embedded.close();
    rmSync(dir, { recursive: true });
    expect(unhandled.splice(0)).toEqual([]);
  });

  it('takes everything for stale that was written before other keys came into use', async () => {
    let generation = 0;
    const transformer: ValueTransformer = {
      ...new TestTransformer(),
      encrypt: (data) => data,
      decrypt: (data) => ({ data, stale: false }),
      generation: () => generation,
    };
    const storage = factory.open({ ...PODS, keyPrefix: '/registry/generations', transformer });
    await storage.create('a', 'old', pod('a', 'old'));
    const staleOf = async (name: string): Promise<boolean | undefined> => (await storage.get('a', name, { kind: 'latest' }))?.stale;
    expect(await staleOf('old')).toBe(false);
    generation = 1;
    expect(await staleOf('old')).toBe(true);
    await storage.create('a', 'new', pod('a', 'new'));
    expect(await staleOf('new')).toBe(false);
    const current = await storage.get('a', 'old', { kind: 'latest' });
    await storage.update('a', 'old', pod('a', 'old'), current?.modRevision ?? 0);
    expect(await staleOf('old')).toBe(false);
  });

  it('answers reads from memory, and asks for the revision once for all that wait', async () => {
    await pods.create('n', 'a', pod('n', 'a'));
    await pods.ready();
    Object.assign(store.calls, { get: 0, range: 0, currentRevision: 0 });
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        i % 2 === 0 ? pods.get('n', 'a', { kind: 'latest' }) : pods.list({ freshness: { kind: 'latest' } }),
      ),
    );
    // The first asks; all others come while its question is under way and share the next one.
    expect(store.calls).toEqual({ get: 0, range: 0, watch: 1, currentRevision: 2 });
    await Promise.all(Array.from({ length: 50 }, () => pods.get('n', 'a', { kind: 'any' })));
    expect(store.calls).toEqual({ get: 0, range: 0, watch: 1, currentRevision: 2 });
  });

  it('reads at an older revision from memory while it remembers', async () => {
    const later = factory.open({ ...PODS, historySize: 3 });
    await later.ready();
    for (let i = 0; i < 6; i++) await later.create('n', `p${i}`, pod('n', `p${i}`));
    store.calls.range = 0;
    const at = async (revision: number): Promise<number> => (await later.list({ freshness: { kind: 'exact', revision } })).items.length;
    expect([await at(7), await at(5), await at(4), store.calls.range]).toEqual([6, 4, 3, 0]);
    expect([await at(3), store.calls.range]).toEqual([2, 1]);
  });

  it('sees a write of another server at once, and waits for a watch that is behind', async () => {
    await pods.ready();
    store.hold();
    await embedded.create('/registry/pods/n/a', Buffer.from(JSON.stringify(pod('n', 'a'))));
    expect(await pods.get('n', 'a', { kind: 'any' })).toBeNull();
    const read = pods.get('n', 'a', { kind: 'latest' });
    setTimeout(() => store.release(), 50);
    expect((await read)?.modRevision).toBe(2);
  });

  it('goes to the store when its watch stays behind, and refuses revisions that do not come', async () => {
    await pods.create('n', 'a', pod('n', 'a'));
    await pods.ready();
    store.hold();
    await embedded.create('/registry/pods/n/b', Buffer.from(JSON.stringify(pod('n', 'b'))));
    const write = pods.create('n', 'c', pod('n', 'c'));
    const started = Date.now();
    const [object, listed, future, initial, written] = await Promise.all([
      pods.get('n', 'b', { kind: 'latest' }),
      pods.list({ freshness: { kind: 'latest' } }),
      pods.get('n', 'a', { kind: 'notOlderThan', revision: 1000 }).catch((error: unknown) => error),
      codeOf(follow(pods, { start: { kind: 'initial', freshness: { kind: 'latest' } } })),
      write,
    ]);
    expect([object?.modRevision, names(listed), initial]).toEqual([3, ['n/a', 'n/b', 'n/c'], 'STORAGE_UNAVAILABLE']);
    expect(StorageError.is(future, 'STORAGE_FUTURE_REVISION') && future.data).toEqual({ requestedRevision: 1000, currentRevision: 2 });
    // The write has happened: that the cache has not seen it is no reason to say otherwise.
    expect(written.ok && written.object.modRevision).toBe(4);
    expect(Date.now() - started).toBeLessThan(4500);
    store.release();
    expect(names(await pods.list({ freshness: { kind: 'any' } }))).toEqual(['n/a', 'n/b', 'n/c']);
  });

  it('fills anew when history was compacted while the store was away', async () => {
    await pods.create('n', 'a', pod('n', 'a'));
    await pods.create('n', 'b', pod('n', 'b'));
    const seen = await follow(pods, { start: { kind: 'initial', freshness: { kind: 'latest' } } });
    const error = new StorageError('STORAGE_COMPACTED', 'revision 4 was compacted', { requestedRevision: 4, compactRevision: 9 });
    store.fault = new StorageError('STORAGE_UNAVAILABLE', 'away', { operation: 'range' });
    store.endWatches(error);
    expect(seen.ends).toEqual(['STORAGE_COMPACTED']);
    expect(await codeOf(pods.list({ freshness: { kind: 'any' } }))).toBe('STORAGE_UNAVAILABLE');
    await embedded.delete('/registry/pods/n/a', 2);
    store.fault = null;
    expect(names(await pods.list({ freshness: { kind: 'any' } }))).toEqual(['n/b']);
    const again = await follow(pods, { start: { kind: 'after', revision: 3 } });
    await pods.create('n', 'c', pod('n', 'c'));
    await until(() => again.events.length === 2, 'the replayed and the new event');
    expect(again.events).toEqual(['DELETED n/a 4 was 2', 'ADDED n/c 5']);
    expect(store.calls.watch).toBe(3);
  });

  it('fills again by itself after the store has come back', async () => {
    await pods.ready();
    store.fault = new StorageError('STORAGE_UNAVAILABLE', 'away', { operation: 'range' });
    store.endWatches(new StorageError('STORAGE_COMPACTED', 'compacted', { requestedRevision: 1, compactRevision: 2 }));
    await until(() => store.calls.range >= 3, 'further attempts');
    store.fault = null;
    await until(() => store.calls.watch === 2, 'a new watch');
  });

  it('starts its list again when that is compacted under way', async () => {
    const bytes = (i: number): Buffer => Buffer.from(JSON.stringify(pod('n', `p${i}`)));
    await Promise.all(Array.from({ length: 1500 }, (_, i) => embedded.create(`/registry/pods/n/p${i}`, bytes(i))));
    const { range } = store;
    let pages = 0;
    store.range = async (options) => {
      if (++pages === 2) {
        await embedded.delete('/registry/pods/n/p0', (await embedded.get('/registry/pods/n/p0')).kv?.modRevision ?? 0);
        await embedded.compact(await embedded.currentRevision());
      }
      return range.call(store, options);
    };
    const { items } = await pods.list({ freshness: { kind: 'latest' } });
    expect([items.length, pages]).toEqual([1499, 4]);
  });

  it('keeps a watcher that throws from hurting the others', async () => {
    await pods.ready();
    const bad = await follow(pods, {
      start: { kind: 'after', revision: 1 },
      onEvent: () => {
        throw new Error('broken watcher');
      },
    });
    const good = await follow(pods, { start: { kind: 'after', revision: 1 } });
    await pods.create('n', 'a', pod('n', 'a'));
    await pods.create('n', 'b', pod('n', 'b'));
    expect([bad.ends, good.events]).toEqual([['broken watcher'], ['ADDED n/a 2', 'ADDED n/b 3']]);
  });

  it('shares one event and one memo among all watchers, and lets the memo go', async () => {
    await pods.ready();
    const events: unknown[] = [];
    const memos: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await follow(pods, {
        start: { kind: 'after', revision: 1 },
        onEvent: (event) => {
          events.push(event);
          memos.push(event.memo.get('form'));
          event.memo.set('form', i);
        },
      });
    }
    await pods.create('n', 'a', pod('n', 'a'));
    expect([new Set(events).size, memos]).toEqual([1, [undefined, 0, 1]]);
    expect((events[0] as { memo: Map<string, unknown> }).memo.size).toBe(0);
  });

  it('sends a large state at the pace of the client, then what has changed meanwhile', async () => {
    for (let i = 100; i < 400; i++) await pods.create('n', `p${i}`, pod('n', `p${i}`));
    const counts: number[] = [];
    const seen: string[] = [];
    const order: string[] = [];
    const handle = await pods.watch({
      start: { kind: 'initial', freshness: { kind: 'latest' } },
      onEvent: ({ type, object }) => seen.push(`${type} ${object.name}`),
      onInitialEnd: (revision) => order.push(`initial end ${revision} after ${seen.length}`),
      onEnd: () => {},
      pace: async () => {
        counts.push(seen.length);
        if (counts.length === 1) await pods.delete('n', 'p399', 301);
      },
    });
    expect([counts, order]).toEqual([[100, 200, 300], ['initial end 301 after 300']]);
    expect(seen.slice(299)).toEqual(['ADDED p399', 'DELETED p399']);
    handle.close();
  });

  it('answers selective lists from its indexes, and shows node watchers their node only', async () => {
    for (let i = 0; i < 200; i++)
      await pods.create('n', `p${i}`, pod('n', `p${i}`, { labels: { app: `a${i % 20}` }, node: `node-${i % 40}` }));
    let looked = 0;
    const { items } = await pods.list({
      freshness: { kind: 'latest' },
      equals: { labels: { app: 'a3' } },
      select: ({ labels }) => {
        looked++;
        return labels['app'] === 'a3';
      },
    });
    expect([items.length, looked]).toEqual([10, 10]);
    const watch = await follow(pods, {
      equals: { fields: { 'spec.nodeName': 'node-1' } },
      start: { kind: 'initial', freshness: { kind: 'latest' } },
    });
    expect(watch.events).toEqual(['ADDED n/p1 3', 'ADDED n/p121 123', 'ADDED n/p161 163', 'ADDED n/p41 43', 'ADDED n/p81 83']);
    await pods.create('n', 'other', pod('n', 'other', { node: 'node-2' }));
    await pods.create('n', 'mine', pod('n', 'mine', { node: 'node-1' }));
    await pods.update('n', 'p1', pod('n', 'p1', { node: 'node-2' }), 3);
    expect(watch.events.slice(5)).toEqual(['ADDED n/mine 203', 'MODIFIED n/p1 204 was 3']);
  });

  it('hands out the same list until something changes, and never changes one it has handed out', async () => {
    await pods.create('n', 'a', pod('n', 'a'));
    const one = await pods.list({ freshness: { kind: 'latest' } });
    const two = await pods.list({ freshness: { kind: 'latest' } });
    expect(two.items).toBe(one.items);
    await pods.create('n', 'b', pod('n', 'b'));
    const three = await pods.list({ freshness: { kind: 'latest' } });
    expect([names(one), names(three), three.items[0] === one.items[0]]).toEqual([['n/a'], ['n/a', 'n/b'], true]);
  });

  it('does not fill for writes that nobody reads', async () => {
    await pods.create('n', 'a', pod('n', 'a'));
    expect(store.calls).toEqual({ get: 0, range: 0, watch: 0, currentRevision: 0 });
  });
});
