import type { Case } from '../support/run-case.js';
import { pod } from './pods.js';

const object = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'ns' }, ...more });

export const alwaysAdmit: Case[] = [{ name: 'everything', resource: 'pods', request: { object: pod() } }];

export const alwaysDeny: Case[] = [
  {
    name: 'everything',
    resource: 'pods',
    request: { object: pod() },
    message: 'pods "p" is forbidden: admission control is denying all modifications',
  },
];

export const taintNodesByCondition: Case[] = [
  {
    name: 'added',
    resource: 'nodes',
    request: { object: object('n', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }) },
    object: {
      'spec.taints': [
        { key: 'a', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
      ],
    },
  },
  {
    name: 'once',
    resource: 'nodes',
    request: { object: object('n', { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } }) },
    object: { 'spec.taints': [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
  },
];

const classOf = (name: string, annotation: string, creationTimestamp: string, more: object = {}) => ({
  metadata: { name, annotations: { [annotation]: 'true' }, creationTimestamp },
  ...more,
});
const STORAGE = 'storageclass.kubernetes.io/is-default-class';
const INGRESS = 'ingressclass.kubernetes.io/is-default-class';

export const defaultStorageClass: Case[] = [
  {
    name: 'the newest, then by name',
    objects: {
      'storageclasses.storage.k8s.io': [
        classOf('old', STORAGE, '2025-01-01T00:00:00Z'),
        classOf('b', STORAGE, '2025-02-01T00:00:00Z'),
        classOf('a', 'storageclass.beta.kubernetes.io/is-default-class', '2025-02-01T00:00:00Z'),
      ],
    },
    resource: 'persistentvolumeclaims',
    request: { object: object('c', { spec: {} }) },
    object: { 'spec.storageClassName': 'a' },
  },
  {
    name: 'an empty class is a class',
    objects: { 'storageclasses.storage.k8s.io': [classOf('a', STORAGE, '2025-01-01T00:00:00Z')] },
    resource: 'persistentvolumeclaims',
    request: { object: object('c', { spec: { storageClassName: '' } }) },
    object: { 'spec.storageClassName': '' },
  },
  {
    name: 'none',
    resource: 'persistentvolumeclaims',
    request: { object: object('c', { spec: {} }) },
    object: { 'spec.storageClassName': undefined },
  },
];

export const defaultIngressClass: Case[] = [
  {
    name: 'filled',
    objects: { 'ingressclasses.networking.k8s.io': [classOf('a', INGRESS, '2025-01-01T00:00:00Z')] },
    resource: 'ingresses.networking.k8s.io',
    request: { object: object('i', { spec: {} }) },
    object: { 'spec.ingressClassName': 'a' },
  },
  {
    name: 'the old annotation is a class',
    objects: { 'ingressclasses.networking.k8s.io': [classOf('a', INGRESS, '2025-01-01T00:00:00Z')] },
    resource: 'ingresses.networking.k8s.io',
    request: { object: { metadata: { name: 'i', namespace: 'ns', annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: {} } },
    object: { 'spec.ingressClassName': undefined },
  },
];

export const storageObjectInUseProtection: Case[] = [
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
  ['volumeattributesclasses.storage.k8s.io', 'kubernetes.io/vac-protection'],
].map(([resource = '', finalizer]) => ({
  name: resource,
  resource,
  request: { object: { metadata: { name: 'x', finalizers: ['own/one'] } } },
  object: { 'metadata.finalizers': ['own/one', finalizer] },
}));

const claim = (storage: string, phase: string, storageClassName?: string) =>
  object('c', { spec: { resources: { requests: { storage } }, ...(storageClassName && { storageClassName }) }, status: { phase } });
const grow = (phase: string, name: string) => ({
  objects: {
    'storageclasses.storage.k8s.io': [{ metadata: { name: 'grows' }, allowVolumeExpansion: true }, { metadata: { name: 'fixed' } }],
  },
  resource: 'persistentvolumeclaims',
  request: { operation: 'UPDATE' as const, object: claim('2Gi', phase, name), oldObject: claim('1Gi', phase, name) },
});
const UNSUPPORTED = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

export const persistentVolumeClaimResize: Case[] = [
  { name: 'allowed by its class', ...grow('Bound', 'grows') },
  {
    name: 'not bound',
    ...grow('Pending', 'grows'),
    message: 'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded',
  },
  { name: 'not allowed', ...grow('Bound', 'fixed'), message: `persistentvolumeclaims "c" is forbidden: ${UNSUPPORTED}` },
  { name: 'no class', ...grow('Bound', ''), message: `persistentvolumeclaims "c" is forbidden: ${UNSUPPORTED}` },
  {
    name: 'the same size written otherwise',
    resource: 'persistentvolumeclaims',
    request: { operation: 'UPDATE', object: claim('1024Mi', 'Pending'), oldObject: claim('1Gi', 'Pending') },
  },
];

const service = (externalIPs: string[]) => object('s', { spec: { externalIPs } });
const DENIED = 'services "s" is forbidden: Use of external IPs is denied by admission control';

export const denyServiceExternalIps: Case[] = [
  { name: 'new', resource: 'services', request: { object: service(['1.1.1.1']) }, message: DENIED },
  {
    name: 'kept',
    resource: 'services',
    request: { operation: 'UPDATE', object: service(['1.1.1.1']), oldObject: service(['1.1.1.1', '2.2.2.2']) },
  },
  {
    name: 'exchanged',
    resource: 'services',
    request: { operation: 'UPDATE', object: service(['3.3.3.3']), oldObject: service(['1.1.1.1']) },
    message: DENIED,
  },
];

const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'ns' }, involvedObject: { kind: 'Pod', name: 'p' } };

