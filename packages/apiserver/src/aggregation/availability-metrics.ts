import { Counter, Gauge, type Registry } from 'prom-client';

/** Which APIServices are not available, under kube-apiserver's names. */
export class AvailabilityMetrics {
  readonly #remote = new Map<string, boolean>();
  readonly #counter: Counter<'name' | 'reason'>;

  /** @param names - All APIServices; those that nothing was set for are available. */
  constructor(registry: Registry, names: () => readonly string[]) {
    const remote = this.#remote;
    new Gauge({
      name: 'aggregator_unavailable_apiservice',
      help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
      labelNames: ['name'],
      registers: [registry],
      collect() {
        this.reset();
        for (const name of names()) this.set({ name }, remote.get(name) === false ? 1 : 0);
      },
    });
    this.#counter = new Counter({
      name: 'aggregator_unavailable_apiservice_total',
      help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
      labelNames: ['name', 'reason'],
      registers: [registry],
    });
  }

  set(name: string, isAvailable: boolean): void {
    this.#remote.set(name, isAvailable);
  }

  /** Counts one that has become unavailable. */
  count(name: string, reason: string): void {
    this.#counter.inc({ name, reason });
  }

  forget(name: string): void {
    this.#remote.delete(name);
  }
}
