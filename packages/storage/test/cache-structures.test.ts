import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventRing, ResourceChange } from '../src/cache/event-ring.js';
import { compareKeys } from '../src/cache/key-order.js';
import { indexAfter, OrderedObjects } from '../src/cache/ordered-objects.js';
import { stateAt } from '../src/cache/state-at.js';
import { type Watcher, WatcherSet } from '../src/cache/watcher-set.js';
import type { ResourceWatchOptions, StoredObject } from '../src/index.js';

function object(namespace: string, name: string, revision = 1, labels: Record<string, string> = {}, node = ''): StoredObject {
  return {
    key: namespace === '' ? `/r/${name}` : `/r/${namespace}/${name}`,
    namespace,
    name,
    json: Buffer.alloc(100),
    modRevision: revision,
    selectable: { labels, fields: { 'metadata.name': name, 'spec.nodeName': node } },
    stale: false,
  };
}

describe('ordered objects', () => {
  const space = fc.constantFrom('a', 'a-b', 'b', 'a.b');
  const name = fc.constantFrom(...Array.from({ length: 90 }, (_, i) => `n${i}`));
  const change = fc.record({ space, name, node: fc.constantFrom('x', 'y', 'z'), label: fc.constantFrom('1', '2', ''), gone: fc.boolean() });

  it('lists and indexes like a plain map, and lists handed out do not change', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(change, fc.nat({ max: 5 })), { maxLength: 300 }), (changes) => {
        const objects = new OrderedObjects();
        const plain = new Map<string, StoredObject>();
        const handed: { list: readonly StoredObject[]; copy: StoredObject[] }[] = [];
        const listed = (namespace: string): StoredObject[] =>
          [...plain.values()].filter((item) => namespace === '' || item.namespace === namespace).sort((a, b) => compareKeys(a.key, b.key));
        changes.forEach(([{ space: at, name: called, node, label, gone }, look], i) => {
          const next = object(at, called, i, label === '' ? {} : { app: label }, node);
          if (gone) {
            expect(objects.delete(at, called)).toBe(plain.get(next.key));
            plain.delete(next.key);
          } else {
            expect(objects.set(next)).toBe(plain.get(next.key));
            plain.set(next.key, next);
          }
          if (look > 1) return;
          for (const namespace of ['', at]) {
            const list = objects.list(namespace);
            expect(list).toEqual(listed(namespace));
            handed.push({ list, copy: [...list] });
          }
          const found = objects.candidates('', { labels: { app: '1' }, fields: { 'spec.nodeName': node } });
          const wanted = listed('').filter(
            (item) => item.selectable.labels['app'] === '1' && item.selectable.fields['spec.nodeName'] === node,
          );
          if (found !== null) expect(found.filter((item) => wanted.includes(item))).toEqual(wanted);
        });
        expect(objects.size).toBe(plain.size);
        for (const { list, copy } of handed) expect(list).toEqual(copy);
      }),
      { numRuns: process.env['SLOW'] === '1' ? 500 : 40 },
    );
  });

  it('answers selective lists from an index instead of walking', () => {
    const objects = new OrderedObjects();
    for (let i = 0; i < 1000; i++) objects.set(object(i % 2 === 0 ? 'a' : 'b', `p${i}`, i, { app: `app-${i % 100}` }, `node-${i % 50}`));
    const names = (found: readonly StoredObject[] | null): string[] | undefined => found?.map((item) => `${item.namespace}/${item.name}`);
    expect(names(objects.candidates('', { labels: { app: 'app-7' } }))).toEqual(
      [7, 107, 207, 307, 407, 507, 607, 707, 807, 907].map((i) => `b/p${i}`).sort(),
    );
    expect(names(objects.candidates('a', { labels: { app: 'app-7' } }))).toEqual([]);
    expect(objects.candidates('', { fields: { 'spec.nodeName': 'node-3' } })?.length).toBe(20);
    expect(objects.candidates('', { fields: { 'spec.nodeName': 'none' } })).toEqual([]);
    expect(objects.candidates('', {})).toBeNull();
    // A field that nobody has is the empty string everywhere: no gain in an index.
    expect(objects.candidates('', { fields: { 'spec.other': '' } })).toBeNull();
    objects.set(object('b', 'p7', 2000, { app: 'other' }));
    objects.delete('b', 'p107');
    expect(objects.candidates('', { labels: { app: 'app-7' } })?.length).toBe(8);
  });

  it('finds the place after a key', () => {
    const list = ['a', 'c', 'e'].map((key) => object('', key));
    expect(['/r/', '/r/a', '/r/b', '/r/e', '/r/f'].map((key) => indexAfter(list, key))).toEqual([0, 1, 1, 3, 3]);
  });
});

