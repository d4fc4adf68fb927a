import type { Case } from '../support/run-case.js';

const ranges = (...items: object[][]): NonNullable<Case['objects']> => ({
  limitranges: items.map((limits, i) => ({ metadata: { name: `l${i}`, namespace: 'ns' }, spec: { limits } })),
});
const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns' }, spec });
const c = (name: string, requests?: object, limits?: object, more: object = {}) => ({
  name,
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
  ...more,
});
const judge = (name: string, items: object[], containers: object[], text?: string, more: object = {}): Case => ({
  name,
  objects: ranges(items),
  resource: 'pods',
  request: { object: pod({ containers, ...more }) },
  ...(text === undefined ? {} : { message: `pods "p" is forbidden: ${text}` }),
});
const per = (type: string, more: object) => [{ type, ...more }];
const claim = (storage?: string) => ({
  metadata: { name: 'c', namespace: 'ns' },
  spec: { resources: storage === undefined ? {} : { requests: { storage } } },
});
const ofClaim = (name: string, object: object, text?: string): Case => ({
  name: `claim: ${name}`,
  objects: ranges(per('PersistentVolumeClaim', { min: { storage: '1Gi' }, max: { storage: '5Gi' } })),
  resource: 'persistentvolumeclaims',
  request: { object },
  ...(text === undefined ? {} : { message: `persistentvolumeclaims "c" is forbidden: ${text}` }),
});
const cpu = (amount: string) => ({ cpu: amount });
const sidecar = { restartPolicy: 'Always' };

