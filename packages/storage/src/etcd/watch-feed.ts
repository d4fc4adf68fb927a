/**
 * One watch of etcd over all keys, shared by any number of watchers.
 *
 * Because it follows every key, each revision arrives as a change, and what has arrived is the proof of progress for
 * all watchers alike: a watcher that waits for revision 70 has everything as soon as the feed has seen 70, whoever's
 * key that was. No progress notification of etcd is needed (before 3.4.25 and 3.5.8 they overtake changes).
 */
import type { StorageError } from '../errors.js';
import type { KeyValue, WatchBatch, WatchChange, WatchOptions } from '../key-value-store.js';
import type { Event as EtcdEvent, KeyValue as EtcdKeyValue } from './gen/etcd_pb.js';
import { asBuffer, keyText } from './key-range.js';

/** etcd's type of a deletion. */
const DELETE_EVENT = 1;

/** One watcher of the store. */
export interface FeedWatcher {
  readonly options: WatchOptions;
  /** First revision that it has not got yet. */
  next: number;
  /** A progress mark is owed once everything up to this revision has arrived; 0 = none. */
  progressTarget: number;
  closed: boolean;
}

/** Hands the changes of one etcd watch to the watchers of their keys. */
export class WatchFeed {
  readonly prevKv: boolean;
  /** etcd's id of the watch; unique within the store. */
  readonly watchId: bigint;
  /** Everything up to here has arrived. */
  #position: number;
  /** Watchers by prefixes that end in a slash, found by cutting a key at its slashes. */
  readonly #byFolder = new Map<string, Set<FeedWatcher>>();
  readonly #others = new Set<FeedWatcher>();
  readonly #owed = new Set<FeedWatcher>();
  #count = 0;
  /** Parts of an answer that etcd has cut up. */
  #fragments: EtcdEvent[] = [];
  /** The next change must be the one right after the position. */
  #expectsNext: boolean;

  /**
   * @param options.isExact - The start revision is at most the one after the store's current revision, so that the
   *   first change must carry it.
   */
  constructor(options: { watchId: bigint; startRevision: number; prevKv: boolean; isExact: boolean }) {
    this.watchId = options.watchId;
    this.prevKv = options.prevKv;
    this.#position = options.startRevision - 1;
    this.#expectsNext = options.isExact;
  }

  get position(): number {
    return this.#position;
  }

  get size(): number {
    return this.#count;
  }

  add(watcher: FeedWatcher): void {
    const { prefix } = watcher.options;
    this.#count++;
    if (watcher.progressTarget > 0) this.#owed.add(watcher);
    if (!prefix.endsWith('/')) {
      this.#others.add(watcher);
      return;
    }
    const set = this.#byFolder.get(prefix);
    if (set === undefined) this.#byFolder.set(prefix, new Set([watcher]));
    else set.add(watcher);
  }

