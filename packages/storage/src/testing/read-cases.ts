import assert from 'node:assert/strict';
import { StorageError } from '../errors.js';
import type { KeyValueStore, RangeOptions } from '../key-value-store.js';
import type { StoreCase } from './contract.js';
import { revisionOf } from './write-cases.js';

const text = (value: string): Buffer => Buffer.from(value);

async function rows(store: KeyValueStore, options: RangeOptions): Promise<string[]> {
  return (await store.range(options)).kvs.map((kv) => `${kv.key.slice(options.prefix.length)}=${kv.value}@${kv.modRevision}`);
}

async function fill(store: KeyValueStore, prefix: string, names: readonly string[]): Promise<number[]> {
  const revisions: number[] = [];
  for (const name of names) revisions.push(revisionOf(await store.create(`${prefix}${name}`, text(name))));
  return revisions;
}

/** Ranges, limits, history and compaction. */
export const readCases: readonly StoreCase[] = [
  {
    name: 'lists a prefix in key order, and nothing beside it',
    run: async ({ store, prefix }) => {
      const p = `${prefix}p/`;
      await store.create(`${prefix}p`, text('before'));
      await store.create(`${prefix}p0`, text('after'));
      const [c, a, ab, b] = await fill(store, p, ['c', 'a', 'a/b', 'b']);
      assert.deepEqual(await rows(store, { prefix: p }), [`a=a@${a}`, `a/b=a/b@${ab}`, `b=b@${b}`, `c=c@${c}`]);
      assert.deepEqual(
        (await store.range({ prefix: `${prefix}p` })).kvs.map((kv) => kv.key.slice(prefix.length)),
        ['p', 'p/a', 'p/a/b', 'p/b', 'p/c', 'p0'],
      );
      assert.deepEqual(await store.range({ prefix: `${prefix}nothing/` }), {
        kvs: [],
        count: 0,
        more: false,
        revision: await store.currentRevision(),
      });
    },
  },
  {
    name: 'cuts at the limit and says how many there are',
    run: async ({ store, prefix }) => {
      await fill(store, prefix, ['a', 'b', 'c']);
      const page = await store.range({ prefix, limit: 2 });
      assert.deepEqual([page.kvs.map((kv) => kv.value.toString()), page.count, page.more], [['a', 'b'], 3, true]);
      const whole = await store.range({ prefix, limit: 3 });
      assert.deepEqual([whole.kvs.length, whole.count, whole.more], [3, 3, false]);
    },
  },
  {
    name: 'goes on from a start key in the same snapshot',
    run: async ({ store, prefix }) => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const revisions = await fill(store, prefix, names);
      const first = await store.range({ prefix, limit: 2 });
      await store.delete(`${prefix}d`, revisions[3] as number);
      await store.create(`${prefix}bb`, text('late'));
      const second = await store.range({ prefix, startKey: `${prefix}b\u0000`, limit: 2, revision: first.revision });
      assert.deepEqual([second.kvs.map((kv) => kv.value.toString()), second.count, second.more], [['c', 'd'], 3, true]);
      assert.equal(second.revision, first.revision);
      const third = await store.range({ prefix, startKey: `${prefix}d\u0000`, limit: 2, revision: first.revision });
      assert.deepEqual([third.kvs.map((kv) => kv.value.toString()), third.count, third.more], [['e'], 1, false]);
      assert.deepEqual(
        (await store.range({ prefix, startKey: `${prefix}b` })).kvs.map((kv) => kv.key.slice(prefix.length)),
        ['b', 'bb', 'c', 'e'],
      );
      assert.equal((await store.range({ prefix, startKey: '/' })).count, 5);
      assert.equal((await store.range({ prefix, startKey: `${prefix}z` })).count, 0);
    },
  },
  {
    name: 'lists more rows than fit into one answer',
    run: async ({ store, prefix }) => {
      const names = Array.from({ length: 600 }, (_, i) => String(i).padStart(4, '0'));
      await Promise.all(names.map((name) => store.create(`${prefix}${name}`, text(name))));
      const all = await store.range({ prefix });
      assert.deepEqual([all.kvs.map((kv) => kv.value.toString()), all.count, all.more], [names, 600, false]);
    },
  },
  {
    name: 'leaves out values or rows when only keys or the count are asked for',
    run: async ({ store, prefix }) => {
      const [a, b] = await fill(store, prefix, ['a', 'b']);
      assert.deepEqual(await rows(store, { prefix, keysOnly: true }), [`a=@${a}`, `b=@${b}`]);
      const counted = await store.range({ prefix, countOnly: true });
      assert.deepEqual([counted.kvs, counted.count], [[], 2]);
    },
  },
  {
    name: 'reads every older revision as it was',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      await store.create(`${prefix}a`, text('1'));
      await store.create(`${prefix}b`, text('1'));
      await store.update(`${prefix}a`, text('2'), start + 1);
      await store.delete(`${prefix}b`, start + 2);
      await store.create(`${prefix}b`, text('3'));
      const expected = [
        [],
        [`a=1@${start + 1}`],
        [`a=1@${start + 1}`, `b=1@${start + 2}`],
        [`a=2@${start + 3}`, `b=1@${start + 2}`],
        [`a=2@${start + 3}`],
        [`a=2@${start + 3}`, `b=3@${start + 5}`],
      ];
      for (const [i, want] of expected.entries()) assert.deepEqual(await rows(store, { prefix, revision: start + i }), want);
      assert.equal((await store.get(`${prefix}a`, { revision: start + 2 })).kv?.value.toString(), '1');
      assert.equal((await store.get(`${prefix}b`, { revision: start + 4 })).kv, null);
      assert.equal((await store.get(`${prefix}b`, { revision: start + 5 })).kv?.createRevision, start + 5);
    },
  },
  {
    name: 'refuses revisions that lie in the future',
    run: async ({ store, prefix }) => {
      const revision = await store.currentRevision();
      const isFuture = (error: unknown): boolean => {
        assert.ok(StorageError.is(error, 'STORAGE_FUTURE_REVISION'));
        assert.deepEqual(error.data, { requestedRevision: revision + 10, currentRevision: revision });
        return true;
      };
      await assert.rejects(store.range({ prefix, revision: revision + 10 }), isFuture);
      await assert.rejects(store.get(`${prefix}a`, { revision: revision + 10 }), isFuture);
      await assert.rejects(store.compact(revision + 10), isFuture);
    },
  },
  {
    name: 'forgets what lies before a compaction and keeps the rest',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      await store.create(`${prefix}a`, text('1'));
      await store.create(`${prefix}b`, text('1'));
      await store.update(`${prefix}a`, text('2'), start + 1);
      await store.update(`${prefix}a`, text('3'), start + 3);
      await store.compact(start + 3);
      await store.compact(start + 2);
      assert.deepEqual(await rows(store, { prefix, revision: start + 3 }), [`a=2@${start + 3}`, `b=1@${start + 2}`]);
      assert.deepEqual(await rows(store, { prefix }), [`a=3@${start + 4}`, `b=1@${start + 2}`]);
      await assert.rejects(store.range({ prefix, revision: start + 2 }), (error: unknown) => {
        assert.ok(StorageError.is(error, 'STORAGE_COMPACTED'));
        assert.deepEqual(error.data, { requestedRevision: start + 2, compactRevision: start + 3 });
        return true;
      });
      await assert.rejects(store.get(`${prefix}a`, { revision: start + 1 }), (error: unknown) =>
        StorageError.is(error, 'STORAGE_COMPACTED'),
      );
    },
  },
];
