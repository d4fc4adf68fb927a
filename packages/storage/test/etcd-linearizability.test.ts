import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openEtcdStore } from '../src/etcd.js';
import { type KeyValue, type KeyValueStore, StorageError, type WriteResult } from '../src/index.js';
import { checkLinearizable, EtcdProcess, hasEtcd, type RecordedOperation, type RegisterAction } from '../src/testing.js';

const KEYS = ['/registry/register/a', '/registry/register/b', '/registry/register/c'];

interface History {
  operations: RecordedOperation[];
  /** Which value a revision of a key held; two values for one revision would be a fault of their own. */
  values: Map<string, string>;
}

/** One client: reads a key, then mostly tries to create, replace or delete what it has read. */
async function runClient(store: KeyValueStore, client: number, history: History, isOver: () => boolean): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    const key = KEYS[(client + i) % KEYS.length] as string;
    const seen = await recordRead(store, key, history);
    if (seen === undefined || i % 4 === 3) continue;
    const to = seen !== null && i % 5 === 4 ? null : `${client}-${i}`;
    await recordSwap(store, key, seen, to, history);
  }
}

async function recordRead(store: KeyValueStore, key: string, history: History): Promise<KeyValue | null | undefined> {
  const calledAt = performance.now();
  try {
    const { kv } = await store.get(key);
    note(history, kv);
    history.operations.push({ key, action: { kind: 'read', seen: heldBy(kv) }, calledAt, returnedAt: performance.now() });
    return kv;
  } catch (error) {
    if (!StorageError.is(error, 'STORAGE_UNAVAILABLE')) throw error;
    return undefined;
  }
}

async function recordSwap(store: KeyValueStore, key: string, seen: KeyValue | null, to: string | null, history: History): Promise<void> {
  const calledAt = performance.now();
  const from = heldBy(seen);
  const push = (action: RegisterAction, returnedAt: number): unknown => history.operations.push({ key, action, calledAt, returnedAt });
  let result: WriteResult;
  try {
    if (to === null) result = await store.delete(key, (seen as KeyValue).modRevision);
    else if (seen === null) result = await store.create(key, Buffer.from(to));
    else result = await store.update(key, Buffer.from(to), seen.modRevision);
  } catch (error) {
    if (!StorageError.is(error, 'STORAGE_UNAVAILABLE')) throw error;
    push({ kind: 'swap', from, to, done: null }, Number.POSITIVE_INFINITY);
    return;
  }
  const returnedAt = performance.now();
  if (result.ok) {
    if (to !== null) note(history, { key, value: Buffer.from(to), createRevision: 0, modRevision: result.revision });
    push({ kind: 'swap', from, to, done: true }, returnedAt);
  } else {
    note(history, result.current);
    push({ kind: 'swap', from, to, done: false, seen: heldBy(result.current) }, returnedAt);
  }
}

function heldBy(kv: KeyValue | null): string | null {
  return kv === null ? null : kv.value.toString();
}

function note(history: History, kv: KeyValue | null): void {
  if (kv === null) return;
  const id = `${kv.key}@${kv.modRevision}`;
  const value = kv.value.toString();
  expect(history.values.get(id) ?? value).toBe(value);
  history.values.set(id, value);
}

describe('linearizability', () => {
  it('has keys to check', () => {
    expect(new Set(KEYS).size).toBe(3);
  });

  if (hasEtcd()) {
    it('holds for reads, swaps and deletions of a few keys while etcd is killed, paused and started again', async () => {
      const etcd = await EtcdProcess.start();
      const stores = await Promise.all(
        [1, 2].map(() => openEtcdStore({ endpoints: [etcd.url], requestTimeoutMs: 500, attemptTimeoutMs: 200 })),
      );
      try {
        const history: History = { operations: [], values: new Map() };
        let isOver = false;
        const clients = Array.from({ length: 8 }, (_, client) =>
          runClient(stores[client % 2] as KeyValueStore, client, history, () => isOver),
        );
        const done = (): number => history.operations.filter(({ action }) => action.kind === 'swap' && action.done === true).length;
        const progress = async (swapCount: number): Promise<void> => {
          const target = done() + swapCount;
          await expect.poll(done, { timeout: 15_000, interval: 10 }).toBeGreaterThan(target);
        };
        for (let round = 0; round < 3; round++) {
          await progress(30);
          await etcd.kill();
          await etcd.start();
          await progress(30);
          await etcd.pause();
          await sleep(500);
          etcd.resume();
        }
        await progress(30);
        isOver = true;
        await Promise.all(clients);
        for (const key of KEYS) await recordRead(stores[0] as KeyValueStore, key, history);
        const { operations } = history;
        const count = (test: (action: RegisterAction) => boolean): number => operations.filter(({ action }) => test(action)).length;
        // A history without refusals, successes and lost answers would prove little.
        expect(count((action) => action.kind === 'read')).toBeGreaterThan(200);
        expect(done()).toBeGreaterThan(200);
        expect(count((action) => action.kind === 'swap' && action.done === false)).toBeGreaterThan(10);
        expect(count((action) => action.kind === 'swap' && action.done === null)).toBeGreaterThan(1);
        expect(checkLinearizable(operations)).toEqual({ ok: true });
        // The checker must be able to see a fault in this very history: one answer that nobody can have got.
        const index = operations.findLastIndex(({ action }) => action.kind === 'read');
        const broken = operations.with(index, {
          ...(operations[index] as RecordedOperation),
          action: { kind: 'read', seen: 'never written' },
        });
        expect(checkLinearizable(broken).ok).toBe(false);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
        await etcd.dispose();
      }
    });
  }
});
