import { expect, it } from 'vitest';
import { TokenBucket } from '../src/backends/token-bucket.js';

it('gives the burst at once, then one token per interval, and never saves up more than the burst', () => {
  let now = 0;
  const bucket = new TokenBucket({ qps: 10, burst: 2 }, () => now);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100]);
  now = 60;
  expect(bucket.take()).toBeCloseTo(40);
  now = 100;
  expect(bucket.take()).toBe(0);
  now = 100_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100]);
});
