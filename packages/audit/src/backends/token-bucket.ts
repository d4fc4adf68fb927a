/** So many at once, then so many per second. */
export class TokenBucket {
  readonly #qps: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #refilledMs: number;

  /** @param nowMs - Milliseconds of any clock that only goes forward. */
  constructor({ qps, burst }: { qps: number; burst: number }, nowMs: () => number = () => performance.now()) {
    this.#qps = qps;
    this.#burst = burst;
    this.#nowMs = nowMs;
    this.#tokens = burst;
    this.#refilledMs = nowMs();
  }

  /** Takes a token. @returns 0, or the milliseconds until there is one, in which case none was taken. */
  take(): number {
    const now = this.#nowMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilledMs) / 1000) * this.#qps);
    this.#refilledMs = now;
    if (this.#tokens < 1) return Math.max(1, ((1 - this.#tokens) / this.#qps) * 1000);
    this.#tokens -= 1;
    return 0;
  }
}
