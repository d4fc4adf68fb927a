import type { Case } from '../support/run-case.js';

const user = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const ownedBy = (more: object = {}) => [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u1', controller: true, ...more }];
const mirror = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: ownedBy(), ...metadata },
  spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...spec },
});
const running = (nodeName: string, more: object = {}) => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'pu', ...more },
  spec: { nodeName },
});
const cluster = (nodeName = 'n1') => ({ nodes: [{ metadata: { name: 'n1', uid: 'u1' } }], pods: [running(nodeName)] });
const node = (spec: object = {}, labels: object = {}, name = 'n1') => ({ metadata: { name, labels }, spec });
const forbid = (subject: string, text: string) => `${subject} is forbidden: ${text}`;

const ask = (name: string, resource: string, request: Case['request'], message?: string, more: Partial<Case> = {}): Case => ({
  name,
  objects: cluster(),
  resource,
  request: { user, ...request },
  ...(message === undefined ? {} : { message }),
  ...more,
});
const create = (name: string, pod: object, message?: string): Case =>
  ask(name, 'pods', { object: pod }, message === undefined ? undefined : forbid('pods "p"', message));
const change = (name: string, now: object, before: object, message: string): Case =>
  ask(name, 'nodes', { operation: 'UPDATE', object: now, oldObject: before }, forbid('nodes "n1"', message));
const token = (name: string, spec: object, message?: string, more: Partial<Case> = {}): Case =>
  ask(
    name,
    'serviceaccounts',
    { subresource: 'token', name: 'sa', namespace: 'ns', object: { kind: 'TokenRequest', spec } },
    message === undefined ? undefined : forbid('serviceaccounts "sa"', message),
    more,
  );
const bound = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pu' };

