import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type RequestLabels, RequestMetrics } from './request-metrics.js';

/** The server's metrics, under kube-apiserver's names. */
export interface ServerMetrics {
  readonly registry: Registry;
  /** Counts a finished request. */
  request(labels: RequestLabels, code: number, seconds: number, responseBytes: number): void;
  /** Requests being served, by kind; read when the metrics are. */
  readonly inflight: { readOnly: number; mutating: number };
  readonly longRunning: Gauge<'verb' | 'resource'>;
  readonly watchEvents: Counter<'group' | 'version' | 'resource'>;
  readonly objects: Gauge<'resource'>;
  /** Begins to watch the process itself: its CPU time, memory, event loop and garbage collection. */
  watchProcess(): void;
}

/** Makes the metrics of one server; several may live in one process. */
export function createServerMetrics(): ServerMetrics {
  const registry = new Registry();
  const requests = new RequestMetrics(registry);
  const inflight = { readOnly: 0, mutating: 0 };
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being served, by kind.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      for (const kind of ['readOnly', 'mutating'] as const) this.set({ request_kind: kind }, inflight[kind]);
    },
  });
  return {
    registry,
    request: (labels, code, seconds) => requests.add(labels, code, seconds),
    inflight,
    longRunning: new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches and connections that are open.',
      labelNames: ['verb', 'resource'],
      registers: [registry],
    }),
    watchEvents: new Counter({
      name: 'apiserver_watch_events_total',
      help: 'Events sent to watchers.',
      labelNames: ['group', 'version', 'resource'],
      registers: [registry],
    }),
    objects: new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Objects stored, by resource.',
      labelNames: ['resource'],
      registers: [registry],
    }),
    watchProcess: () => collectDefaultMetrics({ register: registry }),
  };
}
