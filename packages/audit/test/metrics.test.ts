import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { AuditLogger } from '../src/index.js';
import { createAuditMetrics } from '../src/metrics.js';

it('counts events, levels, refusals and losses under kube-apiserver names', async () => {
  const registry = new Registry();
  const { counters, onError } = createAuditMetrics({ registry });
  const backend = { name: 'memory', process: () => true, close: async () => {} };
  const logger = new AuditLogger(backend, { level: 'Metadata' }, { counters });
  const id = await logger.logRequest({ uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' } });
  await logger.logResponse({ auditId: id, uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' }, status: 200 });
  logger.reject();
  onError({ plugin: 'webhook', events: [{} as never, {} as never], error: new Error('down') });
  const text = await registry.metrics();
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'apiserver_audit_event_total 2',
    'apiserver_audit_error_total{plugin="webhook"} 2',
    'apiserver_audit_level_total{level="Metadata"} 1',
    'apiserver_audit_requests_rejected_total 1',
  ]);
});