export const nodeRestriction: Case[] = [
  ask('others are not concerned', 'nodes', { user: { username: 'alice', groups: [] }, object: node({}, {}, 'n2') }),
  ask('a node without the group is none', 'nodes', { user: { username: 'system:node:n1', groups: [] }, object: node({}, {}, 'n2') }),
  ask(
    'a node without a name',
    'pods',
    { user: { username: 'system:node:', groups: ['system:nodes'] }, object: mirror() },
    forbid('pods "p"', 'could not determine node from user "system:node:"'),
  ),
  create('a mirror pod', mirror()),
  create(
    'no mirror pod',
    mirror({}, { annotations: {} }),
    'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  ),
  create('on another node', mirror({ nodeName: 'n2' }), 'node "n1" can only create pods with spec.nodeName set to itself'),
  create(
    'without owner',
    mirror({}, { ownerReferences: [] }),
    'node "n1" can only create pods with a single owner reference set to itself',
  ),
  create(
    'another owner',
    mirror({}, { ownerReferences: ownedBy({ name: 'n2' }) }),
    'node "n1" can only create pods with an owner reference set to itself',
  ),
  create(
    'an owner that is no controller',
    mirror({}, { ownerReferences: ownedBy({ controller: false }) }),
    'node "n1" can only create pods with a controller owner reference set to itself',
  ),
  create(
    'an owner that is held',
    mirror({}, { ownerReferences: ownedBy({ blockOwnerDeletion: true }) }),
    'node "n1" must not set blockOwnerDeletion on an owner reference',
  ),
  create('another uid', mirror({}, { ownerReferences: ownedBy({ uid: 'x' }) }), 'node n1 UID mismatch: expected x got u1'),
  create('an account', mirror({ serviceAccountName: 'default' }), 'node "n1" can not create pods that reference serviceaccounts'),
  create('a secret', mirror({ imagePullSecrets: [{ name: 's' }] }), 'node "n1" can not create pods that reference secrets'),
  create(
    'a config map',
    mirror({ containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'm' } }] }] }),
    'node "n1" can not create pods that reference configmaps',
  ),
  create(
    'a claim',
    mirror({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
    'node "n1" can not create pods that reference persistentvolumeclaims',
  ),
  ask('deletes its own', 'pods', { operation: 'DELETE', oldObject: running('n1') }),
  ask(
    'deletes a foreign one',
    'pods',
    { operation: 'DELETE', oldObject: running('n2') },
    forbid('pods "p"', 'node "n1" can only delete pods with spec.nodeName set to itself'),
  ),
  ask(
    'updates a pod',
    'pods',
    { operation: 'UPDATE', object: running('n1'), oldObject: running('n1') },
    forbid('pods "p"', 'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods'),
  ),
  ask('reports status', 'pods', { operation: 'UPDATE', subresource: 'status', object: running('n1'), oldObject: running('n1') }),
  ask(
    'reports status of a foreign pod',
    'pods',
    { operation: 'UPDATE', subresource: 'status', object: running('n2'), oldObject: running('n2') },
    forbid('pods "p"', 'node "n1" can only update pod status for pods with spec.nodeName set to itself'),
  ),
  ask(
    'labels through status',
    'pods',
    { operation: 'UPDATE', subresource: 'status', object: running('n1', { labels: { a: 'b' } }), oldObject: running('n1') },
    forbid('pods "p"', 'node "n1" cannot update labels through pod status'),
  ),
  ask('evicts its own', 'pods', { subresource: 'eviction', name: 'p', namespace: 'ns', object: { kind: 'Eviction' } }),
  ask(
    'evicts a foreign one',
    'pods',
    { subresource: 'eviction', name: 'p', namespace: 'ns', object: { kind: 'Eviction' } },
    forbid('pods "p"', 'node n1 can only evict pods with spec.nodeName set to itself'),
    { objects: cluster('n2') },
  ),
  ask(
    'another subresource',
    'pods',
    { subresource: 'exec', name: 'p', namespace: 'ns', object: {} },
    forbid('pods "p"', "unexpected pod subresource \"exec\", only 'status' and 'eviction' are allowed"),
  ),
  ask('itself', 'nodes', { object: node({}, { 'kubernetes.io/hostname': 'n1', 'kubelet.kubernetes.io/a': 'b', team: 'x' }) }),
  ask('another node', 'nodes', { object: node({}, {}, 'n2') }, forbid('nodes "n2"', 'node "n1" is not allowed to modify node "n2"')),
  ask(
    'labels of others',
    'nodes',
    { object: node({}, { 'node-restriction.kubernetes.io/z': '1', 'a.k8s.io/x': '1', team: 'x' }) },
    forbid('nodes "n1"', 'node "n1" is not allowed to set the following labels: a.k8s.io/x, node-restriction.kubernetes.io/z'),
  ),
  change('taints', node({ taints: [{ key: 'a' }] }), node(), 'node "n1" is not allowed to modify taints'),
  change('labels', node({}, { 'x.kubernetes.io/y': '1' }), node(), 'node "n1" is not allowed to modify labels: x.kubernetes.io/y'),
  change('config', node({ configSource: {} }), node(), 'node "n1" is not allowed to update configSource to a new non-nil configSource'),
  change(
    'owners',
    { metadata: { name: 'n1', ownerReferences: ownedBy() }, spec: {} },
    node(),
    'node "n1" is not allowed to modify ownerReferences',
  ),
  ask(
    'a claim itself',
    'persistentvolumeclaims',
    { operation: 'UPDATE', object: running('n1'), oldObject: running('n1') },
    forbid('persistentvolumeclaims "p"', 'may only update PVC status'),
  ),
  ask('a resize', 'persistentvolumeclaims', {
    operation: 'UPDATE',
    subresource: 'status',
    object: { metadata: { name: 'p' }, spec: {}, status: { phase: 'Bound', capacity: { storage: '2Gi' } } },
    oldObject: { metadata: { name: 'p' }, spec: {}, status: { phase: 'Bound' } },
  }),
  ask(
    'more than a resize',
    'persistentvolumeclaims',
    {
      operation: 'UPDATE',
      subresource: 'status',
      object: { metadata: { name: 'p' }, spec: {}, status: { phase: 'Lost' } },
      oldObject: { metadata: { name: 'p' }, spec: {}, status: { phase: 'Bound' } },
    },
    forbid(
      'persistentvolumeclaims "p"',
      'node "n1" is not allowed to update fields other than status.quantity and status.conditions: status.phase',
    ),
  ),
  token('a token of no pod', {}, 'node requested token not bound to a pod'),
  token('a pod without uid', { boundObjectRef: { ...bound, uid: '' } }, 'node requested token with a pod binding without a uid'),
  token(
    'another pod of that name',
    { boundObjectRef: { ...bound, uid: 'x' } },
    'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
  ),
  token('a pod elsewhere', { boundObjectRef: bound }, 'node requested token bound to a pod scheduled on a different node', {
    objects: cluster('n2'),
  }),
  token('two audiences', { boundObjectRef: bound, audiences: ['a', 'b'] }, 'node may only request 0 or 1 audiences'),
  token(
    'an audience that the pod does not use',
    { boundObjectRef: bound, audiences: ['vault'] },
    'audience "vault" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  ),
  token('one that it uses', { boundObjectRef: bound, audiences: ['vault'] }, undefined, {
    objects: {
      pods: [
        {
          ...running('n1'),
          spec: {
            nodeName: 'n1',
            volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }] } }],
          },
        },
      ],
    },
  }),
  token('one that it may ask for', { boundObjectRef: bound, audiences: ['vault'] }, undefined, {
    may: ['request-serviceaccounts-token-audience vault sa'],
  }),
  ask('its lease', 'leases.coordination.k8s.io', { object: { metadata: { name: 'n1', namespace: 'kube-node-lease' } } }),
  ask(
    'a lease elsewhere',
    'leases.coordination.k8s.io',
    { object: { metadata: { name: 'n1', namespace: 'ns' } } },
    forbid('leases.coordination.k8s.io "n1"', 'can only access leases in the "kube-node-lease" system namespace'),
  ),
  ask(
    'a foreign lease',
    'leases.coordination.k8s.io',
    { object: { metadata: { name: 'n2', namespace: 'kube-node-lease' } } },
    forbid('leases.coordination.k8s.io "n2"', 'can only access node lease with the same name as the requesting node'),
  ),
  ask(
    'a foreign CSI node',
    'csinodes.storage.k8s.io',
    { object: { metadata: { name: 'n2' } } },
    forbid('csinodes.storage.k8s.io "n2"', 'can only access CSINode with the same name as the requesting node'),
  ),
  ask(
    'a foreign slice',
    'resourceslices.resource.k8s.io',
    { object: { metadata: { name: 's' }, spec: { nodeName: 'n2' } } },
    forbid('resourceslices.resource.k8s.io "s"', 'can only create ResourceSlice with the same NodeName as the requesting node'),
  ),
];
