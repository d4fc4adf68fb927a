import assert from 'node:assert/strict';
import { StorageError } from '../errors.js';
import type { StoreCase } from './contract.js';
import { WatchRecorder } from './watch-recorder.js';
import { revisionOf } from './write-cases.js';

const text = (value: string): Buffer => Buffer.from(value);
const isClosed = (error: unknown): boolean => StorageError.is(error, 'STORAGE_CLOSED');

/** Expiry, health and closing. */
export const lifetimeCases: readonly StoreCase[] = [
  {
    name: 'deletes keys when their time is over, unless they were written anew without one',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      await store.create(`${prefix}gone`, text('1'), { ttlSeconds: 1 });
      await store.create(`${prefix}kept`, text('1'), { ttlSeconds: 1 });
      await store.update(`${prefix}kept`, text('2'), start + 2);
      await store.create(`${prefix}later`, text('1'), { ttlSeconds: 600 });
      await watch.until('a deletion', () => watch.changes.some((change) => change.type === 'delete'), 15_000);
      assert.deepEqual(watch.lines.slice(4), [`delete ${prefix}gone @${watch.revision}`]);
      assert.deepEqual(
        (await store.range({ prefix })).kvs.map((kv) => kv.key.slice(prefix.length)),
        ['kept', 'later'],
      );
      watch.handle.close();
    },
  },
  {
    name: 'is healthy',
    run: async ({ store }) => {
      assert.equal(await store.checkHealth(), undefined);
    },
  },
  {
    name: 'finishes writes on closing, then ends watches and refuses everything',
    run: async ({ openAnother, prefix }) => {
      const store = await openAnother();
      const start = await store.currentRevision();
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      const idle = new WatchRecorder(store, { prefix: `${prefix}idle/`, startRevision: start + 1 });
      const writes = Array.from({ length: 20 }, (_, i) => store.create(`${prefix}${i}`, text('x')));
      await store.close();
      assert.deepEqual(
        (await Promise.all(writes)).map((result) => revisionOf(result)).toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => start + 1 + i),
      );
      assert.ok(isClosed(watch.ended));
      assert.ok(isClosed(idle.ended));
      await assert.rejects(store.get(`${prefix}0`), isClosed);
      await assert.rejects(store.range({ prefix }), isClosed);
      await assert.rejects(async () => store.create(`${prefix}a`, text('x')), isClosed);
      await assert.rejects(async () => store.update(`${prefix}a`, text('x'), 1), isClosed);
      await assert.rejects(async () => store.delete(`${prefix}a`, 1), isClosed);
      await assert.rejects(store.currentRevision(), isClosed);
      await assert.rejects(store.checkHealth(), isClosed);
      const late = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      await late.until('the end', () => late.ended !== null);
      assert.ok(isClosed(late.ended));
      assert.equal(await store.close(), undefined);
    },
  },
];