describe('event ring', () => {
  const event = (revision: number, previous: StoredObject | null = null): ResourceChange =>
    new ResourceChange(previous === null ? 'ADDED' : 'MODIFIED', object('', 'a', revision), previous, revision);

  it('is bounded in number and tells from where it is complete', () => {
    const ring = new EventRing({ countMax: 100, bytesMax: 1e9 });
    ring.reset(5);
    expect([ring.floor, ring.after(5)]).toEqual([5, []]);
    for (let revision = 6; revision <= 1005; revision++) ring.push(event(revision));
    expect([ring.count, ring.floor]).toEqual([100, 905]);
    expect(ring.after(1000).map((item) => item.revision)).toEqual([1001, 1002, 1003, 1004, 1005]);
    expect(ring.after(905).length).toBe(100);
    expect(ring.after(1005)).toEqual([]);
  });

  it('is bounded in bytes, counting what the events keep alive', () => {
    const ring = new EventRing({ countMax: 1e9, bytesMax: 10_000 });
    const first = event(1);
    // 256 for the event, 100 for the object.
    expect(first.sizeBytes).toBe(356);
    expect(event(2, object('', 'a')).sizeBytes).toBe(456);
    for (let revision = 1; revision <= 1000; revision++) ring.push(event(revision));
    expect([ring.count, ring.sizeBytes, ring.floor]).toEqual([28, 28 * 356, 972]);
  });

  it('lets memos go', () => {
    const one = event(1);
    one.memo.set('form', 'bytes');
    expect(one.memo.get('form')).toBe('bytes');
    one.release();
    expect(one.memo.size).toBe(0);
  });

  it('undoes changes to tell an older state', () => {
    const ring = new EventRing({ countMax: 100, bytesMax: 1e9 });
    ring.reset(10);
    const [a1, a2, b1, c1] = [object('n', 'a', 9), object('n', 'a', 11), object('n', 'b', 12), object('n', 'c', 8)];
    ring.push(new ResourceChange('MODIFIED', a2, a1, 11));
    ring.push(new ResourceChange('ADDED', b1, null, 12));
    ring.push(new ResourceChange('DELETED', c1, c1, 13));
    ring.push(new ResourceChange('MODIFIED', object('n', 'a', 14), a2, 14));
    const now = [object('n', 'a', 14), b1];
    const at = (revision: number): unknown => stateAt(ring, revision, now, {})?.map((item) => `${item.name}@${item.modRevision}`);
    expect([14, 13, 12, 11, 10, 9].map(at)).toEqual([
      ['a@14', 'b@12'],
      ['a@11', 'b@12'],
      ['a@11', 'b@12', 'c@8'],
      ['a@11', 'c@8'],
      ['a@9', 'c@8'],
      undefined,
    ]);
    expect(stateAt(ring, 10, [], { namespace: 'other' })).toEqual([]);
  });
});

describe('watcher set', () => {
  it('shows a change only to those it may concern, each once', () => {
    const set = new WatcherSet();
    const add = (name: string, options: Partial<ResourceWatchOptions>): [string, Watcher] => {
      const watcher = {
        options: { start: { kind: 'after', revision: 0 }, onEvent() {}, onEnd() {}, ...options },
        after: 0,
        closed: false,
      } as Watcher;
      set.add(watcher);
      set.add(watcher);
      return [name, watcher];
    };
    const watchers = [
      add('all', {}),
      add('space', { namespace: 'n' }),
      add('other space', { namespace: 'm' }),
      add('object', { namespace: 'n', name: 'a' }),
      add('name anywhere', { name: 'a' }),
      add('other object', { namespace: 'n', name: 'b' }),
      add('node x', { equals: { fields: { 'spec.nodeName': 'x' } } }),
      add('node y', { equals: { fields: { 'spec.nodeName': 'y' } } }),
      add('node z', { namespace: 'n', equals: { fields: { 'spec.nodeName': 'z' } } }),
      add('label', { equals: { labels: { app: '1' } } }),
    ];
    expect(set.size).toBe(10);
    const visited: string[] = [];
    const nameOf = (watcher: Watcher): string => watchers.find(([, item]) => item === watcher)?.[0] ?? '';
    const moved = [object('n', 'a', 2, {}, 'y').selectable, object('n', 'a', 1, {}, 'x').selectable];
    set.visit({ namespace: 'n', name: 'a' }, moved, (watcher) => visited.push(nameOf(watcher)));
    expect(visited).toEqual(['all', 'label', 'space', 'object', 'name anywhere', 'node y', 'node x']);
    for (const [, watcher] of watchers) set.delete(watcher);
    expect([set.size, [...set]]).toEqual([0, []]);
  });
});
