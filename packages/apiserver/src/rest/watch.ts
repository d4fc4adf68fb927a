/**
 * Watches: one storage watcher per request, one serialised frame per event and form shared by all watchers.
 *
 * Bounded: a client that has too much left to read ({@link WatchOutbox}) is cut off and starts again from its last
 * resourceVersion, as with kube-apiserver.
 */
import { setMaxListeners } from 'node:events';
import { newBadRequest, newExpired, newInternalError, type Status } from '@k/apimachinery';
import { type ResourceEvent, type SelectableFields, type SelectFunction, StorageError, type StoredObject } from '@k/storage';
import type { RequestContext } from '../context.js';
import type { MediaType } from '../http/negotiate.js';
import { baseHeaders, toStatus } from '../http/respond.js';
import { parseStored, selectableOf, toVersion } from '../registry.js';
import type { ResourceScope, ServerContext } from '../server-context.js';
import { type ConvertedEvent, ConvertedEvents } from './converted-events.js';
import { freshnessOf, type ListRequest, parseListOptions } from './read-options.js';
import { includedIn, isVerbatim, negotiateObjects } from './render.js';
import { storageFault } from './storage-fault.js';
import { bookmarkFrame, type EventType, eventFrame, frameOf } from './watch-frames.js';
import { WatchOutbox } from './watch-outbox.js';

const PACE_LOOK_MS = 5;
/** Between bookmarks, as upstream: about a minute. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Watches without `timeoutSeconds` end after this or up to twice as long, so that clients spread. */
const MIN_REQUEST_TIMEOUT_SECONDS = 1800;
/** Timers count milliseconds in 31 bits. */
const TIMEOUT_SECONDS_MAX = 2_000_000;

const CLOSE = Buffer.from('}\n');
const PREFIX: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

/** GET with `watch=1`. */
export async function handleWatch(server: ServerContext, context: RequestContext, scope: ResourceScope): Promise<void> {
  if (context.exchange.headers.upgrade?.toLowerCase() === 'websocket') {
    throw newBadRequest('a watch over WebSocket is not served: send the request without the Upgrade header');
  }
  const media = negotiateObjects(context, true);
  const request = parseListOptions(context, scope, true);
  if (media.as === 'Table') includedIn(context);
  const stream = new WatchStream(server, context, scope, media, request);
  await stream.run();
}

class WatchStream {
  readonly #server: ServerContext;
  readonly #context: RequestContext;
  readonly #scope: ResourceScope;
  readonly #media: MediaType;
  readonly #request: ListRequest;
  readonly #select: SelectFunction | undefined;
  readonly #verbatim: boolean;
  readonly #formKey: string;
  /** Keys of the usual frames: made once, they are found without being put together for each event. */
  readonly #frameKeys: Readonly<Record<EventType, string>>;
  #columnsSent = false;
  #ended = false;
  #started = false;
  readonly #outbox: WatchOutbox;
  #sentRevision = 0;
  #stop: () => void = () => {};
  /** Where a webhook converts, everything waits for it in order. */
  readonly #queue: ConvertedEvents | null;

