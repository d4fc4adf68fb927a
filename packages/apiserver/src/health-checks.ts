import type { KeyValueStore } from '@k/storage';
import type { HealthCheck } from './filters/health.js';

/** What the probes look at. */
export interface ServerState {
  ready: boolean;
  stopping: boolean;
}

/** The checks behind `/healthz`, `/livez` and `/readyz`. */
export function healthChecks(store: KeyValueStore, state: ServerState, more: readonly HealthCheck[]): HealthCheck[] {
  const all = ['healthz', 'livez', 'readyz'] as const;
  return [
    { name: 'ping', endpoints: all, check: () => {} },
    { name: 'log', endpoints: all, check: () => {} },
    { name: 'etcd', endpoints: all, check: () => store.checkHealth() },
    ...more,
    {
      name: 'poststarthook/start-apiserver',
      endpoints: all,
      check: () => {
        if (!state.ready) throw new Error('starting');
      },
    },
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check: () => {
        if (state.stopping) throw new Error('stopping');
      },
    },
  ];
}
