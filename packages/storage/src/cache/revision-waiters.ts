/** How often a progress mark is asked for while somebody waits; engines may drop the question. */
const ASK_MS = 100;

interface Waiter {
  revision: number;
  resolve: (reached: boolean) => void;
  timer: NodeJS.Timeout;
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

  /** @returns False when `timeoutMs` have passed first. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = { revision, resolve, timer: setTimeout(() => this.#settle(waiter, false), timeoutMs) };
      this.#waiters.add(waiter);
      this.#timer ??= setInterval(this.#ask, ASK_MS);
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

  #settle(waiter: Waiter, reached: boolean): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    waiter.resolve(reached);
  }
}