export const eventRateLimit: Case[] = [
  {
    name: 'within the limit',
    configuration: {
      apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
      limits: [{ type: 'Server', qps: 1, burst: 1 }],
    },
    resource: 'events',
    request: { object: event },
  },
];

const owned = (references: object[]) => object('c', { metadata: { name: 'c', namespace: 'ns', ownerReferences: references } });
const owner = (more: object = {}) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', ...more });

export const ownerReferencesPermissionEnforcement: Case[] = [
  { name: 'a new object may have an owner', resource: 'configmaps', request: { object: owned([owner()]) } },
  {
    name: 'a change needs the right to delete',
    resource: 'configmaps',
    request: { operation: 'UPDATE', object: owned([owner()]), oldObject: owned([]) },
    message: 'configmaps "c" is forbidden: cannot set an ownerRef on a resource you can\'t delete: no rule, <nil>',
  },
  {
    name: 'with the right to delete',
    may: ['delete configmaps c'],
    resource: 'configmaps',
    request: { operation: 'UPDATE', object: owned([owner()]), oldObject: owned([]) },
  },
  { name: 'no change', resource: 'configmaps', request: { operation: 'UPDATE', object: owned([owner()]), oldObject: owned([owner()]) } },
  {
    name: 'holding the owner needs the right to its finalizers',
    resource: 'configmaps',
    request: { object: owned([owner({ blockOwnerDeletion: true })]) },
    message:
      'configmaps "c" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: no rule, <nil>',
  },
  {
    name: 'with that right',
    may: ['update pods/finalizers p'],
    resource: 'configmaps',
    request: { object: owned([owner({ blockOwnerDeletion: true })]) },
  },
  {
    name: 'an unknown kind',
    resource: 'configmaps',
    request: { object: owned([owner({ blockOwnerDeletion: true, apiVersion: 'a.io/v1', kind: 'X' })]) },
    message:
      'configmaps "c" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion a.io/v1 Kind X: no matches for kind "X" in version "a.io/v1"',
  },
];

const CSRS = 'certificatesigningrequests.certificates.k8s.io';
const csr = (more: object = {}) => ({ metadata: { name: 'r' }, spec: { signerName: 'example.com/s' }, ...more });

export const certificateApproval: Case[] = [
  {
    name: 'without the right',
    resource: CSRS,
    request: { operation: 'UPDATE', subresource: 'approval', object: csr(), oldObject: csr() },
    message: `${CSRS} "r" is forbidden: user not permitted to approve requests with signerName "example.com/s"`,
  },
  ...['approve signers example.com/s', 'approve signers example.com/*'].map((right) => ({
    name: right,
    may: [right],
    resource: CSRS,
    request: { operation: 'UPDATE' as const, subresource: 'approval', object: csr(), oldObject: csr() },
  })),
];

const signed = csr({ status: { certificate: 'abc' } });

export const certificateSigning: Case[] = [
  {
    name: 'without the right',
    resource: CSRS,
    request: { operation: 'UPDATE', subresource: 'status', object: signed, oldObject: csr() },
    message: `${CSRS} "r" is forbidden: user not permitted to sign requests with signerName "example.com/s"`,
  },
  { name: 'nothing signed', resource: CSRS, request: { operation: 'UPDATE', subresource: 'status', object: signed, oldObject: signed } },
  {
    name: 'with the right',
    may: ['sign signers example.com/s'],
    resource: CSRS,
    request: { operation: 'UPDATE', subresource: 'status', object: signed, oldObject: csr() },
  },
];

const BUNDLES = 'clustertrustbundles.certificates.k8s.io';
const bundle = (trustBundle: string, signerName?: string) => ({
  metadata: { name: 'b' },
  spec: { trustBundle, ...(signerName && { signerName }) },
});

export const clusterTrustBundleAttest: Case[] = [
  {
    name: 'without the right',
    resource: BUNDLES,
    request: { object: bundle('x', 'example.com/s') },
    message: `${BUNDLES} "b" is forbidden: user not permitted to attest for signerName "example.com/s"`,
  },
  { name: 'with the right', may: ['attest signers example.com/s'], resource: BUNDLES, request: { object: bundle('x', 'example.com/s') } },
  { name: 'no signer', resource: BUNDLES, request: { object: bundle('x') } },
  {
    name: 'unchanged',
    resource: BUNDLES,
    request: { operation: 'UPDATE', object: bundle('x', 'example.com/s'), oldObject: bundle('x', 'example.com/s') },
  },
];
