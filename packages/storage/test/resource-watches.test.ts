/** Watches of objects, with and without a cache. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStorageFactory } from '../src/index.js';
import { codeOf, type EncryptedPodBed, follow, names, openEncryptedPodBed, PODS, pod, STORAGE_MODES, until } from './support/pod-bed.js';

describe.each(STORAGE_MODES)('resource watches, $mode', (mode) => {
  let bed: EncryptedPodBed;

  beforeEach(async () => {
    bed = await openEncryptedPodBed(mode);
  });
  afterEach(() => bed.close());

  it('watches from the present state and from a revision', async () => {
    const { pods, make } = bed;
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
    const { embedded, transformer, pods, make } = bed;
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
    const { embedded, transformer, pods, make } = bed;
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
    const { embedded, pods, make } = bed;
    await make('n', 'a');
    const seen = await follow(pods, { namespace: 'quiet', start: { kind: 'after', revision: 2 } });
    expect(seen.handle.revision).toBe(0);
    await embedded.create('/registry/other/x', Buffer.from('{}'));
    await until(() => seen.progress.includes(3) && seen.handle.revision === 3, 'progress to revision 3');
    expect([seen.events, seen.ends]).toEqual([[], []]);
  });

  it('ends watches that should have shown a value that cannot be read', async () => {
    const { embedded, transformer, pods, make, list } = bed;
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

  it('applies changes in order although some values take longer to decrypt', async () => {
    const { embedded, transformer, pods, list } = bed;
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
    const { pods, make } = bed;
    await make('n', 'a');
    const seen = await follow(pods, { start: { kind: 'initial', freshness: { kind: 'any' } } });
    await pods.close();
    expect(seen.ends).toEqual(['STORAGE_CLOSED']);
    expect(await codeOf(follow(pods, { start: { kind: 'after', revision: 2 } }))).toBe('STORAGE_CLOSED');
  });
});
