import type { KubeObject } from '@k/apimachinery';
import type { Case } from '../support/run-case.js';

export const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});
const pods = (request: Case['request']) => ({ resource: 'pods', request });
const classes = {
  'priorityclasses.scheduling.k8s.io': [
    { metadata: { name: 'high' }, value: 1000 },
    { metadata: { name: 'shy' }, value: -5, preemptionPolicy: 'Never' },
  ],
};
const withDefault = {
  'priorityclasses.scheduling.k8s.io': [
    { metadata: { name: 'b' }, value: 20, globalDefault: true },
    { metadata: { name: 'a' }, value: 10, globalDefault: true },
  ],
};

export const priority: Case[] = [
  {
    name: 'class gives number and policy',
    objects: classes,
    ...pods({ object: pod({ priorityClassName: 'shy' }) }),
    object: { 'spec.priority': -5, 'spec.preemptionPolicy': 'Never' },
  },
  { name: 'none: zero', ...pods({ object: pod() }), object: { 'spec.priority': 0, 'spec.preemptionPolicy': 'PreemptLowerPriority' } },
  {
    name: 'the lowest default',
    objects: withDefault,
    ...pods({ object: pod() }),
    object: { 'spec.priorityClassName': 'a', 'spec.priority': 10 },
  },
  {
    name: 'no such class',
    ...pods({ object: pod({ priorityClassName: 'x' }) }),
    message: 'pods "p" is forbidden: no PriorityClass with name x was found',
  },
  {
    name: 'another number',
    objects: classes,
    ...pods({ object: pod({ priorityClassName: 'high', priority: 7 }) }),
    message:
      'pods "p" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
  },
  {
    name: 'another policy',
    objects: classes,
    ...pods({ object: pod({ priorityClassName: 'high', preemptionPolicy: 'Never' }) }),
    message:
      'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
  },
  {
    name: 'an update keeps what it leaves out',
    ...pods({ operation: 'UPDATE', object: pod(), oldObject: pod({ priority: 9, preemptionPolicy: 'Never' }) }),
    object: { 'spec.priority': 9, 'spec.preemptionPolicy': 'Never' },
  },
  {
    name: 'a second default class',
    objects: withDefault,
    resource: 'priorityclasses.scheduling.k8s.io',
    request: { object: { metadata: { name: 'c' }, value: 1, globalDefault: true } },
    message: 'priorityclasses.scheduling.k8s.io "c" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
  },
];

const lasting = (key: string, tolerationSeconds = 300) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds });
const [notReady, unreachable] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: Case[] = [
  { name: 'both', ...pods({ object: pod() }), object: { 'spec.tolerations': [lasting(notReady), lasting(unreachable)] } },
  {
    name: 'own one stays',
    ...pods({ object: pod({ tolerations: [lasting(notReady, 5)] }) }),
    object: { 'spec.tolerations': [lasting(notReady, 5), lasting(unreachable)] },
  },
  {
    name: 'everything tolerated',
    ...pods({ object: pod({ tolerations: [{ operator: 'Exists' }] }) }),
    object: { 'spec.tolerations': [{ operator: 'Exists' }] },
  },
  {
    name: 'another effect does not count',
    ...pods({ object: pod({ tolerations: [{ key: unreachable, operator: 'Exists', effect: 'NoSchedule' }] }) }),
    object: {
      'spec.tolerations': [{ key: unreachable, operator: 'Exists', effect: 'NoSchedule' }, lasting(notReady), lasting(unreachable)],
    },
  },
];

export const limitPodHardAntiAffinityTopology: Case[] = [
  {
    name: 'per node',
    ...pods({
      object: pod({
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }] } },
      }),
    }),
  },
  {
    name: 'per zone',
    ...pods({
      object: pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } } }),
    }),
    message:
      'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  },
];

export const alwaysPullImages: Case[] = [
  {
    name: 'every container and image volume',
    ...pods({
      object: pod({
        initContainers: [{ name: 'i', image: 'a' }],
        containers: [{ name: 'c', image: 'b', imagePullPolicy: 'Never' }],
        volumes: [{ name: 'v', image: { reference: 'r', pullPolicy: 'IfNotPresent' } }],
      }),
    }),
    object: {
      'spec.initContainers.0.imagePullPolicy': 'Always',
      'spec.containers.0.imagePullPolicy': 'Always',
      'spec.volumes.0.image.pullPolicy': 'Always',
    },
  },
  {
    name: 'an update without new images',
    ...pods({
      operation: 'UPDATE',
      object: pod({ containers: [{ name: 'c', image: 'b', imagePullPolicy: 'Never' }] }),
      oldObject: pod({ containers: [{ name: 'c', image: 'b' }] }),
    }),
    object: { 'spec.containers.0.imagePullPolicy': 'Never' },
  },
];

