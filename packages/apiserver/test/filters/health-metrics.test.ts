import { describe, expect, it } from 'vitest';
import { HealthMetrics } from '../../src/filters/health-metrics.js';

describe('metrics of health checks', () => {
  it('say what the last look found, and count what each did', async () => {
    const metrics = new HealthMetrics();
    metrics.observe('etcd', 'readyz', true);
    metrics.observe('etcd', 'readyz', false);
    metrics.observe('etcd', 'readyz', false);
    const lines = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('kubernetes_'));
    expect(lines).toEqual([
      'kubernetes_healthcheck{name="etcd",type="readyz"} 0',
      'kubernetes_healthchecks_total{name="etcd",type="readyz",status="success"} 1',
      'kubernetes_healthchecks_total{name="etcd",type="readyz",status="error"} 2',
    ]);
  });
});
