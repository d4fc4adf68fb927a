import type { KeyValueStore, WatchBatch, WatchChange, WatchHandle, WatchOptions } from '../key-value-store.js';

/** Keeps what a watch delivers, checks its order, and lets a test wait for it. */
export class WatchRecorder {
  readonly batches: WatchBatch[] = [];
  readonly handle: WatchHandle;
  /** What broke the rules of a watch, in words; empty = nothing. */
  readonly faults: string[] = [];
  ended: Error | null = null;
  #revision: number;
  #waiters: { test: () => boolean; resolve: () => void }[] = [];

  constructor(store: KeyValueStore, options: Pick<WatchOptions, 'prefix' | 'startRevision' | 'prevKv'>) {
    this.#revision = options.startRevision - 1;
    this.handle = store.watch({
      ...options,
      onBatch: (batch) => {
        this.#check(batch, options.prefix);
        this.batches.push(batch);
        this.#wake();
      },
      onEnd: (error) => {
        if (this.ended !== null) this.faults.push('ended twice');
        this.ended = error;
        this.#wake();
      },
    });
  }

  get changes(): WatchChange[] {
    return this.batches.flatMap((batch) => batch.changes);
  }

  /** Everything up to here has been delivered. */
  get revision(): number {
    return this.#revision;
  }

  /** The changes in short: `put /a=1 @5`, `delete /a @6`. */
  get lines(): string[] {
    return this.changes.map(({ type, kv }) =>
      type === 'put' ? `put ${kv.key}=${kv.value.toString()} @${kv.modRevision}` : `delete ${kv.key} @${kv.modRevision}`,
    );
  }

  /** Resolves as soon as the condition holds. @throws Error naming what was waited for, after `timeoutMs` (default 30_000). */
  until(what: string, test: () => boolean, timeoutMs: number = 30_000): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited ${timeoutMs} ms for ${what}; got ${this.lines.length} changes up to revision ${this.#revision}`)),
        timeoutMs,
      );
      this.#waiters.push({
        test,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }

  /** Resolves when everything up to the revision has been delivered, asking for a progress mark. */
  async reach(revision: number, timeoutMs?: number): Promise<void> {
    this.handle.requestProgress();
    await this.until(`revision ${revision}`, () => this.#revision >= revision, timeoutMs);
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.test());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }

  #check(batch: WatchBatch, prefix: string): void {
    if (this.ended !== null) this.faults.push(`a batch at ${batch.revision} came after the end`);
    let last = this.#revision;
    for (const { kv } of batch.changes) {
      if (!kv.key.startsWith(prefix)) this.faults.push(`${kv.key} does not start with ${prefix}`);
      // One revision is never split over batches, so the first change lies above everything before it.
      if (kv.modRevision <= this.#revision) this.faults.push(`revision ${kv.modRevision} came after ${this.#revision}`);
      if (kv.modRevision < last) this.faults.push(`revision ${kv.modRevision} came after ${last} in one batch`);
      last = kv.modRevision;
    }
    if (batch.changes.length > 0 && batch.revision < last) this.faults.push(`a batch up to ${batch.revision} holds revision ${last}`);
    this.#revision = Math.max(this.#revision, batch.revision);
  }
}
