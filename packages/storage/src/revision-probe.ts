import type { KeyValueStore } from './key-value-store.js';

/** The store's current revision: reads that wait at the same time share one question. */
export class RevisionProbe {
  readonly #store: KeyValueStore;
  #running: Promise<number> | null = null;
  #next: Promise<number> | null = null;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Without asking anyone, when the engine lives in this process. */
  local(): number | undefined {
    return this.#store.localRevision?.();
  }

  /** A read may use an answer to a question that was put after it arrived, never one that was already under way. */
  current(): Promise<number> {
    if (this.#running === null) {
      this.#running = this.#store.currentRevision().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => 0)
      .then(() => {
        this.#next = null;
        return this.current();
      });
    return this.#next;
  }
}
