import { Counter, Gauge, Registry } from 'prom-client';

/** What every look at the server's health found, for service level objectives: `/metrics/slis`, apart from all other metrics. */
export class HealthMetrics {
  readonly registry: Registry = new Registry();
  readonly #last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: '[STABLE] Whether a health check passed the last time: 1 or 0.',
    labelNames: ['name', 'type'],
    registers: [this.registry],
  });
  readonly #total = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: '[STABLE] Health checks by what they found.',
    labelNames: ['name', 'status', 'type'],
    registers: [this.registry],
  });

  /** Counts one check. @param type - The endpoint that was asked. */
  observe(name: string, type: 'healthz' | 'livez' | 'readyz', isHealthy: boolean): void {
    this.#last.set({ name, type }, isHealthy ? 1 : 0);
    this.#total.inc({ name, type, status: isHealthy ? 'success' : 'error' });
  }

  /** Forgets everything, as a `DELETE` asks for. */
  reset(): void {
    this.registry.resetMetrics();
  }
}
