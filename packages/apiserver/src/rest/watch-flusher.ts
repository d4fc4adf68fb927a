/** Time after which a pass lets requests have their turn. */
const SLICE_MS = 2;
/** Flushes between two looks at the clock. */
const LOOK_COUNT = 8;
/** A pass is followed by a pause that is this much longer, and never longer than `PAUSE_MS_MAX`. */
const PAUSE_FACTOR = 3;
const PAUSE_MS_MAX = 10;

/**
 * Decides when watchers are written to.
 *
 * A write to a connection costs the same for one event as for ten: encryption and the kernel, hardly the bytes. A pass
 * writes to all watchers that have something, by turns with requests. Where that takes long, there are many watchers,
 * and the pause behind it lets events gather: each watcher gets them in one write. A quiet server, or one with few
 * watchers, writes at once.
 */
export class WatchFlusher {
  #waiting: (() => void)[] = [];
  #pass: readonly (() => void)[] = [];
  /** Place of the next one in the pass. */
  #next = 0;
  #costMs = 0;
  #isArmed = false;
  #lastFrames: readonly Buffer[] = [];
  #lastJoined: Buffer = Buffer.alloc(0);

  /** Calls `flush` in the next turn, or when the pause is over. */
  schedule(flush: () => void): void {
    this.#waiting.push(flush);
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#run);
  }

  /** Frames as one buffer; watchers whose frames are the same ones share it. */
  join(frames: readonly Buffer[]): Buffer {
    if (frames.length === 1) return frames[0] as Buffer;
    const last = this.#lastFrames;
    if (frames.length !== last.length || frames.some((frame, place) => frame !== last[place])) {
      this.#lastFrames = frames;
      this.#lastJoined = Buffer.concat(frames);
    }
    return this.#lastJoined;
  }

  readonly #run = (): void => {
    if (this.#next === this.#pass.length) {
      this.#pass = this.#waiting;
      this.#waiting = [];
      this.#next = 0;
      this.#costMs = 0;
    }
    const startedAt = performance.now();
    for (let count = 1; this.#next < this.#pass.length; count++) {
      (this.#pass[this.#next++] as () => void)();
      if (count % LOOK_COUNT === 0 && performance.now() - startedAt > SLICE_MS) break;
    }
    this.#costMs += performance.now() - startedAt;
    if (this.#next < this.#pass.length) {
      setImmediate(this.#run);
      return;
    }
    this.#pass = [];
    this.#next = 0;
    this.#lastFrames = [];
    this.#lastJoined = Buffer.alloc(0);
    const pauseMs = Math.min(this.#costMs * PAUSE_FACTOR, PAUSE_MS_MAX);
    if (pauseMs < 1) this.#goOn();
    else setTimeout(this.#goOn, pauseMs);
  };

  readonly #goOn = (): void => {
    if (this.#waiting.length > 0) setImmediate(this.#run);
    else this.#isArmed = false;
  };
}
