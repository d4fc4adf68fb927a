import { StorageError } from '../errors.js';
import type { KeyValueStore, WatchHandle } from '../key-value-store.js';
import { ChangeDecoder, type DecodedBatch, type DecodedChange } from './change-decoder.js';
import { ResourceChange } from './event-ring.js';
import { atRevision, type ResourceCodec, UnreadableObject } from './resource-codec.js';

/** Until the first answer a progress mark is asked for this often; engines may drop the question. */
const CATCH_UP_MS = 100;
/** After that, so that bookmarks of quiet resources move on. */
const PROGRESS_MS = 10_000;

/** What a feed follows. */
export interface StoreFeedOptions {
  store: KeyValueStore;
  codec: ResourceCodec;
  /** Keys to follow. */
  prefix: string;
  /** Changes above this revision. */
  after: number;
  /** Called for each change whose object `accepts`. */
  onEvent: (event: ResourceChange) => void;
  accepts: (object: { namespace: string; name: string }) => boolean;
  /** Everything up to `revision` has been delivered. */
  onRevision: (revision: number) => void;
  /** The feed has ended by itself. */
  onEnd: (error: Error) => void;
}

/** Events of one watcher straight from the store: history older than the cache's, or life without a cache. */
export class StoreFeed {
  readonly #options: StoreFeedOptions;
  readonly #decoder: ChangeDecoder;
  #watch: WatchHandle | null = null;
  #timer: NodeJS.Timeout | null = null;
  #revision: number;
  #ended = false;
  #started: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(options: StoreFeedOptions) {
    this.#options = options;
    this.#revision = options.after;
    this.#decoder = new ChangeDecoder(
      options.codec,
      (batch) => this.#apply(batch),
      (error) => this.#end(error),
    );
  }

  /** Everything up to here has been delivered. */
  get revision(): number {
    return this.#revision;
  }

  /** Starts; resolves when the store has accepted the revision. */
  start(): Promise<void> {
    const { store, prefix, after } = this.#options;
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#watch = store.watch({
        prefix,
        startRevision: after + 1,
        prevKv: true,
        onBatch: (batch) => this.#decoder.push(batch),
        onEnd: (error) => this.#end(error),
      });
      this.#ask(CATCH_UP_MS);
      this.#watch.requestProgress();
    });
  }

  close(): void {
    this.#stop();
    this.#started?.resolve();
    this.#started = null;
  }

  #ask(intervalMs: number): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#watch?.requestProgress(), intervalMs);
    this.#timer.unref();
  }

  #apply(batch: DecodedBatch): void {
    for (const change of batch.changes) {
      if (this.#ended) return;
      if (change.kv.modRevision > this.#revision) this.#send(change);
    }
    if (this.#ended) return;
    if (batch.revision > this.#revision) this.#revision = batch.revision;
    if (this.#started !== null) {
      this.#ask(PROGRESS_MS);
      this.#started.resolve();
      this.#started = null;
    }
    this.#options.onRevision(this.#revision);
  }

  #send({ kv, object, previous }: DecodedChange): void {
    const { codec, accepts, onEvent } = this.#options;
    if (!accepts(codec.parseKey(kv.key))) return;
    const revision = kv.modRevision;
    if (object instanceof UnreadableObject) this.#end(object.error);
    else if (previous instanceof UnreadableObject) this.#end(previous.error);
    else if (object !== null && (previous !== null || kv.createRevision === revision)) {
      onEvent(new ResourceChange(previous === null ? 'ADDED' : 'MODIFIED', object, previous, revision));
    } else if (previous !== null) onEvent(new ResourceChange('DELETED', atRevision(previous, revision), previous, revision));
    else this.#end(this.#compacted());
  }

  /** The state before a change is gone: what it was to a watcher cannot be told any more. */
  #compacted(): StorageError {
    const { after } = this.#options;
    return new StorageError('STORAGE_COMPACTED', `revision ${after} was compacted`, {
      requestedRevision: after,
      compactRevision: this.#revision,
    });
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#stop();
    const started = this.#started;
    this.#started = null;
    if (started === null) this.#options.onEnd(error);
    else started.reject(error);
  }

  #stop(): void {
    this.#ended = true;
    this.#decoder.stop();
    this.#watch?.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
