const TTL_MS = 24 * 3_600_000;
const ENTRIES_MAX = 10_000;

/** Decrypted seeds by what they were decrypted from; 24 hours since last written, zeroed when dropped. */
export class SeedCache {
  readonly #seeds = new Map<string, { seed: Uint8Array; setMs: number }>();
  readonly #now: () => number;

  /** @param now - Milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#seeds.size;
  }

  /** Old entries are served until {@link SeedCache.set} drops them: the service may be away just then. */
  get(key: string): Uint8Array | undefined {
    return this.#seeds.get(key)?.seed;
  }

  /** Copies `seed`. */
  set(key: string, seed: Uint8Array): void {
    this.#drop(key);
    this.#seeds.set(key, { seed: new Uint8Array(seed), setMs: this.#now() });
    for (const [old, { setMs }] of this.#seeds) {
      if (this.#seeds.size <= ENTRIES_MAX && this.#now() - setMs < TTL_MS) break;
      this.#drop(old);
    }
  }

  clear(): void {
    for (const key of [...this.#seeds.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    this.#seeds.get(key)?.seed.fill(0);
    this.#seeds.delete(key);
  }
}