export const limitRanger: Case[] = [
  {
    name: 'defaults and their annotation',
    objects: ranges(per('Container', { default: { cpu: '500m', memory: '256Mi' }, defaultRequest: { memory: '128Mi', cpu: '100m' } })),
    resource: 'pods',
    request: { object: pod({ containers: [c('a'), c('b', { cpu: '200m' })], initContainers: [c('i')] }) },
    object: {
      'spec.containers.0.resources': { requests: { memory: '128Mi', cpu: '100m' }, limits: { cpu: '500m', memory: '256Mi' } },
      'spec.containers.1.resources': { requests: { cpu: '200m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
      'metadata.annotations': {
        'kubernetes.io/limit-ranger':
          'LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; memory request for container b; cpu, memory limit for container b; cpu, memory request for init container i; cpu, memory limit for init container i',
      },
    },
  },
  {
    name: 'the first range wins per name, the last one annotates',
    objects: ranges(per('Container', { default: { cpu: '1' } }), per('Container', { default: { cpu: '2', memory: '1Gi' } })),
    resource: 'pods',
    request: { object: pod({ containers: [c('a')] }) },
    object: {
      'spec.containers.0.resources.limits': { cpu: '1', memory: '1Gi' },
      'metadata.annotations': { 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory limit for container a' },
    },
  },
  {
    name: 'updates of pods are left alone',
    objects: ranges(per('Container', { max: { cpu: '1' } })),
    resource: 'pods',
    request: { operation: 'UPDATE', object: pod({ containers: [c('a', undefined, cpu('2'))] }), oldObject: pod({ containers: [] }) },
  },
  {
    name: 'a resize is judged',
    objects: ranges(per('Container', { max: { cpu: '1' } })),
    resource: 'pods',
    request: {
      operation: 'UPDATE',
      subresource: 'resize',
      object: pod({ containers: [c('a', undefined, cpu('2'))] }),
      oldObject: pod({ containers: [] }),
    },
    message: 'pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
  },
  judge(
    'min: no request',
    per('Container', { min: cpu('100m') }),
    [c('a')],
    'minimum cpu usage per Container is 100m.  No request is specified',
  ),
  judge(
    'min: request',
    per('Container', { min: cpu('100m') }),
    [c('a', cpu('99m'))],
    'minimum cpu usage per Container is 100m, but request is 99m',
  ),
  judge(
    'min: limit',
    per('Container', { min: cpu('100m') }),
    [c('a', cpu('100m'), cpu('50m'))],
    'minimum cpu usage per Container is 100m, but limit is 50m',
  ),
  judge('min: exactly', per('Container', { min: cpu('100m') }), [c('a', cpu('0.1'))]),
  judge(
    'max: no limit',
    per('Container', { max: cpu('1') }),
    [c('a', cpu('1'))],
    'maximum cpu usage per Container is 1.  No limit is specified',
  ),
  judge(
    'max: limit',
    per('Container', { max: { memory: '1Gi' } }),
    [c('a', undefined, { memory: '1025Mi' })],
    'maximum memory usage per Container is 1Gi, but limit is 1025Mi',
  ),
  judge(
    'max: request',
    per('Container', { max: cpu('1') }),
    [c('a', cpu('2'), cpu('1'))],
    'maximum cpu usage per Container is 1, but request is 2',
  ),
  judge(
    'max: above 2^53',
    per('Container', { max: { memory: '9007199254740993' } }),
    [c('a', undefined, { memory: '9007199254740994' })],
    'maximum memory usage per Container is 9007199254740993, but limit is 9007199254740994',
  ),
  judge(
    'ratio: exceeded',
    per('Container', { maxLimitRequestRatio: cpu('2') }),
    [c('a', cpu('300m'), cpu('1'))],
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.333333',
  ),
  judge('ratio: exactly', per('Container', { maxLimitRequestRatio: cpu('1.1') }), [c('a', cpu('1'), cpu('1100m'))]),
  judge(
    'ratio: no request',
    per('Container', { maxLimitRequestRatio: cpu('2') }),
    [c('a')],
    'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  ),
  judge(
    'ratio: no limit',
    per('Container', { maxLimitRequestRatio: cpu('2') }),
    [c('a', cpu('1'))],
    'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
  ),
  judge(
    'several',
    per('Container', { min: cpu('1'), max: { memory: '1Gi' } }),
    [c('a')],
    '[minimum cpu usage per Container is 1.  No request is specified, maximum memory usage per Container is 1Gi.  No limit is specified]',
  ),
  judge(
    'the same twice is said once',
    per('Container', { min: cpu('1') }),
    [c('a'), c('b')],
    'minimum cpu usage per Container is 1.  No request is specified',
  ),
  judge(
    'pod: sum',
    per('Pod', { max: cpu('1') }),
    [c('a', undefined, cpu('600m')), c('b', undefined, cpu('600m'))],
    'maximum cpu usage per Pod is 1, but limit is 1200m',
  ),
  judge(
    'pod: the largest init container',
    per('Pod', { max: cpu('1') }),
    [c('a', undefined, cpu('100m'))],
    'maximum cpu usage per Pod is 1, but limit is 1100m',
    { initContainers: [c('i', undefined, cpu('1100m'))] },
  ),
  judge(
    'pod: sidecars add up',
    per('Pod', { max: cpu('1') }),
    [c('a', undefined, cpu('600m'))],
    'maximum cpu usage per Pod is 1, but limit is 1200m',
    { initContainers: [c('s', undefined, cpu('600m'), sidecar)] },
  ),
  judge(
    'pod: sidecars run beside later init containers',
    per('Pod', { max: cpu('1') }),
    [c('a', undefined, cpu('100m'))],
    'maximum cpu usage per Pod is 1, but limit is 1200m',
    {
      initContainers: [c('s', undefined, cpu('300m'), sidecar), c('i', undefined, cpu('900m'))],
    },
  ),
  judge(
    'pod: its own resources count instead',
    per('Pod', { max: cpu('1') }),
    [c('a', undefined, cpu('100m'))],
    'maximum cpu usage per Pod is 1, but limit is 2',
    { resources: { limits: cpu('2') } },
  ),
  ofClaim('small', claim('500Mi'), 'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi'),
  ofClaim('large', claim('6Gi'), 'maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi'),
  ofClaim('good', claim('1073741824')),
  ofClaim(
    'silent',
    claim(),
    '[minimum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified, maximum storage usage per PersistentVolumeClaim is 5Gi.  No request is specified]',
  ),
];
