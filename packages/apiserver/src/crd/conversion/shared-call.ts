/** A call that several wait for: it is broken off when the last of them has left. */
export class SharedCall {
  readonly #controller = new AbortController();
  readonly #leaving: (() => void)[] = [];
  #waiterCount = 0;
  #isOver = false;

  /** Aborted when nobody waits any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Says when the call is over: nothing is broken off then. */
  until(result: Promise<unknown>): void {
    const end = (): void => {
      this.#isOver = true;
      for (const stop of this.#leaving.splice(0)) stop();
    };
    result.then(end, end);
  }

  /** Somebody waits, until the signal is aborted. */
  join(signal: AbortSignal): void {
    if (this.#isOver) return;
    this.#waiterCount++;
    const leave = (): void => {
      if (--this.#waiterCount === 0 && !this.#isOver) this.#controller.abort();
    };
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });
    this.#leaving.push(() => signal.removeEventListener('abort', leave));
  }
}
