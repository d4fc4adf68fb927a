import type { Case } from '../support/run-case.js';

const space = (name: string, phase = 'Active', annotations?: Record<string, string>) => ({
  metadata: { name, ...(annotations && { annotations }) },
  status: { phase },
});
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'ns' } };

export const namespaceLifecycle: Case[] = [
  {
    name: 'create in a namespace that is there',
    objects: { namespaces: [space('ns')] },
    resource: 'configmaps',
    request: { object: configMap },
  },
  {
    name: 'create in one that is not',
    resource: 'configmaps',
    request: { object: configMap },
    message: 'namespaces "ns" not found',
    code: 404,
  },
  {
    name: 'create in one that is going',
    objects: { namespaces: [space('ns', 'Terminating')] },
    resource: 'configmaps',
    request: { object: configMap },
    message: 'configmaps "c" is forbidden: unable to create new content in namespace ns because it is being terminated',
  },
  {
    name: 'update in one that is going',
    objects: { namespaces: [space('ns', 'Terminating')] },
    resource: 'configmaps',
    request: { operation: 'UPDATE', object: configMap, oldObject: configMap },
  },
  { name: 'delete needs no namespace', resource: 'configmaps', request: { operation: 'DELETE', oldObject: configMap } },
  {
    name: 'local access reviews need none',
    resource: 'localsubjectaccessreviews.authorization.k8s.io',
    request: { object: { kind: 'LocalSubjectAccessReview' }, namespace: 'ns' },
  },
  ...['default', 'kube-system', 'kube-public'].map((name) => ({
    name: `${name} stays`,
    resource: 'namespaces',
    request: { operation: 'DELETE' as const, oldObject: space(name), namespace: name },
    message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
  })),
  { name: 'kube-node-lease may go', resource: 'namespaces', request: { operation: 'DELETE', oldObject: space('kube-node-lease') } },
];

export const namespaceExists: Case[] = [
  { name: 'there', objects: { namespaces: [space('ns')] }, resource: 'configmaps', request: { object: configMap } },
  {
    name: 'missing, also for deletes',
    resource: 'configmaps',
    request: { operation: 'DELETE', oldObject: configMap },
    message: 'namespaces "ns" not found',
    code: 404,
  },
  { name: 'cluster-scoped', resource: 'nodes', request: { object: { metadata: { name: 'n' } } } },
];

export const namespaceAutoProvision: Case[] = [
  { name: 'made when missing', resource: 'configmaps', request: { object: configMap } },
  { name: 'left alone when there', objects: { namespaces: [space('ns')] }, resource: 'configmaps', request: { object: configMap } },
];

const pod = (spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns' },
  spec: { containers: [], ...spec },
});
const selector = (text: string) => ({ namespaces: [space('ns', 'Active', { 'scheduler.alpha.kubernetes.io/node-selector': text })] });

export const podNodeSelector: Case[] = [
  {
    name: 'names that objects inherit',
    objects: { namespaces: [space('constructor', 'Active', { 'scheduler.alpha.kubernetes.io/node-selector': 'valueOf=x' })] },
    resource: 'pods',
    request: { namespace: 'constructor', object: pod({ nodeSelector: { disk: 'ssd' } }) },
    object: { 'spec.nodeSelector': { valueOf: 'x', disk: 'ssd' } },
  },
  {
    name: 'merged',
    objects: selector('env=prod,zone=a'),
    resource: 'pods',
    request: { object: pod({ nodeSelector: { disk: 'ssd' } }) },
    object: { 'spec.nodeSelector': { env: 'prod', zone: 'a', disk: 'ssd' } },
  },
  {
    name: 'conflict',
    objects: selector('env=prod'),
    resource: 'pods',
    request: { object: pod({ nodeSelector: { env: 'test' } }) },
    message: 'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  },
  {
    name: 'the default of the cluster',
    objects: { namespaces: [space('ns')] },
    configuration: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'pool=general' } },
    resource: 'pods',
    request: { object: pod() },
    object: { 'spec.nodeSelector': { pool: 'general' } },
  },
  {
    name: 'not on the list of the namespace',
    objects: { namespaces: [space('ns')] },
    configuration: { podNodeSelectorPluginConfig: { ns: 'env=prod' } },
    resource: 'pods',
    request: { object: pod({ nodeSelector: { env: 'test' } }) },
    message: 'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  },
  { name: 'no namespace', resource: 'pods', request: { object: pod() }, message: 'namespace ns does not exist', code: 500 },
];

const tolerating = (annotations: Record<string, unknown>) => ({
  namespaces: [
    space(
      'ns',
      'Active',
      Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`scheduler.alpha.kubernetes.io/${key}`, JSON.stringify(value)]),
      ),
    ),
  ],
});
const gpu = { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' };

export const podTolerationRestriction: Case[] = [
  {
    name: 'a list of other things',
    objects: tolerating({ defaultTolerations: [null] }),
    resource: 'pods',
    request: { object: pod({ tolerations: [{ key: 'own', operator: 'Exists' }] }) },
    message: 'namespace ns: annotation scheduler.alpha.kubernetes.io/defaultTolerations is not a JSON list of tolerations',
    code: 500,
  },
  {
    name: 'defaults of the namespace come first',
    objects: tolerating({ defaultTolerations: [gpu] }),
    resource: 'pods',
    request: { object: pod({ tolerations: [{ key: 'own', operator: 'Exists' }] }) },
    object: { 'spec.tolerations': [gpu, { key: 'own', operator: 'Exists' }] },
  },
  {
    name: 'pods with requests tolerate memory pressure',
    objects: tolerating({}),
    resource: 'pods',
    request: { object: pod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }) },
    object: { 'spec.tolerations': [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }] },
  },
  {
    name: 'outside the list of the namespace',
    objects: tolerating({ tolerationsWhitelist: [gpu] }),
    resource: 'pods',
    request: { object: pod({ tolerations: [{ key: 'other', operator: 'Exists' }] }) },
    message: 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
    code: 500,
  },
  {
    name: 'outside the list of the cluster',
    objects: { namespaces: [space('ns')] },
    configuration: {
      apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
      whitelist: [{ key: 'gpu', operator: 'Exists' }],
    },
    resource: 'pods',
    request: { object: pod({ tolerations: [{ key: 'other', operator: 'Exists' }] }) },
    message: 'pod tolerations (possibly merged with namespace default tolerations) conflict with its cluster whitelist',
    code: 500,
  },
  {
    name: 'a narrower toleration is on the list',
    objects: tolerating({ tolerationsWhitelist: [{ key: 'gpu', operator: 'Exists' }] }),
    resource: 'pods',
    request: { object: pod({ tolerations: [{ key: 'gpu', operator: 'Equal', value: 'a', effect: 'NoSchedule' }] }) },
  },
];
