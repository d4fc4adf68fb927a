/** The FlowSchemas, PriorityLevelConfigurations and PriorityClasses that every Kubernetes 1.36 cluster starts with. */
import { EVERY_REQUEST, MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from '@k/api';
import type { KubeObject } from '@k/apimachinery';

/** Metadata of an object whose spec the server puts right at every start. */
const managed = (name: string): NonNullable<KubeObject['metadata']> => ({
  name,
  annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' },
});

/** The spec of a level whose requests wait in queues of 50. */
function queued({
  shares,
  lendablePercent,
  queues,
  handSize,
}: Record<'shares' | 'lendablePercent' | 'queues' | 'handSize', number>): object {
  const limitResponse = { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } };
  return { type: 'Limited', limited: { nominalConcurrencyShares: shares, limitResponse, lendablePercent } };
}

/** scheduling.k8s.io/v1. */
export const PRIORITY_CLASSES: readonly KubeObject[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2000000000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2000001000,
    description: 'Used for system critical pods that must not be moved from their current node.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

/** flowcontrol.apiserver.k8s.io/v1. */
export const PRIORITY_LEVELS: readonly KubeObject[] = [
  {
    metadata: managed('catch-all'),
    spec: MANDATORY_PRIORITY_LEVELS['catch-all'],
  },
  {
    metadata: managed('exempt'),
    spec: MANDATORY_PRIORITY_LEVELS['exempt'],
  },
  {
    metadata: managed('global-default'),
    spec: queued({ shares: 20, lendablePercent: 50, queues: 128, handSize: 6 }),
  },
  {
    metadata: managed('leader-election'),
    spec: queued({ shares: 10, lendablePercent: 0, queues: 16, handSize: 4 }),
  },
  {
    metadata: managed('node-high'),
    spec: queued({ shares: 40, lendablePercent: 25, queues: 64, handSize: 6 }),
  },
  {
    metadata: managed('system'),
    spec: queued({ shares: 30, lendablePercent: 33, queues: 64, handSize: 6 }),
  },
  {
    metadata: managed('workload-high'),
    spec: queued({ shares: 40, lendablePercent: 50, queues: 128, handSize: 6 }),
  },
  {
    metadata: managed('workload-low'),
    spec: queued({ shares: 100, lendablePercent: 90, queues: 128, handSize: 6 }),
  },
];

/** flowcontrol.apiserver.k8s.io/v1. */
export const FLOW_SCHEMAS: readonly KubeObject[] = [
  {
    metadata: managed('catch-all'),
    spec: MANDATORY_FLOW_SCHEMAS['catch-all'],
  },
  {
    metadata: managed('exempt'),
    spec: MANDATORY_FLOW_SCHEMAS['exempt'],
  },
  {
    metadata: managed('global-default'),
    spec: {
      priorityLevelConfiguration: { name: 'global-default' },
      matchingPrecedence: 9900,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [
            { kind: 'Group', group: { name: 'system:unauthenticated' } },
            { kind: 'Group', group: { name: 'system:authenticated' } },
          ],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
  {
    metadata: managed('kube-controller-manager'),
    spec: {
      priorityLevelConfiguration: { name: 'workload-high' },
      matchingPrecedence: 800,
      distinguisherMethod: { type: 'ByNamespace' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'system:kube-controller-manager' } }],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
  {
    metadata: managed('kube-scheduler'),
    spec: {
      priorityLevelConfiguration: { name: 'workload-high' },
      matchingPrecedence: 800,
      distinguisherMethod: { type: 'ByNamespace' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'system:kube-scheduler' } }],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
  {
    metadata: managed('kube-system-service-accounts'),
    spec: {
      priorityLevelConfiguration: { name: 'workload-high' },
      matchingPrecedence: 900,
      distinguisherMethod: { type: 'ByNamespace' },
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } }],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
  {
    metadata: managed('probes'),
    spec: {
      priorityLevelConfiguration: { name: 'exempt' },
      matchingPrecedence: 2,
      rules: [
        {
          subjects: [
            { kind: 'Group', group: { name: 'system:unauthenticated' } },
            { kind: 'Group', group: { name: 'system:authenticated' } },
          ],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
        },
      ],
    },
  },
  {
    metadata: managed('service-accounts'),
    spec: {
      priorityLevelConfiguration: { name: 'workload-low' },
      matchingPrecedence: 9000,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'system:serviceaccounts' } }],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
  {
    metadata: managed('system-leader-election'),
    spec: {
      priorityLevelConfiguration: { name: 'leader-election' },
      matchingPrecedence: 100,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [
            { kind: 'User', user: { name: 'system:kube-controller-manager' } },
            { kind: 'User', user: { name: 'system:kube-scheduler' } },
            { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } },
          ],
          resourceRules: [
            {
              verbs: ['get', 'create', 'update'],
              apiGroups: ['coordination.k8s.io'],
              resources: ['leases'],
              namespaces: ['*'],
            },
          ],
        },
      ],
    },
  },
  {
    metadata: managed('system-node-high'),
    spec: {
      priorityLevelConfiguration: { name: 'node-high' },
      matchingPrecedence: 400,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'system:nodes' } }],
          resourceRules: [
            {
              verbs: ['*'],
              apiGroups: [''],
              resources: ['nodes', 'nodes/status'],
              clusterScope: true,
              namespaces: ['*'],
            },
            { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
          ],
        },
      ],
    },
  },
  {
    metadata: managed('system-nodes'),
    spec: {
      priorityLevelConfiguration: { name: 'system' },
      matchingPrecedence: 500,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'system:nodes' } }],
          ...EVERY_REQUEST,
        },
      ],
    },
  },
];
