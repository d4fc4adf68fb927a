/** What only a cache does. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ResourceStorage, StorageError, type ValueTransformer } from '../src/index.js';
import { codeOf, follow, names, openPodBed, PODS, type PodBed, pod, TestTransformer, until } from './support/pod-bed.js';

describe('watch cache', () => {
  let bed: PodBed;
  let embedded: PodBed['embedded'];
  let store: PodBed['store'];
  let factory: PodBed['factory'];
  let pods: ResourceStorage;

  beforeEach(async () => {
    bed = await openPodBed();
    ({ embedded, store, factory } = bed);
    pods = factory.open(PODS);
  });
  afterEach(() => bed.close());

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
    // Each waits for three seconds, all at the same time.
    expect(Date.now() - started).toBeLessThan(10_000);
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
