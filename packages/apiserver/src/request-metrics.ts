import { Counter, Histogram, type Registry } from 'prom-client';

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

interface Series {
  labels: Record<Label, string>;
  /** Requests by status code. */
  codes: Map<number, number>;
  /** Durations by bucket; the last one counts those above every bound. */
  buckets: Uint32Array;
  count: number;
  sumSeconds: number;
}

type Values = Awaited<ReturnType<Histogram<Label | 'le'>['get']>>;

/** A histogram whose figures are kept elsewhere and read when it is scraped. */
class ReadHistogram extends Histogram<Label> {
  readonly #options: { name: string; help: string };
  readonly #series: () => Iterable<Series>;

  constructor(options: { name: string; help: string; registry: Registry }, series: () => Iterable<Series>) {
    super({ name: options.name, help: options.help, labelNames: [...LABELS], buckets: BUCKETS_SECONDS, registers: [options.registry] });
    this.#options = options;
    this.#series = series;
  }

  override async get(): Promise<Values> {
    const { name, help } = this.#options;
    const values = [...this.#series()]
      .filter(({ count }) => count > 0)
      .flatMap(({ labels, buckets, count, sumSeconds }) => {
        let below = 0;
        const bounds = [...BUCKETS_SECONDS, '+Inf'].map((le, index) => {
          below += buckets[index] as number;
          return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
        });
        return [...bounds, { metricName: `${name}_sum`, labels, value: sumSeconds }, { metricName: `${name}_count`, labels, value: count }];
      });
    // The library declares its types of metrics as numbers, and writes their names.
    return { name, help, type: 'histogram' as unknown as Values['type'], aggregator: 'sum', collect: () => {}, values };
  }

  /** What the registry's text form asks for; the same figures. */
  getForPromString(): Promise<Values> {
    return this.get();
  }
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
