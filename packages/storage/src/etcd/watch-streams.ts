/**
 * The store's watches on one gRPC stream.
 *
 * A main feed follows all keys; a watcher that starts in the past first gets a feed of its own and moves to the main
 * one when both stand at the same revision. A broken stream is opened anew, on any member, and every feed goes on after
 * the last revision it has delivered.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { StorageError } from '../errors.js';
import type { WatchHandle, WatchOptions } from '../key-value-store.js';
import type { EtcdConnection } from './connection.js';
import { toStorageError } from './faults.js';
import { WatchRequestSchema, type WatchResponse } from './gen/etcd_pb.js';
import { prefixRange } from './key-range.js';
import type { WatchStream } from './member.js';
import { encodeMessage } from './methods.js';
import { type FeedWatcher, WatchFeed } from './watch-feed.js';

/** What the streams need of the store. */
export interface WatchStreamsDependencies {
  connection: EtcdConnection;
  /** Highest revision seen in any answer of etcd. */
  revisionSeen: () => number;
  /** History up to here is known to be gone. */
  compactedRevision: () => number;
  onCompacted: (revision: number) => void;
  /** The current revision, linearizable. */
  probe: () => Promise<number>;
  /** The revision of the last compaction when it lies above `revision`, else 0. */
  compactionAbove: (revision: number) => Promise<number>;
  /** The store's history was replaced by an older one. */
  onRewound: (revision: number) => void;
  onFault: (error: Error) => void;
}

const RECONNECT_PAUSE_MS = { first: 20, max: 1_000 };

