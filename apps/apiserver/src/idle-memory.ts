/**
 * Gives memory back when the server has nothing to do.
 *
 * Under load the collector's space for young objects grows to 32 MiB, and what old objects leave behind stays until the next
 * full collection. Nobody collects in a process that allocates nothing, so that a server would hold for days what a minute of
 * load has taken. One full collection in a quiet moment returns it.
 */
import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 2 ** 20;

/** When to collect; everything has a default. */
export interface IdleMemoryOptions {
  /** Milliseconds between looks. Default 5,000. */
  intervalMs?: number;
  /** Looks in a row that must find the server quiet. Default 2. */
  quietLooks?: number;
}

/** Share of the time that a quiet server works. */
const QUIET_UTILIZATION = 0.02;
/** A space for young objects of this size is not worth a collection. */
const YOUNG_BYTES_MIN = 6 * MIB;
/** Nor is one that is small beside what the collection would have to walk through, which takes a while. */
const YOUNG_SHARE_MIN = 0.1;
/** Collections after one burst: the first may come too early for V8 to see that it is over. */
const TRIES = 3;

/** Looks from time to time whether there is memory to give back. */
export class IdleMemory {
  readonly #intervalMs: number;
  readonly #quietLooks: number;
  #timer: NodeJS.Timeout | null = null;
  #before = performance.eventLoopUtilization();
  #quiet = 0;
  #tries = 0;

  constructor({ intervalMs = 5_000, quietLooks = 2 }: IdleMemoryOptions = {}) {
    this.#intervalMs = intervalMs;
    this.#quietLooks = quietLooks;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#intervalMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const { utilization } = performance.eventLoopUtilization(this.#before);
    this.#before = performance.eventLoopUtilization();
    if (utilization > QUIET_UTILIZATION) {
      this.#quiet = 0;
      this.#tries = 0;
      return;
    }
    if (++this.#quiet < this.#quietLooks || this.#tries >= TRIES || !isWorthwhile()) return;
    this.#tries++;
    collect();
    // The collection was no work of the server.
    this.#before = performance.eventLoopUtilization();
  }
}

function isWorthwhile(): boolean {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
  return young >= YOUNG_BYTES_MIN && young >= getHeapStatistics().used_heap_size * YOUNG_SHARE_MIN;
}

/** A full collection. Node offers it behind a flag only, which a context sees that is made while it is set. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  gc();
}
