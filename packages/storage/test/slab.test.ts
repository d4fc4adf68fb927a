import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SlabAllocator } from '../src/cache/slab.js';
import { createStorageFactory, openEmbeddedStore, type StoredObject } from '../src/index.js';

const SLAB_BYTES = 256 * 1024;

const objectOf = (json: Buffer, name: string): StoredObject => ({
  ...{ key: `/things/${name}`, namespace: '', name, json, modRevision: 1, stale: false },
  selectable: { labels: {}, fields: {} },
});
const slabsOf = (objects: readonly StoredObject[]): number => new Set(objects.map(({ json }) => json.buffer)).size;

it('many small buffers share a slab, large ones have memory of their own', () => {
  const slabs = new SlabAllocator();
  const small = Array.from({ length: 100 }, () => slabs.allocate(1000));
  expect(new Set(small.map(({ buffer }) => buffer)).size).toBe(1);
  for (const [i, buffer] of small.entries()) buffer.fill(i);
  expect(small.map((buffer) => [buffer[0], buffer[999]])).toEqual(small.map((_, i) => [i, i]));
  expect(slabs.allocate(20_000).buffer.byteLength).toBe(20_000);
  expect(slabs.heldBytes()).toBe(SLAB_BYTES);
});

it('what is left of sparse slabs is moved together, byte for byte, when much is held in vain', () => {
  const slabs = new SlabAllocator();
  const all = Array.from({ length: 20_000 }, (_, i) => objectOf(slabs.allocate(1024).fill(i % 251), String(i)));
  const left = all.filter((_, i) => i % 10 === 0);
  const liveBytes = left.length * 1024;
  expect(slabsOf(left)).toBe(79);
  const before = left.map(({ json }) => json);
  // Not while the history may hold the rest.
  expect(slabs.tidy(left, liveBytes, 20_000 * 1024)).toBe(0);
  const again = Array.from({ length: 20_000 }, (_, i) => objectOf(slabs.allocate(1024), String(i))).filter((_, i) => i % 10 === 0);
  expect(again).toHaveLength(left.length);
  expect(slabs.tidy(left, liveBytes, 0)).toBe(left.length);
  expect(slabsOf(left)).toBeLessThanOrEqual(9);
  expect(left.every(({ json }, i) => json !== before[i] && json.equals(before[i] as Buffer))).toBe(true);
  // Nothing to do until as much was written again.
  expect(slabs.tidy(left, liveBytes, 0)).toBe(0);
});

it('an object that never changes does not keep the memory of those around it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'k-slab-'));
  const store = await openEmbeddedStore({ dir });
  const factory = createStorageFactory({ store });
  const things = factory.open({
    ...{ resource: 'things', keyPrefix: '/things', namespaced: false, historySize: 100 },
    selectable: () => ({ labels: {}, fields: {} }),
  });
  await things.ready();
  const text = 'x'.repeat(8000);
  const revisions = new Map<string, number>();
  const write = async (name: string, round: number): Promise<void> => {
    const object = { kind: 'Thing', metadata: { name }, round, text };
    const revision = revisions.get(name);
    const result = await (revision === undefined ? things.create('', name, object) : things.update('', name, object, revision));
    if (!result.ok) throw new Error(`${name} was not written`);
    revisions.set(name, result.object.modRevision);
  };
  // One still object and thirty busy ones to a slab.
  for (let round = 0; round < 120; round++) {
    await write(`still-${round}`, round);
    await Promise.all(Array.from({ length: 30 }, (_, i) => write(`busy-${i}`, round)));
  }
  const { items } = await things.list({ freshness: { kind: 'any' } });
  expect(items).toHaveLength(150);
  expect(items.map(({ json }) => JSON.parse(json.toString()) as object)).toEqual(
    items.map(({ name, modRevision }) => {
      const round = name.startsWith('still-') ? Number(name.slice('still-'.length)) : 119;
      return { kind: 'Thing', metadata: { resourceVersion: String(modRevision), name }, round, text };
    }),
  );
  // 150 objects fit into 5 slabs; without moving they would lie in 120.
  expect(slabsOf(items)).toBeLessThanOrEqual(45);
  await factory.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});
