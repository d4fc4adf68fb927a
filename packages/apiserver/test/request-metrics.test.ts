import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { RequestMetrics } from '../src/request-metrics.js';

it('shows counted requests as Prometheus reads them: by code, in cumulative buckets', async () => {
  const registry = new Registry();
  const metrics = new RequestMetrics(registry);
  const get = { verb: 'GET', group: '', version: 'v1', resource: 'pods', subresource: '', scope: 'resource' };
  metrics.add(get, 200, 0.005);
  metrics.add(get, 200, 0.3);
  metrics.add(get, 404, 90);
  metrics.add({ ...get, verb: 'WATCH', scope: 'cluster' }, 200, 1000);
  const labels = 'verb="GET",group="",version="v1",resource="pods",subresource="",scope="resource",dry_run="",component="apiserver"';
  for (let scrape = 0; scrape < 2; scrape++) {
    const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
    const bucket = (le: string): string | undefined =>
      lines
        .find((line) => line.includes(`_bucket{${labels},le="${le}"}`))
        ?.split(' ')
        .at(-1);
    expect(lines.filter((line) => line.startsWith('apiserver_request_total'))).toEqual([
      `apiserver_request_total{${labels},code="200"} 2`,
      `apiserver_request_total{${labels},code="404"} 1`,
      `apiserver_request_total{${labels.replace('GET', 'WATCH').replace('="resource"', '="cluster"')},code="200"} 1`,
    ]);
    expect(['0.005', '0.2', '0.4', '60', '+Inf'].map(bucket)).toEqual(['1', '1', '2', '2', '3']);
    expect(lines.filter((line) => line.includes('_sum') || line.includes('_count'))).toEqual([
      `apiserver_request_duration_seconds_sum{${labels}} 90.305`,
      `apiserver_request_duration_seconds_count{${labels}} 3`,
    ]);
  }
});
