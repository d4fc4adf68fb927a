/** How long a call may take, and who may lose interest in it. */
export interface CallLimits {
  /** Milliseconds. */
  timeoutMs: number;
  /** Those that end the call when they are aborted. */
  signals?: readonly (AbortSignal | undefined)[];
}

/** What timers take. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Makes a call that ends in time. Its signal is aborted with a `TimeoutError`, or with the reason of the first of `signals`.
 *
 * Node's garbage collector takes the `AbortSignal.timeout` out of an `AbortSignal.any` before its time has come
 * (nodejs/node#57736): the call would never end.
 */
export async function callWithin<T>({ timeoutMs, signals = [] }: CallLimits, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const end = ({ target }: { target: unknown }): void => controller.abort((target as AbortSignal).reason);
  const timer = setTimeout(
    () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    Math.min(timeoutMs, TIMER_MS_MAX),
  );
  for (const signal of given) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', end);
  }
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of given) signal.removeEventListener('abort', end);
  }
}
