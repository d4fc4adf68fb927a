import type { Case } from '../support/run-case.js';

type Amounts = Record<string, string>;

const quota = (hard: Amounts, used: Amounts = {}, spec: object = {}, name = 'q') => ({
  metadata: { name, namespace: 'ns' },
  spec: { hard, ...spec },
  status: { hard, used: { ...Object.fromEntries(Object.keys(hard).map((key) => [key, '0'])), ...used } },
});
const pod = (containers: object[] = [{ name: 'c' }], more: object = {}, status: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns' },
  spec: { containers, ...more },
  status,
});
const c = (name: string, requests?: object, limits?: object, more: object = {}) => ({
  name,
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
  ...more,
});
const judge = (name: string, quotas: object[], object: object, text?: string, more: Partial<Case> = {}): Case => ({
  name,
  objects: { resourcequotas: quotas },
  resource: 'pods',
  request: { object },
  ...(text === undefined ? {} : { message: `pods "p" is forbidden: ${text}` }),
  ...more,
});
const scoped = (scopeName: string, operator: string, values?: string[]) => ({
  scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values && { values }) }] },
});
const FULL = 'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1';
/** A quota of this scope that is full: who falls into it is refused. */
const full = (spec: object) => [quota({ pods: '1' }, { pods: '1' }, spec)];

const of = (resource: string, name: string, hard: Amounts, object: object, text?: string, request: object = {}): Case => ({
  name: `${resource}: ${name}`,
  objects: { resourcequotas: [quota(hard)] },
  resource,
  request: { object: { metadata: { name: 'x', namespace: 'ns' }, ...object }, ...request },
  ...(text === undefined ? {} : { message: `${resource} "x" is forbidden: ${text}` }),
});
const ports = (...nodePorts: (number | undefined)[]) =>
  nodePorts.map((nodePort, i) => ({ port: i + 1, ...(nodePort !== undefined && { nodePort }) }));
const claim = (storage: string, storageClassName?: string) => ({
  spec: { resources: { requests: { storage } }, ...(storageClassName && { storageClassName }) },
});
const GOLD = 'gold.storageclass.storage.k8s.io';
const limited = (entry: object) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'ResourceQuotaConfiguration',
  limitedResources: [entry],
});
const crossing = {
  affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: { namespaceSelector: {} } }] } },
};

