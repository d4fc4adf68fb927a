const HEALTHY_MS = 20_000;
const UNHEALTHY_MS = 3_000;

/**
 * Remembers the outcome of a probe: 20 s when it was good, 3 s when it was not. Within that time the remembered error is
 * answered, which for a failed call is the call's own error, as upstream has it.
 */
export class HealthMemory {
  readonly #now: () => number;
  readonly #probe: () => Promise<ProbeOutcome>;
  #last: { atMs: number; error: Error | null } | null = null;
  #running: Promise<Error | null> | null = null;

  /** @param now - Milliseconds since the epoch. */
  constructor(now: () => number, probe: () => Promise<ProbeOutcome>) {
    this.#now = now;
    this.#probe = probe;
  }

  /** `null` = healthy. Concurrent callers share one probe. */
  async check(): Promise<Error | null> {
    const last = this.#last;
    if (last !== null && this.#now() - last.atMs < (last.error === null ? HEALTHY_MS : UNHEALTHY_MS)) return last.error;
    return this.probe();
  }

  /** Probes without looking at what is remembered. */
  probe(): Promise<Error | null> {
    this.#running ??= this.#probe()
      .then(({ error, remembered }) => {
        this.#last = { atMs: this.#now(), error: remembered ?? error };
        return error;
      })
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }
}

/** How a probe ended. */
export interface ProbeOutcome {
  error: Error | null;
  /** What later callers hear instead of `error`. */
  remembered?: Error;
}
