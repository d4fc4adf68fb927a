/** Where flow control has its time from. */
export interface FlowClock {
  /** Milliseconds; only goes on. */
  now(): number;
  after(ms: number, run: () => void): void;
}

/** The process's clock; what is to happen later keeps it not alive. */
export const processClock: FlowClock = {
  now: () => performance.now(),
  after: (ms, run) => void setTimeout(run, ms).unref(),
};