export const extendedResourceToleration: Case[] = [
  {
    name: 'sorted, once each',
    ...pods({
      object: pod({
        containers: [{ name: 'c', resources: { requests: { 'z.io/x': '1', cpu: '1', 'a.io/y': '1' } } }],
        initContainers: [{ name: 'i', resources: { requests: { 'z.io/x': '1' } } }],
      }),
    }),
    object: {
      'spec.tolerations': [
        { key: 'a.io/y', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'z.io/x', operator: 'Exists', effect: 'NoSchedule' },
      ],
    },
  },
  {
    name: 'native resources do not count',
    ...pods({ object: pod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }) }),
    object: { 'spec.tolerations': undefined },
  },
];

const kata: NonNullable<Case['objects']> = {
  'runtimeclasses.node.k8s.io': [
    {
      metadata: { name: 'kata' },
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { runtime: 'kata' }, tolerations: [{ key: 'kata', operator: 'Exists' }] },
    },
    { metadata: { name: 'plain' } },
    { metadata: { name: 'odd' }, scheduling: { nodeSelector: { valueOf: 'x' } } },
  ],
};

export const runtimeClass: Case[] = [
  {
    name: 'overhead and scheduling',
    objects: kata,
    ...pods({ object: pod({ runtimeClassName: 'kata', nodeSelector: { a: 'b' }, tolerations: [{ key: 'kata', operator: 'Exists' }] }) }),
    object: {
      'spec.overhead': { cpu: '250m' },
      'spec.nodeSelector': { a: 'b', runtime: 'kata' },
      'spec.tolerations': [{ key: 'kata', operator: 'Exists' }],
    },
  },
  {
    name: 'names that objects inherit',
    objects: kata,
    ...pods({ object: pod({ runtimeClassName: 'odd', nodeSelector: { a: 'b' } }) }),
    object: { 'spec.nodeSelector': { a: 'b', valueOf: 'x' } },
  },
  {
    name: 'equal amounts written otherwise',
    objects: kata,
    ...pods({ object: pod({ runtimeClassName: 'kata', overhead: { cpu: '0.25' } }) }),
  },
  {
    name: 'missing',
    ...pods({ object: pod({ runtimeClassName: 'x' }) }),
    message: 'pods "p" is forbidden: pod rejected: RuntimeClass "x" not found',
  },
  {
    name: 'another overhead',
    objects: kata,
    ...pods({ object: pod({ runtimeClassName: 'kata', overhead: { cpu: '1' } }) }),
    message: "pods \"p\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  },
  ...[{ runtimeClassName: 'plain' }, {}].map((more, i) => ({
    name: `overhead of its own ${i}`,
    objects: kata,
    ...pods({ object: pod({ ...more, overhead: { cpu: '1' } }) }),
    message: 'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
  })),
  {
    name: 'another node selector',
    objects: kata,
    ...pods({ object: pod({ runtimeClassName: 'kata', nodeSelector: { runtime: 'runc' } }) }),
    message: 'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[runtime] = kata; pod.spec.nodeSelector[runtime] = runc',
  },
];

const zoned = {
  nodes: [{ metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/region': 'r1', other: 'x' } } }],
};
const topology = { 'topology.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/region': 'r1' };

export const podTopologyLabels: Case[] = [
  {
    name: 'a pod with a node',
    objects: zoned,
    ...pods({ object: pod({ nodeName: 'n' }, { labels: { a: 'b' } }) }),
    object: { 'metadata.labels': { a: 'b', ...topology } },
  },
  {
    name: 'a binding',
    objects: zoned,
    ...pods({ subresource: 'binding', object: { metadata: { name: 'p', namespace: 'ns' }, target: { kind: 'Node', name: 'n' } } }),
    object: { 'metadata.labels': topology },
  },
  { name: 'an unknown node', ...pods({ object: pod({ nodeName: 'x' }) }), object: { 'metadata.labels': undefined } },
];
