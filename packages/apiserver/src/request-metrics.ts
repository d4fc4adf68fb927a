import { Counter, type Registry } from 'prom-client';
import { type HistogramFigures, ReadHistogram } from './read-histogram.js';

/** Upper bounds in seconds, as kube-apiserver's request histograms. */
const BUCKETS_SECONDS: number[] = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'dry_run', 'component'] as const;
type Label = (typeof LABELS)[number];

/** What a request is counted under. */
export interface RequestLabels {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
}

interface Series extends HistogramFigures {
  labels: Record<Label, string>;
  /** Requests by status code. */
  codes: Map<number, number>;
}

/**
 * Counts requests and times them. The counting itself touches a map and two numbers: what the metrics library asks of
 * every observation (checking and hashing nine labels) is paid when someone scrapes.
 */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();

  constructor(registry: Registry) {
    const series = this.#series;
    new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and HTTP status code.',
      labelNames: [...LABELS, 'code'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, codes } of series.values()) {
          for (const [code, count] of codes) this.inc({ ...labels, code: String(code) }, count);
        }
      },
    });
    new ReadHistogram(
      {
        name: 'apiserver_request_duration_seconds',
        help: 'Time from the arrival of a request to the end of its answer, without watches.',
        labelNames: LABELS,
        buckets: BUCKETS_SECONDS,
        registry,
      },
      () => series.values(),
    );
  }

  /** Counts one finished request. Watches and connections have no duration. */
  add(labels: RequestLabels, code: number, seconds: number): void {
    const key = `${labels.verb}/${labels.group}/${labels.version}/${labels.resource}/${labels.subresource}/${labels.scope}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = {
        labels: { ...labels, dry_run: '', component: 'apiserver' },
        codes: new Map(),
        buckets: new Uint32Array(BUCKETS_SECONDS.length + 1),
        count: 0,
        sumSeconds: 0,
      };
      this.#series.set(key, series);
    }
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    if (labels.verb === 'WATCH' || labels.verb === 'CONNECT') return;
    let index = 0;
    while (index < BUCKETS_SECONDS.length && seconds > (BUCKETS_SECONDS[index] as number)) index++;
    series.buckets[index] = (series.buckets[index] as number) + 1;
    series.count++;
    series.sumSeconds += seconds;
  }
}