export const resourceQuota: Case[] = [
  judge('no quota', [], pod()),
  judge('fits', [quota({ pods: '1' })], pod()),
  judge('full', full({}), pod(), FULL),
  judge(
    'only what is exceeded is named',
    [quota({ pods: '9', 'requests.cpu': '1', 'requests.memory': '1Gi' }, { 'requests.cpu': '600m', 'requests.memory': '1000Mi' })],
    pod([c('a', { cpu: '500m', memory: '100Mi' })]),
    'exceeded quota: q, requested: requests.cpu=500m,requests.memory=100Mi, used: requests.cpu=600m,requests.memory=1000Mi, limited: requests.cpu=1,requests.memory=1Gi',
  ),
  judge('exactly full', [quota({ 'requests.cpu': '1' }, { 'requests.cpu': '0.7' })], pod([c('a', { cpu: '0.3' })])),
  judge(
    'must specify',
    [quota({ 'requests.cpu': '1', 'limits.memory': '1Gi' })],
    pod([c('x'), c('y', { cpu: '1m' })]),
    'failed quota: q: must specify limits.memory for: x,y; requests.cpu for: x',
  ),
  judge('pod-level resources are enough', [quota({ 'requests.cpu': '1' })], pod([c('x')], { resources: { requests: { cpu: '1' } } })),
  judge(
    'not measured yet',
    [{ ...quota({ pods: '1', cpu: '1' }), status: { hard: { pods: '1', cpu: '1' }, used: {} } }],
    pod([c('a', { cpu: '1' })]),
    'status unknown for quota: q, resources: cpu,pods',
  ),
  judge('no status yet: nothing is enforced', [{ ...quota({ pods: '0' }), status: {} }], pod()),
  judge(
    'negative',
    [quota({ 'requests.cpu': '1' })],
    pod([c('a', { cpu: '-1' })]),
    'quota usage is negative for resource(s): cpu,requests.cpu',
  ),
  judge(
    'init containers',
    [quota({ 'requests.cpu': '1' })],
    pod([c('a', { cpu: '1m' })], { initContainers: [c('i', { cpu: '1100m' })] }),
    'exceeded quota: q, requested: requests.cpu=1100m, used: requests.cpu=0, limited: requests.cpu=1',
  ),
  judge(
    'overhead',
    [quota({ 'requests.cpu': '1' })],
    pod([c('a', { cpu: '1' })], { overhead: { cpu: '10m' } }),
    'exceeded quota: q, requested: requests.cpu=1010m, used: requests.cpu=0, limited: requests.cpu=1',
  ),
  judge(
    'extended resources',
    [quota({ 'requests.example.com/gpu': '1' })],
    pod([c('a', { 'example.com/gpu': '2' })]),
    'exceeded quota: q, requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0, limited: requests.example.com/gpu=1',
  ),
  judge(
    'huge pages under both names',
    [quota({ 'hugepages-2Mi': '2Mi', 'requests.hugepages-2Mi': '2Mi' })],
    pod([c('a', { 'hugepages-2Mi': '4Mi' })]),
    'exceeded quota: q, requested: hugepages-2Mi=4Mi,requests.hugepages-2Mi=4Mi, used: hugepages-2Mi=0,requests.hugepages-2Mi=0, limited: hugepages-2Mi=2Mi,requests.hugepages-2Mi=2Mi',
  ),
  judge('ended pods count as objects only', [quota({ pods: '0', 'count/pods': '1' })], pod([c('a')], {}, { phase: 'Succeeded' })),
  judge(
    'amounts beyond 64 bits add up exactly',
    [quota({ 'requests.memory': '8Ei' }, { 'requests.memory': '9223372036854775806' })],
    pod([c('a', { memory: '2' })]),
    'exceeded quota: q, requested: requests.memory=2, used: requests.memory=9223372036854775806, limited: requests.memory=9223372036854775807',
  ),
  judge('scope Terminating', full({ scopes: ['Terminating'] }), pod([c('a')], { activeDeadlineSeconds: 60 }), FULL),
  judge('not Terminating', full({ scopes: ['Terminating'] }), pod()),
  judge('scope NotTerminating', full({ scopes: ['NotTerminating'] }), pod(), FULL),
  judge('scope BestEffort', full({ scopes: ['BestEffort'] }), pod(), FULL),
  judge('not BestEffort', full({ scopes: ['BestEffort'] }), pod([c('a', { memory: '1' })])),
  judge('scope NotBestEffort', full({ scopes: ['NotBestEffort'] }), pod([c('a', undefined, { cpu: '1' })]), FULL),
  judge('class In', full(scoped('PriorityClass', 'In', ['hi'])), pod([c('a')], { priorityClassName: 'hi' }), FULL),
  judge('class not In', full(scoped('PriorityClass', 'In', ['hi'])), pod()),
  judge('class NotIn holds without a class', full(scoped('PriorityClass', 'NotIn', ['hi'])), pod(), FULL),
  judge('class Exists', full(scoped('PriorityClass', 'Exists')), pod([c('a')], { priorityClassName: 'x' }), FULL),
  judge('class DoesNotExist', full(scoped('PriorityClass', 'DoesNotExist')), pod(), FULL),
  judge('across namespaces', full(scoped('CrossNamespacePodAffinity', 'Exists')), pod([c('a')], crossing), FULL),
  judge('all scopes must hold', full({ scopes: ['BestEffort', 'Terminating'] }), pod()),
  judge('a scoped quota counts no config maps', [quota({ configmaps: '0', pods: '9' }, {}, { scopes: ['BestEffort'] })], pod()),
  judge('dry run is judged', full({}), pod(), FULL, { request: { object: pod(), dryRun: true } }),
  judge('an update that adds nothing', full({}), pod(), undefined, {
    request: {
      operation: 'UPDATE',
      object: pod(),
      oldObject: { ...pod(), metadata: { name: 'p', namespace: 'ns', resourceVersion: '1' } },
    },
  }),
  judge('becoming Terminating moves to the other quota', full({ scopes: ['Terminating'] }), pod(), FULL, {
    request: {
      operation: 'UPDATE',
      object: pod([c('a')], { activeDeadlineSeconds: 1 }),
      oldObject: { ...pod([c('a')]), metadata: { name: 'p', namespace: 'ns', resourceVersion: '1' } },
    },
  }),
  judge('limited resources need a quota', [], pod([c('a', { cpu: '1' })]), 'insufficient quota to consume: cpu,requests.cpu', {
    configuration: limited({ resource: 'pods', matchContains: ['cpu'] }),
  }),
  judge('limited scopes need a quota', [quota({ pods: '1' })], pod([c('a')], { priorityClassName: 'hi' }), undefined, {
    configuration: limited({ resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['hi', 'top'] }] }),
    message: 'insufficient quota to match these scopes: [{PriorityClass In [hi top]}]',
    code: 500,
  }),
  judge(
    'a covered scope',
    [quota({ pods: '1' }, {}, scoped('PriorityClass', 'In', ['hi']))],
    pod([c('a')], { priorityClassName: 'hi' }),
    undefined,
    {
      configuration: limited({ resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['hi'] }] }),
    },
  ),
  of(
    'services',
    'node ports',
    { 'services.nodeports': '1' },
    { spec: { type: 'NodePort', ports: ports(1, 2) } },
    'exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
  ),
  of(
    'services',
    'load balancer without node ports',
    { 'services.nodeports': '0' },
    { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: ports(undefined) } },
  ),
  of(
    'services',
    'load balancers',
    { 'services.loadbalancers': '0' },
    { spec: { type: 'LoadBalancer' } },
    'exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=0, limited: services.loadbalancers=0',
  ),
  of(
    'persistentvolumeclaims',
    'storage in whole bytes',
    { 'requests.storage': '1' },
    claim('1500m'),
    'exceeded quota: q, requested: requests.storage=2, used: requests.storage=0, limited: requests.storage=1',
  ),
  of(
    'persistentvolumeclaims',
    'per class',
    { [`${GOLD}/persistentvolumeclaims`]: '0', [`${GOLD}/requests.storage`]: '1Gi' },
    claim('2Gi', 'gold'),
    `exceeded quota: q, requested: ${GOLD}/persistentvolumeclaims=1,${GOLD}/requests.storage=2Gi, used: ${GOLD}/persistentvolumeclaims=0,${GOLD}/requests.storage=0, limited: ${GOLD}/persistentvolumeclaims=0,${GOLD}/requests.storage=1Gi`,
  ),
  of('persistentvolumeclaims', 'another class', { [`${GOLD}/requests.storage`]: '0' }, claim('2Gi', 'silver')),
  of(
    'resourceclaims.resource.k8s.io',
    'devices',
    { 'gpu.deviceclass.resource.k8s.io/devices': '3' },
    {
      spec: {
        devices: {
          requests: [
            { exactly: { deviceClassName: 'gpu', count: 2 } },
            {
              firstAvailable: [
                { deviceClassName: 'gpu', count: 1 },
                { deviceClassName: 'gpu', count: 2 },
              ],
            },
          ],
        },
      },
    },
    'exceeded quota: q, requested: gpu.deviceclass.resource.k8s.io/devices=4, used: gpu.deviceclass.resource.k8s.io/devices=0, limited: gpu.deviceclass.resource.k8s.io/devices=3',
  ),
  of(
    'configmaps',
    'both names',
    { configmaps: '0', 'count/configmaps': '0' },
    {},
    'exceeded quota: q, requested: configmaps=1,count/configmaps=1, used: configmaps=0,count/configmaps=0, limited: configmaps=0,count/configmaps=0',
  ),
  of(
    'widgets.acme.io',
    'any resource',
    { 'count/widgets.acme.io': '0' },
    {},
    'exceeded quota: q, requested: count/widgets.acme.io=1, used: count/widgets.acme.io=0, limited: count/widgets.acme.io=0',
  ),
  of('events', 'never counted', { 'count/events': '0' }, {}),
];
