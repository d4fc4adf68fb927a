import type { AuditEvent } from '../event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { requireCount, requireNotNegative, requirePositive } from './limits.js';
import { TokenBucket } from './token-bucket.js';

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
  onError?: AuditErrorHandler;
}

/**
 * Collects events and hands them on in batches; never makes a request wait.
 *
 * @throws {RangeError} for sizes or a throttle that are not positive.
 */
export function bufferedBackend(backend: AuditBackend, options: BufferOptions = {}): AuditBackend {
  const { bufferSize = 10_000, maxBatchSize = 400, maxBatchWaitMs = 30_000, throttle, onError } = options;
  requireCount({ bufferSize, maxBatchSize });
  if (throttle !== undefined) requirePositive({ 'throttle.qps': throttle.qps, 'throttle.burst': throttle.burst });
  requireNotNegative({ maxBatchWaitMs });
  const tokens = throttle === undefined ? null : new TokenBucket(throttle);
  const queue: AuditEvent[] = [];
  const sending = new Set<Promise<unknown>>();
  let waiting: NodeJS.Timeout | null = null;
  let isThrottled = false;
  let isClosed = false;
  /** Set while a batch may go that is not full. */
  let isDue = false;
  let emptied: (() => void) | null = null;

  const send = (batch: readonly AuditEvent[]): void => {
    const result = backend.process(batch);
    if (!(result instanceof Promise)) return;
    const tracked = result.finally(() => sending.delete(tracked));
    sending.add(tracked);
  };
  /** Sends what may go now. What waits for a token stays in the queue and counts as held. */
  const pump = (): void => {
    while (!isThrottled && (queue.length >= maxBatchSize || ((isDue || isClosed) && queue.length > 0))) {
      const pauseMs = tokens?.take() ?? 0;
      if (pauseMs > 0) {
        isThrottled = true;
        setTimeout(() => {
          isThrottled = false;
          pump();
        }, pauseMs);
        break;
      }
      isDue = false;
      send(queue.splice(0, maxBatchSize));
    }
    if (queue.length === 0) emptied?.();
    // The clock runs from a batch's first event on.
    if (queue.length === 0 || isDue || isClosed) {
      if (waiting !== null) clearTimeout(waiting);
      waiting = null;
    } else if (waiting === null) {
      waiting = setTimeout(() => {
        waiting = null;
        isDue = true;
        pump();
      }, maxBatchWaitMs);
      waiting.unref();
    }
  };
  return {
    name: `buffered<${backend.name}>`,
    process(events) {
      const room = isClosed ? 0 : bufferSize - queue.length;
      for (let i = 0; i < Math.min(events.length, room); i++) queue.push(detached(events[i] as AuditEvent));
      pump();
      if (events.length > room) {
        onError?.({
          plugin: 'buffered',
          events: events.slice(Math.max(0, room)),
          error: new Error(isClosed ? 'audit backend shut down' : 'audit buffer queue blocked'),
        });
      }
      return true;
    },
    async close() {
      isClosed = true;
      const drained = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      pump();
      await drained;
      // What is under way is the backend's to end: it may be waiting to try again.
      await backend.close();
      await Promise.allSettled([...sending]);
    },
  };
}

/** Later events of the request may add to the annotations that they share with this one. */
function detached(event: AuditEvent): AuditEvent {
  return event.annotations === undefined ? event : { ...event, annotations: { ...event.annotations } };
}
