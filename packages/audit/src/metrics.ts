/** kube-apiserver's metrics of the audit log, on a prom-client registry. */
import { Counter, type Registry } from 'prom-client';
import type { AuditErrorHandler } from './backends/backend.js';
import type { AuditCounters } from './request-auditor.js';

/** What to hand where. */
export interface AuditMetrics {
  /** The `counters` option of `AuditLogger`. */
  counters: Required<Omit<AuditCounters, 'conflict'>>;
  /** Counts what backends lost; to be called from their `onError`. */
  onError: AuditErrorHandler;
}

/** Registers the metrics. */
export function createAuditMetrics({ registry }: { registry: Registry }): AuditMetrics {
  const registers = [registry];
  const name = (part: string): string => `apiserver_audit_${part}_total`;
  const events = new Counter({ name: name('event'), help: 'Number of audit events made and handed to the backend.', registers });
  const errors = new Counter({
    name: name('error'),
    help: 'Number of audit events that could not be kept, by plugin.',
    labelNames: ['plugin'],
    registers,
  });
  const levels = new Counter({ name: name('level'), help: 'Number of requests by audit level.', labelNames: ['level'], registers });
  const rejected = new Counter({
    name: name('requests_rejected'),
    help: 'Number of requests refused because their audit event could not be kept.',
    registers,
  });
  return {
    counters: { event: () => events.inc(), level: (level) => levels.inc({ level }), rejected: () => rejected.inc() },
    onError: ({ plugin, events: lost }) => errors.inc({ plugin }, lost.length),
  };
}
