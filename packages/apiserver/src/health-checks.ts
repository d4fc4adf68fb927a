import type { KeyValueStore } from '@k/storage';
import type { HealthCheck } from './filters/health.js';

/** What the probes look at. */
export interface ServerState {
  ready: boolean;
  stopping: boolean;
}

/** What is done at the start, under the names by which operators know it; the server is ready when all of it is. */
const STARTED: readonly string[] = [
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/start-apiextensions-informers',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector',
  'poststarthook/start-legacy-token-tracking-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/aggregator-reload-proxy-client-cert',
  'poststarthook/start-kube-aggregator-informers',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-discovery-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
];

/** The checks behind `/healthz`, `/livez` and `/readyz`. */
export function healthChecks(store: KeyValueStore, state: ServerState, more: readonly HealthCheck[]): HealthCheck[] {
  const all = ['healthz', 'livez', 'readyz'] as const;
  const started = (): void => {
    if (!state.ready) throw new Error('starting');
  };
  return [
    { name: 'ping', endpoints: all, check: () => {} },
    { name: 'log', endpoints: all, check: () => {} },
    { name: 'etcd', endpoints: all, check: () => store.checkHealth() },
    ...more,
    { name: 'etcd-readiness', endpoints: ['readyz'], check: () => store.checkHealth() },
    { name: 'informer-sync', endpoints: ['readyz'], check: started },
    ...STARTED.map((name) => ({ name, endpoints: all, check: started })),
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check: () => {
        if (state.stopping) throw new Error('stopping');
      },
    },
  ];
}
