/** Lets through `burst` at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #options: { perSecond: number; burst: number; now: () => number };
  #tokens: number;
  #filledAtMs: number;

  /** @param options.now - Milliseconds. */
  constructor(options: { perSecond: number; burst: number; now: () => number }) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAtMs = options.now();
  }

  /** True when there was a token. */
  take(): boolean {
    const { perSecond, burst, now } = this.#options;
    const at = now();
    // A clock that was set back fills nothing.
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, at - this.#filledAtMs) / 1000) * perSecond);
    this.#filledAtMs = at;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
