import assert from 'node:assert/strict';
import { StorageError } from '../errors.js';
import type { StoreCase } from './contract.js';
import { WatchRecorder } from './watch-recorder.js';
import { revisionOf } from './write-cases.js';

const text = (value: string): Buffer => Buffer.from(value);

/** Order, history, previous values, progress and ends of watches. */
export const watchCases: readonly StoreCase[] = [
  {
    name: 'replays history to a watch, then follows, in revision order',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      await store.create(`${prefix}a`, text('1'));
      const beside = revisionOf(await store.create('/contract-beside/a', text('1')));
      await store.delete('/contract-beside/a', beside);
      const second = revisionOf(await store.create(`${prefix}b`, text('2')));
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      const third = revisionOf(await store.update(`${prefix}a`, text('3'), start + 1));
      const fourth = revisionOf(await store.delete(`${prefix}b`, second));
      await watch.until('4 changes', () => watch.changes.length >= 4);
      watch.handle.close();
      assert.deepEqual(watch.lines, [
        `put ${prefix}a=1 @${start + 1}`,
        `put ${prefix}b=2 @${second}`,
        `put ${prefix}a=3 @${third}`,
        `delete ${prefix}b @${fourth}`,
      ]);
      const [, , update, deletion] = watch.changes;
      assert.deepEqual([update?.kv.createRevision, update?.prev, deletion?.kv.value.length], [start + 1, undefined, 0]);
      assert.deepEqual(watch.faults, []);
    },
  },
  {
    name: 'starts at the revision asked for, in the past or in the future',
    run: async ({ store, prefix }) => {
      const first = revisionOf(await store.create(`${prefix}a`, text('1')));
      const second = revisionOf(await store.create(`${prefix}b`, text('1')));
      const past = new WatchRecorder(store, { prefix, startRevision: second });
      const future = new WatchRecorder(store, { prefix, startRevision: second + 2 });
      await store.update(`${prefix}a`, text('2'), first);
      await store.update(`${prefix}b`, text('2'), second);
      await past.until('3 changes', () => past.changes.length >= 3);
      await future.until('1 change', () => future.changes.length >= 1);
      assert.deepEqual(
        past.changes.map((change) => change.kv.modRevision),
        [second, second + 1, second + 2],
      );
      assert.deepEqual(
        future.changes.map((change) => change.kv.modRevision),
        [second + 2],
      );
      assert.deepEqual([past.faults, future.faults], [[], []]);
      past.handle.close();
      future.handle.close();
    },
  },
  {
    name: 'tells what a key held before when asked to',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1, prevKv: true });
      await store.create(`${prefix}a`, text('1'));
      await store.update(`${prefix}a`, text('2'), start + 1);
      await store.delete(`${prefix}a`, start + 2);
      await watch.until('3 changes', () => watch.changes.length >= 3);
      const replayed = new WatchRecorder(store, { prefix, startRevision: start + 1, prevKv: true });
      await replayed.until('3 changes', () => replayed.changes.length >= 3);
      for (const recorder of [watch, replayed]) {
        assert.deepEqual(
          recorder.changes.map(({ prev }) => prev && `${prev.key}=${prev.value} ${prev.createRevision} ${prev.modRevision}`),
          [undefined, `${prefix}a=1 ${start + 1} ${start + 1}`, `${prefix}a=2 ${start + 1} ${start + 2}`],
        );
        recorder.handle.close();
      }
    },
  },
  {
    name: 'delivers every change of concurrent writers once and in order, to watchers that come and go',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const early = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      const revisions: number[] = [];
      const late: WatchRecorder[] = [];
      await Promise.all(
        Array.from({ length: 8 }, async (_, writer) => {
          for (let i = 0; i < 25; i++) {
            revisions.push(revisionOf(await store.create(`${prefix}${writer}/${i}`, text(String(i)))));
            if (i === 12) late.push(new WatchRecorder(store, { prefix, startRevision: start + 1 + writer * 20 }));
          }
        }),
      );
      const sorted = revisions.toSorted((a, b) => a - b);
      assert.equal(sorted.length, 200);
      for (const watch of [early, ...late]) {
        const from = watch === early ? start + 1 : start + 1 + late.indexOf(watch) * 20;
        const wanted = sorted.filter((revision) => revision >= (watch === early ? from : 0));
        await watch.reach(sorted.at(-1) as number);
        const got = watch.changes.map((change) => change.kv.modRevision);
        assert.deepEqual(got, watch === early ? wanted : sorted.slice(sorted.indexOf(got[0] as number)));
        assert.deepEqual(watch.faults, []);
        watch.handle.close();
      }
      assert.equal(late.length, 8);
    },
  },
  {
    name: 'goes on after the last revision of an earlier watch without losing or repeating a change',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const first = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      for (let i = 0; i < 5; i++) await store.create(`${prefix}${i}`, text(String(i)));
      await first.until('5 changes', () => first.changes.length >= 5);
      first.handle.close();
      const until = first.revision;
      for (let i = 5; i < 10; i++) await store.create(`${prefix}${i}`, text(String(i)));
      const second = new WatchRecorder(store, { prefix, startRevision: until + 1 });
      await second.until('5 changes', () => second.changes.length >= 5);
      second.handle.close();
      assert.deepEqual(
        [...first.changes, ...second.changes].map((change) => change.kv.value.toString()),
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      );
    },
  },
  {
    name: 'marks progress up to every acknowledged write, after the changes before it',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const busy = new WatchRecorder(store, { prefix: `${prefix}busy/`, startRevision: start + 1 });
      const idle = new WatchRecorder(store, { prefix: `${prefix}idle/`, startRevision: start + 1 });
      for (let i = 0; i < 20; i++) {
        const revision = revisionOf(await store.create(`${prefix}busy/${i}`, text('x')));
        await Promise.all([idle.reach(revision), busy.reach(revision)]);
        assert.equal(busy.changes.length, i + 1);
      }
      assert.deepEqual([idle.changes, idle.faults, busy.faults], [[], [], []]);
      assert.ok(idle.batches.length >= 20);
      idle.handle.close();
      busy.handle.close();
    },
  },
  {
    name: 'delivers nothing after a watch was closed',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const closed = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      const open = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      closed.handle.close();
      closed.handle.close();
      await store.create(`${prefix}a`, text('1'));
      await open.until('1 change', () => open.changes.length >= 1);
      open.handle.close();
      assert.deepEqual([closed.batches, closed.ended], [[], null]);
    },
  },
  {
    name: 'ends a watch whose history was compacted',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      for (let i = 0; i < 4; i++) await store.create(`${prefix}${i}`, text('x'));
      await store.compact(start + 3);
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 2 });
      await watch.until('the end', () => watch.ended !== null);
      assert.ok(StorageError.is(watch.ended, 'STORAGE_COMPACTED'));
      assert.deepEqual(watch.ended.data, { requestedRevision: start + 2, compactRevision: start + 3 });
      assert.deepEqual(watch.batches, []);
      const after = new WatchRecorder(store, { prefix, startRevision: start + 4 });
      await after.until('1 change', () => after.changes.length >= 1);
      assert.deepEqual(after.lines, [`put ${prefix}3=x @${start + 4}`]);
      after.handle.close();
    },
  },
  {
    name: 'goes on with a watch that has seen what was compacted',
    run: async ({ store, prefix }) => {
      const start = await store.currentRevision();
      const watch = new WatchRecorder(store, { prefix, startRevision: start + 1 });
      await store.create(`${prefix}a`, text('1'));
      await watch.until('1 change', () => watch.changes.length >= 1);
      const last = revisionOf(await store.delete(`${prefix}a`, start + 1));
      await store.compact(last);
      const next = revisionOf(await store.create(`${prefix}a`, text('2')));
      await watch.until('3 changes', () => watch.changes.length >= 3);
      assert.deepEqual(
        watch.changes.map((change) => change.kv.modRevision),
        [start + 1, last, next],
      );
      assert.equal(watch.ended, null);
      watch.handle.close();
    },
  },
];
