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

/** Joins the lines of one turn of the event loop into one write: the system call is what a line costs most. */
export class LineJoiner {
  readonly #target: LineTarget;
  readonly #onLost: (events: readonly AuditEvent[], error: unknown) => void;
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #bytes = 0;
  #events: AuditEvent[] = [];
  #ends: number[] = [];
  #calls: Call[] = [];
  #isScheduled = false;

  constructor(target: LineTarget, onLost: (events: readonly AuditEvent[], error: unknown) => void) {
    this.#target = target;
    this.#onLost = onLost;
  }

  /**
   * Takes one line per event, with its newline.
   *
   * @returns whether all were handed to the kernel, once that is known: at the end of this turn at the latest.
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
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.flush);
    }
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
    this.#isScheduled = false;
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
