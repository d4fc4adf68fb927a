/** Admission's metrics under kube-apiserver's names, for a prom-client registry. */
import type { Metric, Registry } from 'prom-client';
import type { AdmissionMetrics } from './interface.js';

type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds, as upstream has them. */
const STEP_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const WEBHOOK_BUCKETS_SECONDS = [...STEP_BUCKETS_SECONDS, 10, 25];

const HELP: Readonly<Record<string, string>> = {
  apiserver_admission_step_admission_duration_seconds: 'Time of one phase of admission, by operation.',
  apiserver_admission_controller_admission_duration_seconds: 'Time of one admission controller, by phase and operation.',
  apiserver_admission_webhook_admission_duration_seconds: 'Time of one admission webhook, by phase and operation.',
};

interface Sample {
  metricName: string;
  labels: Labels;
  value: number;
}

/** A metric as prom-client's registry reads it; label sets are resolved once, so that counting is an addition. */
abstract class Family<Child> {
  readonly name: string;
  readonly help: string;
  abstract readonly type: 'histogram' | 'counter';
  readonly #children = new Map<string, { labels: Labels; child: Child }>();

  constructor(name: string) {
    this.name = name;
    this.help = HELP[name] ?? name.replaceAll('_', ' ');
  }

  protected abstract create(): Child;
  protected abstract samples(labels: Labels, child: Child): Sample[];

  child(labels: Labels): Child {
    const key = JSON.stringify(labels);
    let entry = this.#children.get(key);
    if (entry === undefined) {
      entry = { labels, child: this.create() };
      this.#children.set(key, entry);
    }
    return entry.child;
  }

  get(): Promise<object> {
    const values = [...this.#children.values()].flatMap(({ labels, child }) => this.samples(labels, child));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, values, aggregator: 'sum' });
  }

  reset(): void {
    this.#children.clear();
  }
}

interface Distribution {
  counts: number[];
  sum: number;
}

class Histogram extends Family<Distribution> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  constructor(name: string, bounds: readonly number[]) {
    super(name);
    this.#bounds = bounds;
  }

  bind(labels: Labels): (seconds: number) => void {
    const child = this.child(labels);
    const bounds = this.#bounds;
    return (seconds) => {
      let i = 0;
      while (i < bounds.length && seconds > (bounds[i] as number)) i++;
      child.counts[i] = (child.counts[i] ?? 0) + 1;
      child.sum += seconds;
    };
  }

  protected create(): Distribution {
    return { counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 };
  }

  protected samples(labels: Labels, { counts, sum }: Distribution): Sample[] {
    let total = 0;
    const buckets = counts.map((count, i) => {
      total += count;
      const le = this.#bounds[i]?.toString() ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [...buckets, { metricName: `${this.name}_sum`, labels, value: sum }, { metricName: `${this.name}_count`, labels, value: total }];
  }
}

class Counter extends Family<{ value: number }> {
  readonly type = 'counter';

  protected create(): { value: number } {
    return { value: 0 };
  }

  protected samples(labels: Labels, { value }: { value: number }): Sample[] {
    return [{ metricName: this.name, labels, value }];
  }
}

/** Makes the metrics of one server; they appear in the registry with their first value. */
export function createAdmissionMetrics(registry: Registry): AdmissionMetrics {
  const histograms = new Map<string, Histogram>();
  const counters = new Map<string, Counter>();
  const register = <T>(metric: T): T => {
    registry.registerMetric(metric as unknown as Metric);
    return metric;
  };
  const bind = (name: string, labels: Labels): ((seconds: number) => void) => {
    let histogram = histograms.get(name);
    if (histogram === undefined) {
      histogram = register(new Histogram(name, name.includes('webhook') ? WEBHOOK_BUCKETS_SECONDS : STEP_BUCKETS_SECONDS));
      histograms.set(name, histogram);
    }
    return histogram.bind(labels);
  };
  return {
    bind,
    observe: (name, labels, seconds) => bind(name, labels)(seconds),
    increment(name, labels) {
      let counter = counters.get(name);
      if (counter === undefined) {
        counter = register(new Counter(name));
        counters.set(name, counter);
      }
      counter.child(labels).value++;
    },
  };
}
