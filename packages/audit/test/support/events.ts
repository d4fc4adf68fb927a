import type { AuditBackend, AuditEvent } from '../../src/index.js';

export function event(id: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    level: 'Request',
    auditID: `id-${id}`,
    stage: 'ResponseComplete',
    requestURI: '/',
    verb: 'get',
    user: {},
    requestReceivedMicros: 0,
    stageMicros: 0,
    ...more,
  };
}

/** A backend that keeps what it gets. */
export function memory(accepts = true): AuditBackend & { batches: (readonly AuditEvent[])[]; events: AuditEvent[] } {
  const batches: (readonly AuditEvent[])[] = [];
  const events: AuditEvent[] = [];
  return {
    name: 'memory',
    batches,
    events,
    process(list) {
      batches.push(list);
      events.push(...list);
      return accepts;
    },
    close: async () => {},
  };
}
