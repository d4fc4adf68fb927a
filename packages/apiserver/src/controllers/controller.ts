import type { Logger } from 'pino';

/** A loop inside the server that brings objects into the state they should have. */
export interface Controller {
  readonly name: string;
  start(): Promise<void>;
  stop(): void;
}

/** Milliseconds before a failed key is tried again, doubled up to the maximum. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 30_000;

/** Works keys off one at a time each, several at once; failed ones come again after a pause. */
export class WorkQueue {
  readonly #work: (key: string) => Promise<void>;
  readonly #log: Logger;
  readonly #name: string;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(name: string, log: Logger, work: (key: string) => Promise<void>) {
    this.#name = name;
    this.#log = log;
    this.#work = work;
  }

  /** Asks for a key to be worked on; asking twice is once. */
  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    if (!this.#running.has(key)) void this.#run(key);
  }

  addAfter(key: string, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.add(key);
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#waiting.clear();
  }

  async #run(key: string): Promise<void> {
    this.#running.add(key);
    while (this.#waiting.delete(key) && !this.#stopped) {
      try {
        await this.#work(key);
        this.#failures.delete(key);
      } catch (error) {
        if (this.#stopped) break;
        const count = (this.#failures.get(key) ?? 0) + 1;
        this.#failures.set(key, count);
        this.#log.debug({ err: error, controller: this.#name, key }, 'will be tried again');
        this.addAfter(key, Math.min(RETRY_MS * 2 ** (count - 1), RETRY_MS_MAX));
      }
    }
    this.#running.delete(key);
  }
}