  remove(watcher: FeedWatcher): void {
    const { prefix } = watcher.options;
    const set = prefix.endsWith('/') ? this.#byFolder.get(prefix) : this.#others;
    if (!set?.delete(watcher)) return;
    this.#count--;
    this.#owed.delete(watcher);
    if (set.size === 0 && set !== this.#others) this.#byFolder.delete(prefix);
  }

  /** Every watcher, e.g. to end or move them. */
  watchers(): FeedWatcher[] {
    const all = [...this.#others];
    for (const set of this.#byFolder.values()) all.push(...set);
    return all;
  }

  /** Promises a progress mark once `target` has arrived; at once when it has. */
  owe(watcher: FeedWatcher, target: number): void {
    watcher.progressTarget = Math.max(watcher.progressTarget, target);
    this.#owed.add(watcher);
    if (target <= this.#position) this.#payProgress();
  }

  /** Forgets a half-received answer; the stream it came from is gone and another goes on after the position. */
  resume(hasStarted: boolean): void {
    this.#fragments = [];
    if (hasStarted) this.#expectsNext = true;
  }

  /**
   * Takes the events of one answer; a fragment waits for the rest, so that no revision is split.
   *
   * @returns false when changes between the position and the first event are missing: a watch that starts at the very
   *   revision of a compaction is accepted by etcd, although a deletion at that revision is gone.
   */
  receive(events: EtcdEvent[], isFragment: boolean): boolean {
    if (isFragment || this.#fragments.length > 0) {
      for (const event of events) this.#fragments.push(event);
      if (isFragment) return true;
      events = this.#fragments;
      this.#fragments = [];
    }
    const first = events[0];
    if (first?.kv === undefined) return true;
    if (this.#expectsNext && Number(first.kv.modRevision) > this.#position + 1) return false;
    this.#expectsNext = false;
    const due = new Map<FeedWatcher, WatchChange[]>();
    let last = this.#position;
    for (const event of events) {
      if (event.kv === undefined) continue;
      const change = toChange(event, event.kv);
      const revision = change.kv.modRevision;
      // A watch made anew starts after the position; anything older has been delivered.
      if (revision <= this.#position) continue;
      if (revision > last) last = revision;
      this.#route(change, due);
    }
    this.#position = last;
    for (const [watcher, changes] of due) {
      watcher.next = last + 1;
      if (watcher.progressTarget <= last) this.#settle(watcher);
      deliver(watcher, { changes, revision: last });
    }
    if (this.#owed.size > 0) this.#payProgress();
    return true;
  }

  /** Ends every watcher. */
  end(error: StorageError): void {
    for (const watcher of this.watchers()) {
      this.remove(watcher);
      if (watcher.closed) continue;
      watcher.closed = true;
      watcher.options.onEnd(error);
    }
  }

  #route(change: WatchChange, due: Map<FeedWatcher, WatchChange[]>): void {
    const { key } = change.kv;
    for (let at = key.indexOf('/'); at >= 0; at = key.indexOf('/', at + 1)) {
      const set = this.#byFolder.get(key.slice(0, at + 1));
      if (set !== undefined) for (const watcher of set) give(watcher, change, due);
    }
    for (const watcher of this.#others) if (key.startsWith(watcher.options.prefix)) give(watcher, change, due);
  }

  #settle(watcher: FeedWatcher): void {
    watcher.progressTarget = 0;
    this.#owed.delete(watcher);
  }

  #payProgress(): void {
    for (const watcher of [...this.#owed]) {
      if (watcher.progressTarget > this.#position) continue;
      this.#settle(watcher);
      watcher.next = Math.max(watcher.next, this.#position + 1);
      deliver(watcher, { changes: [], revision: watcher.next - 1 });
    }
  }
}

/** One watcher's mistake must not keep the others from their changes: it surfaces as an uncaught error. */
function deliver(watcher: FeedWatcher, batch: WatchBatch): void {
  if (watcher.closed) return;
  try {
    watcher.options.onBatch(batch);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

function give(watcher: FeedWatcher, change: WatchChange, due: Map<FeedWatcher, WatchChange[]>): void {
  if (watcher.closed || change.kv.modRevision < watcher.next) return;
  const changes = due.get(watcher);
  if (changes === undefined) due.set(watcher, [change]);
  else changes.push(change);
}

function toChange(event: EtcdEvent, kv: EtcdKeyValue): WatchChange {
  const type = event.type === DELETE_EVENT ? 'delete' : 'put';
  return event.prevKv === undefined ? { type, kv: toKeyValue(kv) } : { type, kv: toKeyValue(kv), prev: toKeyValue(event.prevKv) };
}

/** etcd's key value as the interface has it. */
export function toKeyValue(kv: EtcdKeyValue): KeyValue {
  return {
    key: keyText(kv.key),
    value: asBuffer(kv.value),
    createRevision: Number(kv.createRevision),
    modRevision: Number(kv.modRevision),
  };
}
