import assert from 'node:assert/strict';
import type { WriteResult } from '../key-value-store.js';
import type { StoreCase } from './contract.js';

/** The revision of a write that must have been done. */
export function revisionOf(result: WriteResult): number {
  assert.ok(result.ok, 'the write was refused');
  return result.revision;
}

const text = (value: string): Buffer => Buffer.from(value);

/** Guards, revisions and values of writes. */
export const writeCases: readonly StoreCase[] = [
  {
    name: 'raises the revision by one per write, over all keys',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      assert.equal(revisionOf(await store.create(`${prefix}a`, text('1'))), start + 1);
      assert.equal(revisionOf(await store.create(`${prefix}b`, text('1'))), start + 2);
      assert.equal(revisionOf(await store.update(`${prefix}a`, text('2'), start + 1)), start + 3);
      assert.equal(revisionOf(await store.delete(`${prefix}b`, start + 2)), start + 4);
      assert.equal(await store.currentRevision(), start + 4);
      assert.deepEqual((await store.get(`${prefix}a`)).kv, {
        key: `${prefix}a`,
        value: text('2'),
        createRevision: start + 1,
        modRevision: start + 3,
      });
      assert.equal((await store.get(`${prefix}b`)).kv, null);
    },
  },
  {
    name: 'refuses to create what exists and answers with what is there',
    run: async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const revision = revisionOf(await store.create(key, text('1')));
      const refused = await store.create(key, text('2'));
      assert.equal(refused.ok, false);
      assert.deepEqual(!refused.ok && refused.current, { key, value: text('1'), createRevision: revision, modRevision: revision });
      assert.equal(await store.currentRevision(), revision);
    },
  },
  {
    name: 'refuses updates and deletions of another revision and answers with what is there',
    run: async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const first = revisionOf(await store.create(key, text('1')));
      const second = revisionOf(await store.update(key, text('2'), first));
      const current = { key, value: text('2'), createRevision: first, modRevision: second };
      assert.deepEqual(await store.update(key, text('3'), first), { ok: false, current, revision: second });
      assert.deepEqual(await store.delete(key, first), { ok: false, current, revision: second });
      assert.deepEqual((await store.get(key)).kv, current);
    },
  },
  {
    name: 'refuses updates and deletions of what does not exist',
    run: async ({ store, prefix }) => {
      const revision = await store.currentRevision();
      assert.deepEqual(await store.update(`${prefix}a`, text('1'), 1), { ok: false, current: null, revision });
      assert.deepEqual(await store.delete(`${prefix}a`, 1), { ok: false, current: null, revision });
      assert.deepEqual(await store.delete(`${prefix}a`, 0), { ok: false, current: null, revision });
    },
  },
  {
    name: 'gives a key that is created again a new create revision',
    run: async ({ store, prefix }) => {
      const first = revisionOf(await store.create(`${prefix}a`, text('1')));
      await store.delete(`${prefix}a`, first);
      const third = revisionOf(await store.create(`${prefix}a`, text('2')));
      assert.equal(third, first + 2);
      const { kv } = await store.get(`${prefix}a`);
      assert.deepEqual([kv?.createRevision, kv?.modRevision], [third, third]);
    },
  },
  {
    name: 'lets exactly one of many concurrent writers win',
    run: async ({ store, prefix }) => {
      const key = `${prefix}a`;
      const creates = await Promise.all(Array.from({ length: 20 }, (_, i) => store.create(key, text(String(i)))));
      assert.equal(creates.filter((result) => result.ok).length, 1);
      const { kv } = await store.get(key);
      assert.ok(kv);
      const updates = await Promise.all(Array.from({ length: 20 }, (_, i) => store.update(key, text(`u${i}`), kv.modRevision)));
      const winner = updates.findIndex((result) => result.ok);
      assert.equal(updates.filter((result) => result.ok).length, 1);
      assert.equal((await store.get(key)).kv?.value.toString(), `u${winner}`);
      for (const result of updates) if (!result.ok) assert.equal(result.current?.value.toString(), `u${winner}`);
    },
  },
  {
    name: 'keeps every byte of keys and values',
    run: async ({ store, prefix }) => {
      const values = {
        [`${prefix}every-byte`]: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
        [`${prefix}empty`]: Buffer.alloc(0),
        [`${prefix}größe-日本-😀`]: text('größe'),
        [`${prefix}1MiB`]: Buffer.alloc(2 ** 20, 'x'),
      };
      for (const [key, value] of Object.entries(values)) revisionOf(await store.create(key, value));
      for (const [key, value] of Object.entries(values)) {
        const { kv } = await store.get(key);
        assert.equal(kv?.key, key);
        assert.ok(kv.value.equals(value), `the value of ${key} has changed`);
      }
    },
  },
];
