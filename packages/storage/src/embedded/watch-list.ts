import { StorageError } from '../errors.js';
import type { WatchBatch, WatchChange, WatchHandle, WatchOptions } from '../key-value-store.js';
import { toKeyValue, type VersionRecord } from './record.js';
import type { Tables } from './tables.js';

/** Records read from history between two turns of the event loop. */
const REPLAY_COUNT = 1000;

/** A change on its way to watchers, with the version before it. */
export interface CommittedChange {
  record: VersionRecord;
  previous: VersionRecord | null;
}

interface Watcher {
  options: WatchOptions;
  /** Next revision that it wants. */
  next: number;
  closed: boolean;
}

/** What the watches need of the store. */
export interface WatchSource {
  readonly durableRevision: number;
  readonly compactedRevision: number;
}

/** The watches of the embedded store: history first, then every commit as it becomes durable. */
export class WatchList {
  readonly #tables: Tables;
  readonly #source: WatchSource;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #replaying = new Set<Watcher>();
  #closed = false;

  constructor(tables: Tables, source: WatchSource) {
    this.#tables = tables;
    this.#source = source;
  }

  watch(options: WatchOptions): WatchHandle {
    const watcher: Watcher = { options, next: options.startRevision, closed: false };
    this.#replaying.add(watcher);
    // Never before the caller has its handle.
    queueMicrotask(() => this.#replay(watcher));
    return {
      requestProgress: () => {
        queueMicrotask(() => {
          if (watcher.closed || this.#closed || this.#replaying.has(watcher)) return;
          this.#hand(watcher, { changes: [], revision: this.#source.durableRevision });
        });
      },
      close: () => this.#remove(watcher),
    };
  }

  /** Hands a commit to every watcher; those whose keys did not change get a progress mark. */
  deliver(changes: readonly CommittedChange[], revision: number): void {
    for (const [prefix, group] of this.#watchers) {
      let plain: WatchChange[] | null = null;
      let full: WatchChange[] | null = null;
      for (const watcher of group) {
        const { next, options } = watcher;
        let batch = options.prevKv ? (full ??= select(changes, prefix, true)) : (plain ??= select(changes, prefix, false));
        if (batch.length > 0 && (batch[0] as WatchChange).kv.modRevision < next)
          batch = batch.filter((change) => change.kv.modRevision >= next);
        watcher.next = Math.max(next, revision + 1);
        this.#hand(watcher, { changes: batch, revision });
      }
    }
  }

  /** Ends every watch. */
  end(error: Error): void {
    const all = [...this.#replaying];
    for (const group of this.#watchers.values()) all.push(...group);
    for (const watcher of all) this.#fail(watcher, error);
  }

  close(error: Error): void {
    this.#closed = true;
    this.end(error);
  }

  #replay(watcher: Watcher): void {
    if (watcher.closed) return;
    const { options } = watcher;
    const { durableRevision, compactedRevision } = this.#source;
    if (watcher.next < compactedRevision) {
      this.#fail(
        watcher,
        new StorageError('STORAGE_COMPACTED', `revision ${watcher.next} was compacted`, {
          requestedRevision: watcher.next,
          compactRevision: compactedRevision,
        }),
      );
      return;
    }
    if (watcher.next > durableRevision) {
      this.#replaying.delete(watcher);
      const group = this.#watchers.get(options.prefix);
      if (group === undefined) this.#watchers.set(options.prefix, new Set([watcher]));
      else group.add(watcher);
      return;
    }
    const end = Math.min(durableRevision, watcher.next + REPLAY_COUNT - 1);
    const changes: WatchChange[] = [];
    try {
      for (const record of this.#tables.records(watcher.next, end + 1)) {
        if (!record.key.startsWith(options.prefix)) continue;
        const before = options.prevKv && record.previousRevision > 0 ? this.#tables.record(record.previousRevision) : null;
        changes.push(toChange({ record, previous: before }, options.prevKv === true));
      }
    } catch (error) {
      this.#fail(watcher, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    watcher.next = end + 1;
    this.#hand(watcher, { changes, revision: end });
    if (watcher.next > this.#source.durableRevision) this.#replay(watcher);
    else setImmediate(() => this.#replay(watcher));
  }

  /** A watcher that throws ends; the others, and the writers, go on. */
  #hand(watcher: Watcher, batch: WatchBatch): void {
    try {
      watcher.options.onBatch(batch);
    } catch (error) {
      this.#fail(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(watcher: Watcher, error: Error): void {
    if (watcher.closed) return;
    this.#remove(watcher);
    watcher.options.onEnd(error);
  }

  #remove(watcher: Watcher): void {
    watcher.closed = true;
    this.#replaying.delete(watcher);
    const { prefix } = watcher.options;
    const group = this.#watchers.get(prefix);
    if (group?.delete(watcher) && group.size === 0) this.#watchers.delete(prefix);
  }
}

function select(changes: readonly CommittedChange[], prefix: string, prevKv: boolean): WatchChange[] {
  const out: WatchChange[] = [];
  for (const change of changes) if (change.record.key.startsWith(prefix)) out.push(toChange(change, prevKv));
  return out;
}

function toChange({ record, previous }: CommittedChange, prevKv: boolean): WatchChange {
  const { key, value, modRevision } = record;
  // A deletion shows the key as gone: no value, and no creation.
  const kv = toKeyValue(record) ?? { key, value, createRevision: 0, modRevision };
  const type = record.isPut ? 'put' : 'delete';
  const prev = prevKv ? toKeyValue(previous) : null;
  return prev === null ? { type, kv } : { type, kv, prev };
}
