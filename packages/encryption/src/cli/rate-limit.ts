import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads work evenly: `take` resolves when the next piece may begin. */
export interface RateLimit {
  take(): Promise<void>;
}

/** @param perSecond - 0 = no limit. */
export function createRateLimit(perSecond: number, now: () => number = () => performance.now()): RateLimit {
  let nextMs = 0;
  return {
    async take() {
      if (perSecond <= 0) return;
      const atMs = Math.max(now(), nextMs);
      nextMs = atMs + 1000 / perSecond;
      if (atMs > now()) await sleep(atMs - now());
    },
  };
}
