import { StorageError } from '../errors.js';
import type { WatchBatch, WatchChange, WatchHandle, WatchOptions } from '../key-value-store.js';
import { toKeyValue, type VersionRecord } from './record.js';
import type { Tables } from './tables.js';

/** Records read from history between two turns of the event loop. */
const REPLAY_COUNT = 1000;

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
          this.#hand(watcher, () => ({ changes: [], revision: this.#source.durableRevision }));
        });
      },
      close: () => this.#remove(watcher),
    };
  }

  /** Hands a commit to every watcher; those whose keys did not change get a progress mark. */
  deliver(records: readonly VersionRecord[], revision: number): void {
    for (const [prefix, group] of this.#watchers) {
      let plain: WatchChange[] | null = null;
      let full: WatchChange[] | null = null;
      for (const watcher of group) {
        const { next, options } = watcher;
        watcher.next = Math.max(next, revision + 1);
        this.#hand(watcher, () => {
          let changes = options.prevKv ? (full ??= this.#select(records, prefix, true)) : (plain ??= this.#select(records, prefix, false));
          if ((changes[0]?.kv.modRevision ?? next) < next) changes = changes.filter((change) => change.kv.modRevision >= next);
          return { changes, revision };
        });
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
    if (watcher.next <= compactedRevision) {
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
        if (record.key.startsWith(options.prefix)) changes.push(this.#toChange(record, options.prevKv === true));
      }
    } catch (error) {
      this.#fail(watcher, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    watcher.next = end + 1;
    this.#hand(watcher, () => ({ changes, revision: end }));
    if (watcher.next > this.#source.durableRevision) this.#replay(watcher);
    else setImmediate(() => this.#replay(watcher));
  }

  /** A watcher that throws ends, or one whose values cannot be read; the others, and the writers, go on. */
  #hand(watcher: Watcher, batch: () => WatchBatch): void {
    try {
      watcher.options.onBatch(batch());
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

  #select(records: readonly VersionRecord[], prefix: string, prevKv: boolean): WatchChange[] {
    const out: WatchChange[] = [];
    for (const record of records) if (record.key.startsWith(prefix)) out.push(this.#toChange(record, prevKv));
    return out;
  }

  #toChange(record: VersionRecord, prevKv: boolean): WatchChange {
    const { key, value, modRevision, previousRevision } = record;
    // A deletion shows the key as gone: no value, and no creation.
    const kv = toKeyValue(record) ?? { key, value, createRevision: 0, modRevision };
    const type = record.isPut ? 'put' : 'delete';
    const prev = prevKv && previousRevision > 0 ? toKeyValue(this.#tables.record(previousRevision)) : null;
    return prev === null ? { type, kv } : { type, kv, prev };
  }
}
