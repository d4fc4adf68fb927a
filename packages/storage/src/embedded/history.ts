import { StorageError } from '../errors.js';
import type { CommitQueue } from './commit-queue.js';
import { sweep } from './compaction.js';
import type { Tables } from './tables.js';

/** How finely the age of history is known. */
const TICKS_PER_INTERVAL = 5;

/** How long history is kept. */
export interface HistoryOptions {
  /** Milliseconds for which it is kept at least; 0 = no compaction by the clock. */
  intervalMs: number;
  /** Revisions kept at most, whatever their age. */
  countMax: number;
}

/** The store's history: from where it can be read, and what is dropped when. */
export class History {
  readonly #tables: Tables;
  readonly #queue: CommitQueue;
  readonly #options: HistoryOptions;
  #compacted: number;
  #sweeping: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  /** The revisions at the last ticks of the clock, the oldest first. */
  #ticks: number[] = [];
  #stopped = false;

  constructor(tables: Tables, queue: CommitQueue, options: HistoryOptions) {
    this.#tables = tables;
    this.#queue = queue;
    this.#options = options;
    this.#compacted = tables.meta('compacted') ?? 0;
  }

  /** Reads below this revision fail. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  /** Starts the clock, and finishes a sweep that a crash may have cut off. */
  start(): void {
    // What fails now is swept with the next compaction.
    if (this.#compacted > 0) this.#sweep(this.#compacted).catch(() => {});
    const { intervalMs } = this.#options;
    if (intervalMs === 0) return;
    this.#ticks = [this.#queue.durableRevision];
    this.#timer = setInterval(() => {
      if (this.#ticks.length >= TICKS_PER_INTERVAL) this.#compactQuietly(this.#ticks.shift() as number);
      this.#ticks.push(this.#queue.durableRevision);
    }, intervalMs / TICKS_PER_INTERVAL);
    this.#timer.unref();
  }

  /** Stops the clock; resolves when the sweep under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** History begins anew at a revision (a restored snapshot). */
  reset(revision: number): void {
    this.#compacted = revision;
    this.#ticks = [revision];
  }

  /** Called after each commit. */
  advanced(revision: number): void {
    const { countMax } = this.#options;
    // A tenth of slack, so that a sweep is worth its while.
    if (revision - Math.max(this.#compacted, 1) > countMax * 1.1) this.#compactQuietly(revision - countMax);
  }

  /** Throws unless a read at this revision can be answered. */
  check(revision: number): void {
    if (revision > this.#queue.durableRevision) throw this.#future(revision);
    if (revision >= this.#compacted) return;
    const data = { requestedRevision: revision, compactRevision: this.#compacted };
    throw new StorageError('STORAGE_COMPACTED', `revision ${revision} was compacted`, data);
  }

  async compact(revision: number): Promise<void> {
    if (revision <= this.#compacted) return;
    if (revision > this.#queue.durableRevision) throw this.#future(revision);
    await this.#queue.exclusive(async () => {
      if (revision <= this.#compacted) return;
      await this.#tables.write(() => this.#tables.putMeta('compacted', revision));
      this.#compacted = revision;
    });
    await this.#sweep(revision);
  }

  /** By the clock: what fails now (a full disk) is tried again at the next turn. */
  #compactQuietly(revision: number): void {
    if (revision > this.#compacted && !this.#stopped) this.compact(revision).catch(() => {});
  }

  /** One sweep after the other. Writes go on between its steps. */
  #sweep(revision: number): Promise<void> {
    const run = this.#sweeping.then(async () => {
      if (!this.#stopped) await sweep(this.#tables, revision, (step) => this.#queue.exclusive(step));
    });
    this.#sweeping = run.catch(() => {});
    return run;
  }

  #future(revision: number): StorageError {
    const data = { requestedRevision: revision, currentRevision: this.#queue.durableRevision };
    return new StorageError('STORAGE_FUTURE_REVISION', `revision ${revision} lies in the future`, data);
  }
}
