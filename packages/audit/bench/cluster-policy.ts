import type { AuditPolicy, PolicyRule } from '../src/index.js';
import { parsePolicy } from '../src/index.js';

const core = (...resources: string[]): PolicyRule['resources'] => [{ group: '', resources }];
const none = (more: object): object => ({ level: 'None', ...more });
const GROUPS = [
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
].concat(
  ['authorization.k8s.io', 'autoscaling', 'batch', 'certificates.k8s.io', 'metrics.k8s.io', 'networking.k8s.io', 'node.k8s.io'],
  ['policy', 'rbac.authorization.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io'],
);
const KNOWN = GROUPS.map((group) => ({ group }));

/** Thirty rules as a cluster has them: noise first, then secrets, then reads, then the rest. */
export const CLUSTER_POLICY: AuditPolicy = parsePolicy({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  rules: [
    none({ users: ['system:kube-proxy'], verbs: ['watch'], resources: core('endpoints', 'services', 'services/status') }),
    none({ users: ['system:unsecured'], namespaces: ['kube-system'], verbs: ['get'], resources: core('configmaps') }),
    none({ users: ['kubelet'], verbs: ['get'], resources: core('nodes', 'nodes/status') }),
    none({ userGroups: ['system:nodes'], verbs: ['get'], resources: core('nodes', 'nodes/status') }),
    none({
      users: ['system:kube-controller-manager'],
      verbs: ['get', 'update'],
      namespaces: ['kube-system'],
      resources: core('endpoints'),
    }),
    none({ users: ['system:kube-scheduler'], verbs: ['get', 'update'], namespaces: ['kube-system'], resources: core('endpoints') }),
    none({ users: ['system:apiserver'], verbs: ['get'], resources: core('namespaces', 'namespaces/status', 'namespaces/finalize') }),
    none({
      users: ['cluster-autoscaler'],
      verbs: ['get', 'update'],
      namespaces: ['kube-system'],
      resources: core('configmaps', 'endpoints'),
    }),
    none({ users: ['system:kube-controller-manager'], verbs: ['get', 'list'], resources: [{ group: 'metrics.k8s.io' }] }),
    none({ nonResourceURLs: ['/healthz*', '/version', '/swagger*'] }),
    none({ nonResourceURLs: ['/livez*', '/readyz*'] }),
    none({ resources: core('events') }),
    none({ resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }], verbs: ['get', 'update'] }),
    none({ users: ['metrics-server'], verbs: ['get', 'list', 'watch'], resources: core('pods', 'nodes') }),
    none({ userGroups: ['system:monitoring'], nonResourceURLs: ['/metrics*'] }),
    ...['kubelet', 'system:node-problem-detector'].map((user) => ({
      level: 'Request',
      users: [user],
      verbs: ['update', 'patch'],
      resources: core('nodes/status', 'pods/status'),
      omitStages: ['RequestReceived'],
    })),
    {
      level: 'Request',
      userGroups: ['system:nodes'],
      verbs: ['update', 'patch'],
      resources: core('nodes/status', 'pods/status'),
      omitStages: ['RequestReceived'],
    },
    {
      level: 'Request',
      users: ['system:serviceaccount:kube-system:namespace-controller'],
      verbs: ['deletecollection'],
      omitStages: ['RequestReceived'],
    },
    ...['generic-garbage-collector', 'resourcequota-controller', 'attachdetach-controller', 'node-controller'].map((name) => ({
      level: 'Metadata',
      users: [`system:serviceaccount:kube-system:${name}`],
      verbs: ['get', 'list', 'watch'],
    })),
    { level: 'Metadata', resources: core('secrets', 'configmaps', 'serviceaccounts/token'), omitStages: ['RequestReceived'] },
    { level: 'Metadata', resources: [{ group: 'authentication.k8s.io', resources: ['tokenreviews'] }], omitStages: ['RequestReceived'] },
    { level: 'Metadata', resources: core('pods/exec', 'pods/attach', 'pods/portforward', 'pods/log') },
    { level: 'Metadata', resources: [{ group: '*', resources: ['*/scale'], resourceNames: ['frontend'] }] },
    { level: 'Request', verbs: ['get', 'list', 'watch'], resources: KNOWN, omitStages: ['RequestReceived'] },
    { level: 'RequestResponse', resources: KNOWN, omitStages: ['RequestReceived'] },
    { level: 'Metadata', omitStages: ['RequestReceived'] },
  ],
});
