import type { Exchange } from '../http/exchange.js';
import type { WatchFlusher } from './watch-flusher.js';

/** Bytes that one slow watcher may have waiting. */
const BUFFER_BYTES_MAX = 8 * 1024 * 1024;
/** More is not gathered before it is written. */
const GATHER_BYTES_MAX = 256 * 1024;
/** Initial events wait while a client has this much to read. */
const PACE_BYTES = 1024 * 1024;

/** What one watcher is still to be sent. */
export class WatchOutbox {
  readonly #exchange: Exchange;
  readonly #flusher: WatchFlusher;
  readonly #onSlow: (bufferedBytes: number) => void;
  #frames: Buffer[] = [];
  #sizeBytes = 0;
  #isScheduled = false;

  /** @param onSlow - Called when the client has too much to read: it must be cut off. */
  constructor(exchange: Exchange, flusher: WatchFlusher, onSlow: (bufferedBytes: number) => void) {
    this.#exchange = exchange;
    this.#flusher = flusher;
    this.#onSlow = onSlow;
  }

  /** False while the client has much to read. */
  get hasRoom(): boolean {
    return this.#exchange.bufferedBytes < PACE_BYTES;
  }

  /** Frames that come together, or while many watchers are written to, become one write. */
  push(frame: Buffer): void {
    this.#frames.push(frame);
    this.#sizeBytes += frame.length;
    if (this.#sizeBytes > GATHER_BYTES_MAX) this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#flusher.schedule(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** Writes what there is at once. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const chunk = this.#flusher.join(this.#frames);
    this.#frames = [];
    this.#sizeBytes = 0;
    this.#exchange.write(chunk);
    if (this.#exchange.bufferedBytes > BUFFER_BYTES_MAX) this.#onSlow(this.#exchange.bufferedBytes);
  }
}