/** Runs every watch of one store. */
export class WatchStreams {
  readonly #deps: WatchStreamsDependencies;
  readonly #feeds = new Map<bigint, WatchFeed>();
  /** The main feeds, without and with previous values. */
  readonly #main: { plain: WatchFeed | null; prevKv: WatchFeed | null } = { plain: null, prevKv: null };
  #stream: WatchStream | null = null;
  #opening = false;
  #hasStreamed = false;
  #nextId = 1n;
  #pauseMs = RECONNECT_PAUSE_MS.first;
  #retryTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(deps: WatchStreamsDependencies) {
    this.#deps = deps;
  }

  /** Starts a watcher; nothing is delivered before the caller has its handle. */
  watch(options: WatchOptions): WatchHandle {
    const watcher: FeedWatcher = { options, next: options.startRevision, progressTarget: 0, closed: false };
    let feed: WatchFeed | null = null;
    queueMicrotask(() => {
      if (watcher.closed) return;
      if (this.#closed) this.#end(watcher, new StorageError('STORAGE_CLOSED', 'the store is closed', {}));
      else if (options.startRevision <= this.#deps.compactedRevision()) {
        this.#end(watcher, compactedError(options.startRevision, this.#deps.compactedRevision()));
      } else feed = this.#place(watcher);
    });
    return {
      requestProgress: () => {
        const target = Math.max(this.#deps.revisionSeen(), options.startRevision - 1);
        queueMicrotask(() => {
          if (watcher.closed) return;
          const home = this.#homeOf(watcher, feed);
          if (home !== null) home.owe(watcher, target);
        });
      },
      close: () => {
        if (watcher.closed) return;
        watcher.closed = true;
        const home = this.#homeOf(watcher, feed);
        home?.remove(watcher);
        if (home !== null && home.size === 0) this.#drop(home);
      },
    };
  }

  /** Ends every watcher with `STORAGE_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
    for (const feed of this.#feeds.values()) feed.end(new StorageError('STORAGE_CLOSED', 'the store is closed', {}));
    this.#feeds.clear();
  }

  #end(watcher: FeedWatcher, error: StorageError): void {
    watcher.closed = true;
    watcher.options.onEnd(error);
  }

  #mainFor(prevKv: boolean): WatchFeed | null {
    return prevKv ? this.#main.prevKv : this.#main.plain;
  }

  /** A watcher's own feed as long as it lives, then the main one. */
  #homeOf(watcher: FeedWatcher, first: WatchFeed | null): WatchFeed | null {
    if (first !== null && this.#feeds.has(first.watchId)) return first;
    return this.#mainFor(watcher.options.prevKv ?? false);
  }

  #place(watcher: FeedWatcher): WatchFeed {
    const prevKv = watcher.options.prevKv ?? false;
    const { startRevision } = watcher.options;
    const main = this.#mainFor(prevKv);
    if (main !== null && startRevision > main.position) {
      main.add(watcher);
      return main;
    }
    // The main feed must not start in the future: later watchers may want what lies before.
    const seen = this.#deps.revisionSeen();
    const feed = this.#start(main === null && seen > 0 ? Math.min(startRevision, seen + 1) : startRevision, prevKv);
    if (main === null) {
      if (prevKv) this.#main.prevKv = feed;
      else this.#main.plain = feed;
    }
    feed.add(watcher);
    return feed;
  }

  #start(startRevision: number, prevKv: boolean): WatchFeed {
    const isExact = startRevision <= this.#deps.revisionSeen() + 1;
    const feed = new WatchFeed({ watchId: this.#nextId++, startRevision, prevKv, isExact });
    this.#feeds.set(feed.watchId, feed);
    if (this.#stream !== null) this.#request(this.#stream, feed);
    else void this.#open();
    return feed;
  }

  #request(stream: WatchStream, feed: WatchFeed): void {
    const { key, rangeEnd } = prefixRange('');
    send(stream, {
      case: 'createRequest',
      value: {
        key,
        rangeEnd,
        startRevision: BigInt(feed.position + 1),
        prevKv: feed.prevKv,
        watchId: feed.watchId,
        fragment: true,
      },
    });
  }

  /** Forgets a feed that nobody needs any more. */
  #drop(feed: WatchFeed): void {
    this.#forget(feed);
    if (this.#stream !== null) send(this.#stream, { case: 'cancelRequest', value: { watchId: feed.watchId } });
  }

  #forget(feed: WatchFeed): void {
    this.#feeds.delete(feed.watchId);
    if (this.#main.plain === feed) this.#main.plain = null;
    if (this.#main.prevKv === feed) this.#main.prevKv = null;
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#closed) return;
    this.#opening = true;
    try {
      await this.#checkHistory();
      const stream = await this.#deps.connection.openWatchStream();
      if (this.#closed) return void stream.cancel();
      this.#stream = stream;
      stream.on('data', (response) => {
        if (this.#stream === stream) this.#onResponse(response);
      });
      stream.on('error', (error) => this.#onBroken(stream, error));
      stream.on('end', () => this.#onBroken(stream, new Error('etcd has ended the watch stream')));
      for (const feed of this.#feeds.values()) {
        feed.resume(this.#hasStreamed);
        this.#request(stream, feed);
      }
      this.#hasStreamed = true;
    } catch (error) {
      if (!this.#closed) this.#retry(error);
    } finally {
      this.#opening = false;
    }
  }

  #onBroken(stream: WatchStream, error: Error): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    stream.cancel();
    if (this.#closed) return;
    this.#deps.connection.suspectCurrent(error);
    this.#retry(error);
  }

  #retry(error: unknown): void {
    this.#deps.onFault(toStorageError(error, 'Watch', 0));
    if (this.#feeds.size === 0 || this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      void this.#open();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, RECONNECT_PAUSE_MS.max);
  }

  #onResponse(response: WatchResponse): void {
    const feed = this.#feeds.get(response.watchId);
    if (feed === undefined) return;
    if (response.canceled) {
      this.#onCanceled(feed, response);
      return;
    }
    this.#pauseMs = RECONNECT_PAUSE_MS.first;
    if (response.created) void this.#verify(feed);
    if (response.events.length === 0 && !response.fragment) return;
    if (!feed.receive(response.events, response.fragment)) {
      void this.#deps.compactionAbove(feed.position).then(
        (compacted) => this.#endCompacted(feed, Math.max(compacted, feed.position + 1)),
        () => this.#endCompacted(feed, feed.position + 1),
      );
      return;
    }
    const main = this.#mainFor(feed.prevKv);
    if (feed === main) return;
    if (main === null) {
      if (feed.prevKv) this.#main.prevKv = feed;
      else this.#main.plain = feed;
      return;
    }
    // Both have everything up to `feed.position` now, if the main feed is not ahead.
    if (feed.position < main.position) return;
    for (const watcher of feed.watchers()) {
      feed.remove(watcher);
      main.add(watcher);
    }
    this.#drop(feed);
  }

  /**
   * Looks once whether the feed's start was compacted. etcd refuses a watch that starts below a compaction, but not one
   * that starts right at it, although deletions of that revision are gone.
   */
  async #verify(feed: WatchFeed): Promise<void> {
    const { position } = feed;
    const compacted = position === 0 ? 0 : await this.#deps.compactionAbove(position).catch(() => 0);
    if (compacted > 0 && feed.position === position && this.#feeds.has(feed.watchId)) this.#endCompacted(feed, compacted);
  }

  #endCompacted(feed: WatchFeed, compactRevision: number): void {
    this.#drop(feed);
    this.#deps.onCompacted(compactRevision);
    feed.end(compactedError(feed.position + 1, compactRevision));
  }

  #onCanceled(feed: WatchFeed, response: WatchResponse): void {
    const compacted = Number(response.compactRevision);
    if (compacted > 0) {
      this.#endCompacted(feed, compacted);
      return;
    }
    this.#forget(feed);
    const error = new StorageError('STORAGE_UNAVAILABLE', `etcd has refused the watch: ${response.cancelReason}`, { operation: 'Watch' });
    this.#deps.onFault(error);
    feed.end(error);
  }

  /** A store restored from a backup counts its revisions anew: what the watchers know never happened there. */
  async #checkHistory(): Promise<void> {
    if (!this.#hasStreamed) return;
    const revision = await this.#deps.probe();
    let isRewound = false;
    for (const feed of [...this.#feeds.values()]) {
      if (feed.position <= revision) continue;
      isRewound = true;
      this.#drop(feed);
      feed.end(compactedError(feed.position + 1, feed.position + 1));
    }
    if (isRewound) this.#deps.onRewound(revision);
  }
}

function send(stream: WatchStream, request: NonNullable<MessageInitShape<typeof WatchRequestSchema>['requestUnion']>): void {
  stream.write(encodeMessage(WatchRequestSchema, create(WatchRequestSchema, { requestUnion: request })));
}

function compactedError(requestedRevision: number, compactRevision: number): StorageError {
  return new StorageError('STORAGE_COMPACTED', `revision ${requestedRevision} was compacted`, { requestedRevision, compactRevision });
}
