import type { AuditEvent } from '../event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';

/** How events are gathered. */
export interface BufferOptions {
  /** Events held at most; more are dropped. Default 10,000. */
  bufferSize?: number;
  /** Events per batch. Default 400. */
  maxBatchSize?: number;
  /** Milliseconds that a batch waits to fill. Default 30,000. */
  maxBatchWaitMs?: number;
  /** Batches per second, and how many may go at once after a pause. Absent: unlimited. */
  throttle?: { qps: number; burst: number };
  /** Batches are sent one after another. Default false. */
  sequential?: boolean;
  onError?: AuditErrorHandler;
}

/** Collects events and hands them on in batches; never makes a request wait. */
export function bufferedBackend(backend: AuditBackend, options: BufferOptions = {}): AuditBackend {
  const { bufferSize = 10_000, maxBatchSize = 400, maxBatchWaitMs = 30_000, throttle, sequential = false, onError } = options;
  const queue: AuditEvent[] = [];
  const sending = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  let tokens = throttle?.burst ?? 0;
  let refilledMs = performance.now();

  const waitForToken = async (): Promise<void> => {
    if (throttle === undefined) return;
    for (;;) {
      const now = performance.now();
      tokens = Math.min(throttle.burst, tokens + ((now - refilledMs) / 1000) * throttle.qps);
      refilledMs = now;
      if (tokens >= 1) {
        tokens -= 1;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, ((1 - tokens) / throttle.qps) * 1000));
    }
  };
  const send = (batch: readonly AuditEvent[]): void => {
    const before = sequential || throttle !== undefined ? last : Promise.resolve();
    const started = before.then(waitForToken);
    const sent = started.then(() => backend.process(batch));
    last = sequential ? sent : started;
    const tracked = sent.finally(() => sending.delete(tracked));
    sending.add(tracked);
  };
  const flush = (all: boolean): void => {
    while (queue.length >= maxBatchSize || (all && queue.length > 0)) send(queue.splice(0, maxBatchSize));
    if (timer !== null && queue.length === 0) {
      clearTimeout(timer);
      timer = null;
    }
    if (queue.length > 0 && timer === null && !closed) {
      timer = setTimeout(() => {
        timer = null;
        flush(true);
      }, maxBatchWaitMs);
      timer.unref();
    }
  };
  return {
    name: `buffered<${backend.name}>`,
    process(events) {
      const room = closed ? 0 : bufferSize - queue.length;
      const kept = events.slice(0, Math.max(0, room));
      queue.push(...kept);
      if (kept.length < events.length) {
        onError?.({
          plugin: 'buffered',
          events: events.slice(kept.length),
          error: new Error(closed ? 'audit backend shut down' : 'audit buffer queue blocked'),
        });
      }
      flush(false);
      return true;
    },
    async close() {
      closed = true;
      flush(true);
      while (sending.size > 0) await Promise.allSettled([...sending]);
      await backend.close();
    },
  };
}
