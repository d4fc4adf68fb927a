import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads work evenly. */
export interface RateLimit {
  /** Resolves when `count` more pieces may begin. */
  take(count: number): Promise<void>;
}

/** @param perSecond - 0 = no limit. */
export function createRateLimit(perSecond: number, now: () => number = () => performance.now()): RateLimit {
  let nextMs = 0;
  return {
    async take(count) {
      if (perSecond <= 0) return;
      const atMs = Math.max(now(), nextMs);
      nextMs = atMs + (count * 1000) / perSecond;
      if (atMs > now()) await sleep(atMs - now());
    },
  };
}
