import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyValueStore, openEmbeddedStore, StorageError } from '../src/index.js';

/** Keys whose order differs between UTF-8 and UTF-16, and that are prefixes of each other. */
const KEYS = ['/m/a', '/m/a-b', '/m/a/b', '/m/b', '/m/\uff5e', '/m/\u{1f600}', '/n/a'];

type Step =
  | { type: 'put'; key: string; value: string }
  | { type: 'delete'; key: string }
  | { type: 'compact'; back: number }
  | { type: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('put' as const), key: fc.constantFrom(...KEYS), value: fc.string({ maxLength: 8 }) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reopen' as const }) },
);

type State = ReadonlyMap<string, { value: string; createRevision: number; modRevision: number }>;

/** The plainest store there is: every state it ever had. */
class Model {
  revision = 1;
  compacted = 0;
  readonly states = new Map<number, State>([[1, new Map()]]);
  readonly changes: string[] = [];

  get now(): State {
    return this.states.get(this.revision) as State;
  }

  put(key: string, value: string): void {
    const next = new Map(this.now);
    const revision = ++this.revision;
    next.set(key, { value, createRevision: this.now_(key)?.createRevision ?? revision, modRevision: revision });
    this.states.set(revision, next);
    this.changes.push(`put ${key} ${revision} ${value}`);
  }

  delete(key: string): void {
    const next = new Map(this.now);
    next.delete(key);
    this.states.set(++this.revision, next);
    this.changes.push(`delete ${key} ${this.revision} `);
  }

  now_(key: string): { createRevision: number } | undefined {
    return (this.states.get(this.revision - 1) ?? this.now).get(key);
  }

  rows(prefix: string, revision: number): unknown[] {
    return [...(this.states.get(revision) as State)]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, row]) => ({ key, ...row }));
  }
}

async function rows(store: KeyValueStore, prefix: string, revision: number, limit: number): Promise<unknown[]> {
  const out: unknown[] = [];
  let startKey: string | undefined;
  let total: number | null = null;
  for (;;) {
    const page = await store.range({ prefix, revision, limit, ...(startKey === undefined ? {} : { startKey }) });
    total ??= page.count;
    expect(page.count).toBe(total - out.length);
    for (const { key, value, createRevision, modRevision } of page.kvs)
      out.push({ key, value: value.toString(), createRevision, modRevision });
    expect(page.more).toBe(out.length < total);
    if (!page.more) return out;
    startKey = `${page.kvs[page.kvs.length - 1]?.key}\0`;
  }
}

async function history(store: KeyValueStore, from: number, to: number): Promise<string[]> {
  const seen: string[] = [];
  return new Promise((resolve, reject) => {
    const handle = store.watch({
      prefix: '/',
      startRevision: from,
      onBatch: ({ changes, revision }) => {
        for (const { type, kv } of changes) seen.push(`${type} ${kv.key} ${kv.modRevision} ${kv.value.toString()}`);
        if (revision < to) return;
        handle.close();
        resolve(seen);
      },
      onEnd: reject,
    });
    handle.requestProgress();
  });
}

describe('embedded store, history', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'k-history-'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('reads every revision since the last compaction as the plainest store would', async () => {
    let folder = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, limit) => {
        const dir = join(root, String(folder++));
        const options = { dir, compactionIntervalMs: 0 };
        let store = await openEmbeddedStore(options);
        const model = new Model();
        try {
          for (const action of steps) {
            if (action.type === 'reopen') {
              await store.close();
              store = await openEmbeddedStore(options);
            } else if (action.type === 'compact') {
              const revision = Math.max(1, model.revision - action.back);
              await store.compact(revision);
              model.compacted = Math.max(model.compacted, revision);
            } else {
              const modRevision = model.now.get(action.key)?.modRevision ?? 0;
              if (action.type === 'put') {
                model.put(action.key, action.value);
                const value = Buffer.from(action.value);
                const result =
                  modRevision === 0 ? await store.create(action.key, value) : await store.update(action.key, value, modRevision);
                expect(result).toEqual({ ok: true, revision: model.revision });
              } else if (modRevision > 0) {
                model.delete(action.key);
                expect(await store.delete(action.key, modRevision)).toEqual({ ok: true, revision: model.revision });
              }
            }
          }
          for (let revision = Math.max(1, model.compacted); revision <= model.revision; revision++) {
            for (const prefix of ['/m/', '/m/a', '/'])
              expect(await rows(store, prefix, revision, limit)).toEqual(model.rows(prefix, revision));
          }
          if (model.compacted > 1) {
            const error = await store.range({ prefix: '/', revision: model.compacted - 1 }).catch((cause: unknown) => cause);
            expect(StorageError.is(error, 'STORAGE_COMPACTED') && error.data.compactRevision).toBe(model.compacted);
          }
          const from = Math.max(2, model.compacted + 1);
          if (from <= model.revision) expect(await history(store, from, model.revision)).toEqual(model.changes.slice(from - 2));
        } finally {
          await store.close();
          rmSync(dir, { recursive: true });
        }
      }),
      { numRuns: process.env['SLOW'] === '1' ? 500 : 25 },
    );
  });

  it('gives back what compaction has swept', async () => {
    const { Tables } = await import('../src/embedded/tables.js');
    const dir = join(root, 'sweep');
    const store = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
    let revision = 0;
    for (let i = 0; i < 50; i++) {
      const result = revision === 0 ? await store.create('/k', Buffer.from('v')) : await store.update('/k', Buffer.from('v'), revision);
      revision = result.revision;
    }
    await store.create('/gone', Buffer.from('v'));
    await store.delete('/gone', revision + 1);
    await store.create('/last', Buffer.from('v'));
    await store.compact(await store.currentRevision());
    await store.close();
    const tables = await Tables.open(dir, 2 ** 30);
    expect([...tables.records(0, 1000)].map((record) => `${record.key} ${record.modRevision}`)).toEqual(['/k 51', '/last 54']);
    expect([...tables.oldEntries('/', '/')]).toEqual([]);
    await tables.close();
  });

  it('compacts by itself when there is too much history, and by the clock', async () => {
    const store = await openEmbeddedStore({ dir: join(root, 'bounded'), compactionIntervalMs: 0, historyCountMax: 100 });
    for (let i = 0; i < 30; i++) await Promise.all(Array.from({ length: 10 }, (_, j) => store.create(`/k/${i}-${j}`, Buffer.from('v'))));
    const current = await store.currentRevision();
    const old = await store.range({ prefix: '/', revision: current - 150 }).catch((cause: unknown) => cause);
    expect(StorageError.is(old, 'STORAGE_COMPACTED')).toBe(true);
    expect((await store.range({ prefix: '/', revision: current - 90, countOnly: true })).count).toBe(current - 91);
    await store.close();
    const clocked = await openEmbeddedStore({ dir: join(root, 'clocked'), compactionIntervalMs: 40 });
    await clocked.create('/a', Buffer.from('v'));
    await clocked.create('/b', Buffer.from('v'));
    const isCompacted = async (): Promise<boolean> =>
      clocked.get('/a', { revision: 2 }).then(
        () => false,
        () => true,
      );
    const deadline = Date.now() + 5000;
    while (!(await isCompacted()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    const error = await clocked.get('/a', { revision: 2 }).catch((cause: unknown) => cause);
    expect(StorageError.is(error, 'STORAGE_COMPACTED') && error.data).toEqual({ requestedRevision: 2, compactRevision: 3 });
    await clocked.close();
  });
});
