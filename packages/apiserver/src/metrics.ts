import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds in seconds, as kube-apiserver's request histograms. */
const REQUEST_BUCKETS_SECONDS: number[] = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** The server's metrics, under kube-apiserver's names. */
export interface ServerMetrics {
  readonly registry: Registry;
  /** Counts a finished request. Cheap: label sets are cached by their values. */
  request(labels: RequestLabels, code: number, seconds: number, responseBytes: number): void;
  readonly inflight: Gauge<'request_kind'>;
  readonly longRunning: Gauge<'verb' | 'resource'>;
  readonly watchEvents: Counter<'group' | 'version' | 'resource'>;
  readonly objects: Gauge<'resource'>;
}

/** What a request is counted under. */
export interface RequestLabels {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
}

/** Makes the metrics of one server; several may live in one process. */
export function createServerMetrics(): ServerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and HTTP status code.',
    labelNames: [...labelNames, 'code', 'dry_run', 'component'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer, without watches.',
    labelNames: [...labelNames, 'dry_run', 'component'],
    buckets: REQUEST_BUCKETS_SECONDS,
    registers: [registry],
  });
  return {
    registry,
    request(labels, code, seconds) {
      total.inc({ ...labels, code: String(code), dry_run: '', component: 'apiserver' });
      if (labels.verb !== 'WATCH' && labels.verb !== 'CONNECT')
        duration.observe({ ...labels, dry_run: '', component: 'apiserver' }, seconds);
    },
    inflight: new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being served, by kind.',
      labelNames: ['request_kind'],
      registers: [registry],
    }),
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
  };
}