  constructor(server: ServerContext, context: RequestContext, scope: ResourceScope, media: MediaType, request: ListRequest) {
    this.#server = server;
    this.#context = context;
    this.#scope = scope;
    this.#media = media;
    this.#request = request;
    this.#select = request.select;
    this.#outbox = new WatchOutbox(context.exchange, server.watchFlusher, (sizeBytes) => this.#drop(sizeBytes));
    this.#verbatim = isVerbatim(scope, media);
    const { definition, version } = scope.served;
    this.#queue =
      definition.convertAll === undefined || (this.#verbatim && !request.selectsFields)
        ? null
        : new ConvertedEvents({
            conversions: server.registry.conversions,
            context,
            definition,
            version: version.version,
            deliver: (event) => this.#onConverted(event),
            fail: (error) => this.#fail(error),
          });
    this.#formKey = `${media.key}|${scope.served.version.version}|${context.query?.get('includeObject') ?? ''}`;
    this.#frameKeys = { ADDED: `ADDED|${this.#formKey}`, MODIFIED: `MODIFIED|${this.#formKey}`, DELETED: `DELETED|${this.#formKey}` };
  }

  async run(): Promise<void> {
    const { exchange } = this.#context;
    const storage = this.#server.registry.storage(this.#scope.served.definition);
    const start = this.#startOf();
    const sendBookmarkAtStart = this.#request.sendInitialEvents === true && this.#request.allowWatchBookmarks;
    const name = this.#scope.name === '' ? this.#request.nameSelected : this.#scope.name;
    const finished = new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
    exchange.onClose(() => this.#end());
    setMaxListeners(0, this.#server.shutdown); // There are as many listeners as watches.
    this.#server.shutdown.addEventListener('abort', this.#onShutdown);
    const labels = { verb: 'WATCH', resource: this.#scope.served.definition.resource };
    this.#server.metrics.longRunning.inc(labels);
    let watch: { close(): void } | null = null;
    const timers: NodeJS.Timeout[] = [];
    try {
      this.#open();
      watch = await storage.watch({
        namespace: this.#scope.namespace,
        ...(name === undefined ? {} : { name }),
        // What an index knows are the fields of the stored version.
        ...(this.#request.equals === undefined || this.#queue !== null ? {} : { equals: this.#request.equals }),
        start,
        pace: () => this.#pace(),
        onEvent: (event) => this.#onEvent(event),
        onInitialEnd: (revision) => {
          if (sendBookmarkAtStart) this.#inOrder(() => this.#bookmark(revision, true));
        },
        onProgress: (revision) => {
          this.#inOrder(() => {
            this.#sentRevision = Math.max(this.#sentRevision, revision);
          });
        },
        onEnd: (error) => this.#inOrder(() => this.#fail(error)),
      });
      this.#context.onWatchReady?.();
      const seconds = Math.min(this.#request.timeoutSeconds || MIN_REQUEST_TIMEOUT_SECONDS * (1 + Math.random()), TIMEOUT_SECONDS_MAX);
      timers.push(setTimeout(() => this.#end(), seconds * 1000));
      if (this.#request.allowWatchBookmarks) {
        timers.push(
          setInterval(() => {
            if (this.#sentRevision > 0) this.#bookmark(this.#sentRevision, false);
          }, BOOKMARK_INTERVAL_MS),
        );
        // A last bookmark shortly before the end lets the client resume without a list.
        if (seconds > 2) timers.push(setTimeout(() => this.#bookmark(this.#sentRevision, false), (seconds - 2) * 1000));
      }
      for (const timer of timers) timer.unref();
      await finished;
    } catch (error) {
      this.#fail(error);
    } finally {
      for (const timer of timers) clearTimeout(timer);
      watch?.close();
      this.#server.metrics.longRunning.dec(labels);
      this.#server.shutdown.removeEventListener('abort', this.#onShutdown);
      if (this.#started && !exchange.closed) {
        this.#outbox.flush();
        exchange.end();
      }
    }
  }

  /** Holds initial events back while the client has much to read; gives up when it has gone. */
  #pace(): Promise<void> | undefined {
    const { exchange } = this.#context;
    this.#outbox.flush();
    const isFree = (): boolean => this.#outbox.hasRoom && this.#queue?.isFull !== true;
    if (isFree()) return undefined;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#ended || exchange.closed) reject(new StorageError('STORAGE_CLOSED', 'the client has gone', {}));
        else if (isFree()) resolve();
        else setTimeout(look, PACE_LOOK_MS);
      };
      look();
    });
  }

  readonly #onShutdown = (): void => this.#end();

  /** Where to start; a watch without a version begins with the present state. */
  #startOf(): { kind: 'after'; revision: number } | { kind: 'initial'; freshness: ReturnType<typeof freshnessOf> } {
    const query = this.#context.query;
    const version = query?.get('resourceVersion') ?? '';
    const { sendInitialEvents } = this.#request;
    if (sendInitialEvents === true) return { kind: 'initial', freshness: freshnessOf(version, 'NotOlderThan', false) };
    if (version === '' || version === '0') {
      if (sendInitialEvents === false && version === '') return { kind: 'after', revision: Number.POSITIVE_INFINITY };
      return { kind: 'initial', freshness: freshnessOf(version, '', false) };
    }
    const freshness = freshnessOf(version, '', false);
    return { kind: 'after', revision: 'revision' in freshness ? freshness.revision : 0 };
  }

  /** Sends the head of the answer: clients wait for it before they consider the watch established. */
  #open(): void {
    this.#started = true;
    this.#context.answered = true;
    this.#context.audit?.setResponseStatus(200);
    this.#context.exchange.start(200, baseHeaders(this.#context, this.#media.contentType));
    this.#context.onStreamStart?.();
  }

  /** Takes a step behind the events that wait for a webhook. */
  #inOrder(step: () => void): void {
    if (this.#queue === null) step();
    else this.#queue.add(step);
  }

  /** An event whose objects a webhook has converted. */
  #onConverted({ event, object, previous }: ConvertedEvent): void {
    if (this.#ended) return;
    this.#sentRevision = event.revision;
    const { definition } = this.#scope.served;
    const before = previous === undefined ? undefined : selectableOf(definition, previous);
    const type = this.#typeFor(event.type, before, selectableOf(definition, object));
    if (type === null) return;
    const hasLeft = type === 'DELETED' && event.type === 'MODIFIED' && previous !== undefined;
    const shown = hasLeft ? { ...previous, metadata: { ...previous.metadata, resourceVersion: String(event.revision) } } : object;
    const columns = this.#media.as === 'Table' && !this.#columnsSent;
    this.#columnsSent = true;
    this.#outbox.push(eventFrame({ type, object: shown, columns }, this.#scope, this.#media, this.#context));
  }

  #onEvent(event: ResourceEvent): void {
    if (this.#ended) return;
    if (this.#queue !== null) {
      this.#queue.add(event);
      return;
    }
    this.#sentRevision = event.revision;
    const type = this.#typeFor(event.type, event.previous, event.object.selectable);
    if (type === null) return;
    // An object that leaves the selection is shown as it was when it still belonged.
    const left = type === 'DELETED' && event.type === 'MODIFIED';
    this.#outbox.push(this.#frame(event, type, left));
  }

  /** What the event is to this watcher: selectors may turn a change into an arrival or a departure. */
  #typeFor(type: EventType, previous: SelectableFields | undefined, now: SelectableFields): EventType | null {
    const select = this.#select;
    if (select === undefined) return type;
    const before = previous !== undefined && select(previous);
    if (type === 'DELETED') return before || select(now) ? 'DELETED' : null;
    const after = select(now);
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : null;
  }

  /** The event's bytes, from its memo when another watcher of this form was first. */
  #frame(event: ResourceEvent, type: EventType, left: boolean): Buffer {
    const columns = this.#media.as === 'Table' && !this.#columnsSent;
    this.#columnsSent = true;
    const key = left || columns ? `${type}|${left ? 'left' : ''}|${this.#formKey}${columns ? '|columns' : ''}` : this.#frameKeys[type];
    const known = event.memo.get(key) as Buffer | undefined;
    if (known !== undefined) return known;
    const frame = this.#serialise(event, type, left, columns);
    event.memo.set(key, frame);
    return frame;
  }

  #serialise(event: ResourceEvent, type: EventType, left: boolean, columns: boolean): Buffer {
    if (this.#verbatim && !left) return Buffer.concat([PREFIX[type], event.object.json, CLOSE]);
    const source: StoredObject = left && event.previousObject ? event.previousObject : event.object;
    const { definition, version } = this.#scope.served;
    const parsed = parseStored(source);
    if (left && parsed.metadata) parsed.metadata.resourceVersion = String(event.revision);
    const object = toVersion(definition, parsed, version.version);
    return eventFrame({ type, object, columns }, this.#scope, this.#media, this.#context);
  }

  /** A bookmark: an object of the kind with nothing but a resourceVersion. */
  #bookmark(revision: number, initialEnd: boolean): void {
    if (this.#ended || revision === 0) return;
    this.#outbox.push(bookmarkFrame(this.#scope, this.#media, revision, initialEnd));
  }

  #drop(bufferedBytes: number): void {
    this.#server.log.warn({ resource: this.#scope.served.definition.resource, bufferedBytes }, 'slow watcher dropped');
    this.#end();
    this.#context.exchange.abort();
  }

  /** Ends with an ERROR event that holds a Status. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    if (!StorageError.is(error, 'STORAGE_CLOSED')) {
      const fault = StorageError.is(error, 'STORAGE_COMPACTED')
        ? newExpired(`too old resource version: ${this.#request.resourceVersion} (${error.data.compactRevision})`).status
        : toStatus(storageFault(error, this.#scope.served.definition, '') ?? newInternalError('the watch failed'));
      this.#outbox.push(frameOf('ERROR', fault satisfies Status, this.#media));
      this.#outbox.flush();
    }
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#outbox.flush();
    this.#ended = true;
    this.#queue?.close();
    this.#stop();
  }
}
