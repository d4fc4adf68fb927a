/** How often a progress mark is asked for while somebody waits; engines may drop the question. */
const ASK_MS = 100;

interface Waiter {
  revision: number;
  resolve: (reached: boolean) => void;
  /** Of the monotonic clock, in milliseconds. */
  deadlineMs: number;
}

/** Reads and writes that wait until the cache has reached a revision. */
export class RevisionWaiters {
  readonly #ask: () => void;
  readonly #waiters = new Set<Waiter>();
  #timer: NodeJS.Timeout | null = null;

  /** @param ask - Called at once and then repeatedly while somebody waits. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** @returns False when `timeoutMs` have passed first, give or take the time between two questions. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.add({ revision, resolve, deadlineMs: performance.now() + timeoutMs });
      this.#timer ??= setInterval(() => this.#tick(), ASK_MS);
      this.#ask();
    });
  }

  /** Lets go of everyone who waits for this revision or an older one. */
  reached(revision: number): void {
    for (const waiter of this.#waiters) if (waiter.revision <= revision) this.#settle(waiter, true);
  }

  /** Lets go of everyone, in vain. */
  giveUp(): void {
    for (const waiter of this.#waiters) this.#settle(waiter, false);
  }

  /** One timer for all: every write waits here for a moment. */
  #tick(): void {
    const now = performance.now();
    for (const waiter of this.#waiters) if (waiter.deadlineMs <= now) this.#settle(waiter, false);
    if (this.#waiters.size > 0) this.#ask();
  }

  #settle(waiter: Waiter, reached: boolean): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    waiter.resolve(reached);
  }
}
