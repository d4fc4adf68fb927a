import { getHeapSpaceStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { IdleMemory } from '../src/idle-memory.js';

const youngMiB = (): number => (getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) / 2 ** 20;

/** Objects that live long enough for the space of young objects to grow. */
function burst(): void {
  const kept: object[] = [];
  for (let i = 0; i < 2_000_000; i++) kept[i % 200_000] = { i, text: `text ${i}` };
}

it('a process that is quiet after a burst gives the space of its young objects back', async () => {
  burst();
  const grown = youngMiB();
  expect(grown).toBeGreaterThanOrEqual(16);
  const memory = new IdleMemory({ intervalMs: 4_000 });
  memory.start();
  await expect.poll(youngMiB, { timeout: 60_000, interval: 1_000 }).toBeLessThan(grown / 2);
  memory.stop();
}, 70_000);
