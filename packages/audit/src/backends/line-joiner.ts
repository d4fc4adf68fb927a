/** Many small lines, few writes. */
import type { AuditEvent } from '../event.js';

/** Bytes that are joined at most; longer lines go by themselves. */
const CHUNK_BYTES = 64 * 1024;
/** Bytes of UTF-8 that one unit of a JavaScript string takes at most. */
const UTF8_BYTES_MAX = 3;

/** Why lines were not taken whole, and how many of their bytes were. */
export interface WriteFailure {
  error: unknown;
  keptBytes: number;
}

/** Where lines go. */
export interface LineTarget {
  /** @returns null when the kernel has everything. Bytes that were not taken may be held: they must not be changed any more. */
  write(lines: Buffer): WriteFailure | null;
}

/** One call whose lines are under way. */
interface Call {
  left: number;
  isKept: boolean;
  resolve: ((isKept: boolean) => void) | null;
}

/** Milliseconds that lines for which no request waits are held at most. */
const HOLD_MS = 1;

/**
 * Joins the lines of a millisecond into one write: the system call is what a line costs most. A request waits for its
 * RequestReceived, which is therefore written at the end of its turn of the event loop, and what is held with it.
 */
export class LineJoiner {
  readonly #target: LineTarget;
  readonly #onLost: (events: readonly AuditEvent[], error: unknown) => void;
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #bytes = 0;
  #events: AuditEvent[] = [];
  #ends: number[] = [];
  #calls: Call[] = [];
  #soon: NodeJS.Immediate | null = null;
  #later: NodeJS.Timeout | null = null;

  constructor(target: LineTarget, onLost: (events: readonly AuditEvent[], error: unknown) => void) {
    this.#target = target;
    this.#onLost = onLost;
  }

  /**
   * Takes one line per event, with its newline.
   *
   * @returns whether all were handed to the kernel, once that is known.
   */
  add(events: readonly AuditEvent[], lineOf: (event: AuditEvent) => string): boolean | Promise<boolean> {
    const call: Call = { left: events.length, isKept: true, resolve: null };
    for (const event of events) {
      try {
        this.#append(event, lineOf(event), call);
      } catch (error) {
        // No event is worth a request that fails for it.
        call.left--;
        call.isKept = false;
        this.#onLost([event], error);
      }
    }
    if (call.left === 0) return call.isKept;
    if (events.some(({ stage }) => stage === 'RequestReceived')) this.#soon ??= setImmediate(this.flush);
    else if (this.#soon === null) this.#later ??= setTimeout(this.flush, HOLD_MS);
    return new Promise((resolve) => {
      call.resolve = resolve;
    });
  }

  #append(event: AuditEvent, line: string, call: Call): void {
    const most = line.length * UTF8_BYTES_MAX;
    if (most > CHUNK_BYTES - this.#bytes) this.flush();
    this.#events.push(event);
    this.#calls.push(call);
    if (most > CHUNK_BYTES) {
      const bytes = Buffer.from(line);
      this.#ends.push(bytes.length);
      this.#write(bytes);
      return;
    }
    this.#bytes += this.#chunk.write(line, this.#bytes);
    this.#ends.push(this.#bytes);
  }

  /** Writes what was joined so far. */
  readonly flush = (): void => {
    if (this.#soon !== null) clearImmediate(this.#soon);
    if (this.#later !== null) clearTimeout(this.#later);
    this.#soon = null;
    this.#later = null;
    if (this.#bytes === 0) return;
    const lines = this.#chunk.subarray(0, this.#bytes);
    this.#bytes = 0;
    this.#write(lines);
  };

  #write(lines: Buffer): void {
    const failure = this.#target.write(lines);
    const calls = this.#calls;
    if (failure === null) {
      for (const call of calls) if (--call.left === 0) call.resolve?.(call.isKept);
      this.#events.length = 0;
      this.#ends.length = 0;
      calls.length = 0;
      return;
    }
    this.#fail(failure);
  }

  #fail({ error, keptBytes }: WriteFailure): void {
    const events = this.#events;
    const ends = this.#ends;
    const calls = this.#calls;
    // Whoever hears of it may hand in more events; and what was not taken may wait in the old chunk.
    this.#events = [];
    this.#ends = [];
    this.#calls = [];
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const lost = events.filter((_event, i) => {
      const isLost = (ends[i] as number) > keptBytes;
      if (isLost) (calls[i] as Call).isKept = false;
      return isLost;
    });
    for (const call of calls) if (--call.left === 0) call.resolve?.(call.isKept);
    this.#onLost(lost, error);
  }
}
