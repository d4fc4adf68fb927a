import { Histogram, type Registry } from 'prom-client';

/** Figures of one set of labels. */
export interface HistogramFigures {
  labels: Readonly<Record<string, string>>;
  /** By bucket, each without those below; the last one counts those above every bound. */
  buckets: Uint32Array;
  count: number;
  sumSeconds: number;
}

/** What a histogram is called and where it belongs. */
export interface ReadHistogramOptions {
  name: string;
  help: string;
  labelNames: readonly string[];
  /** Upper bounds. */
  buckets: readonly number[];
  registry: Registry;
}

type Values = Awaited<ReturnType<Histogram<string>['get']>>;

/** A histogram whose figures are kept elsewhere and read when it is scraped; labels without observations are left out. */
export class ReadHistogram extends Histogram<string> {
  readonly #options: ReadHistogramOptions;
  readonly #figures: () => Iterable<HistogramFigures>;

  constructor(options: ReadHistogramOptions, figures: () => Iterable<HistogramFigures>) {
    const { name, help, labelNames, buckets, registry } = options;
    super({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] });
    this.#options = options;
    this.#figures = figures;
  }

  override async get(): Promise<Values> {
    const { name, help, buckets } = this.#options;
    const values = [...this.#figures()]
      .filter(({ count }) => count > 0)
      .flatMap(({ labels, buckets: counts, count, sumSeconds }) => {
        let below = 0;
        const bounds = [...buckets, '+Inf'].map((le, index) => {
          below += counts[index] as number;
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
