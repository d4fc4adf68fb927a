import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, UserInfo } from '../src/index.js';
import { createNodeAuthorizer, NodeGraph } from '../src/node.js';

const kubelet = (name: string): UserInfo => ({ username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] });

/** `verb resource[.group][/subresource] [namespace/][name] [field selector]`. */
function asks(text: string, user: UserInfo): AuthorizationAttributes {
  const [verb = '', target = '', place = '', fieldSelector] = text.split(' ');
  const [kind = '', subresource = ''] = target.split('/');
  const [resource = '', ...group] = kind.split('.');
  const [namespace, name] = place.includes('/') ? (place.split('/') as [string, string]) : ['', place];
  const rest = { apiGroup: group.join('.'), apiVersion: 'v1', resource, subresource, namespace, name, path: '' };
  return { user, verb, isResourceRequest: true, ...rest, ...(fieldSelector === undefined ? {} : { fieldSelector }) };
}

const POD = {
  metadata: { namespace: 'a', name: 'web' },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'sa',
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ envFrom: [{ secretRef: { name: 'init-from' } }, { configMapRef: { name: 'init-map' } }] }],
    containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'env' } } }, { valueFrom: { configMapKeyRef: { name: 'env-map' } } }, {}] }],
    ephemeralContainers: [{ envFrom: [{ secretRef: { name: 'debug' } }] }],
    volumes: [
      { name: 's', secret: { secretName: 'volume' } },
      { name: 'c', configMap: { name: 'volume-map' } },
      { name: 'p', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected-map' } }] } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'scratch', ephemeral: {} },
      { name: 'x', csi: { nodePublishSecretRef: { name: 'csi' } } },
      { name: 'z', azureFile: { secretName: 'azure' } },
    ],
    resourceClaims: [{ resourceClaimName: 'gpu' }, {}],
  },
  status: { resourceClaimStatuses: [{ resourceClaimName: 'made' }], extendedResourceClaimStatus: { resourceClaimName: 'extended' } },
};

describe('the node authorizer', () => {
  let graph: NodeGraph;
  const decide = (text: string, user = kubelet('n1')) => {
    const { decision, reason } = createNodeAuthorizer(graph).authorize(asks(text, user)) as { decision: string; reason: string };
    return reason === '' ? decision : `${decision}: ${reason}`;
  };
  beforeEach(() => {
    graph = new NodeGraph();
    graph.setPod(POD);
    graph.setVolume({
      metadata: { name: 'pv' },
      spec: {
        claimRef: { namespace: 'a', name: 'data' },
        csi: { nodeStageSecretRef: { namespace: 'vault', name: 'stage' } },
        azureFile: { secretName: 'near' },
      },
    });
    graph.setBound('volumeattachments', { metadata: { name: 'va' }, spec: { nodeName: 'n1' } });
    graph.setBound('resourceslices', { metadata: { name: 'slice' }, spec: { nodeName: 'n1' } });
  });

  const OWN = [
    ...['pull', 'init-from', 'env', 'debug', 'volume', 'projected', 'csi', 'azure', 'near'].map((name) => `get secrets a/${name}`),
    'list secrets a/pull',
    'watch secrets vault/stage',
    ...['init-map', 'env-map', 'volume-map', 'projected-map'].map((name) => `get configmaps a/${name}`),
    'get persistentvolumeclaims a/data',
    'patch persistentvolumeclaims/status a/data',
    'get persistentvolumeclaims a/web-scratch',
    'get persistentvolumes pv',
    ...['gpu', 'made', 'extended'].map((name) => `get resourceclaims.resource.k8s.io a/${name}`),
    'create serviceaccounts/token a/sa',
    'get serviceaccounts a/sa',
    'get volumeattachments.storage.k8s.io va',
    'get pods a/web',
    'delete resourceslices.resource.k8s.io slice',
  ];

  it.each(OWN)('lets the node of the pod, and no other: %s', (text) => {
    expect(decide(text)).toBe('allow');
    expect(decide(text, kubelet('n2'))).toBe("noOpinion: no relationship found between node 'n2' and this object");
  });

  it('forgets what is gone', () => {
    graph.deletePod('a', 'web');
    graph.deleteVolume('pv');
    graph.deleteBound('volumeattachments', 'va');
    graph.deleteBound('resourceslices', 'slice');
    for (const text of OWN)
      expect([text, decide(text)]).toEqual([text, "noOpinion: no relationship found between node 'n1' and this object"]);
  });

  it('follows changes, and counts what several pods share', () => {
    const other = { metadata: { namespace: 'a', name: 'other' }, spec: { nodeName: 'n1', imagePullSecrets: [{ name: 'pull' }] } };
    graph.setPod(other);
    graph.deletePod('a', 'web');
    expect(decide('get secrets a/pull')).toBe('allow');
    graph.setPod({ ...other, spec: { ...other.spec, imagePullSecrets: [{ name: 'new' }] } });
    expect(decide('get secrets a/pull')).toContain('no relationship');
    expect(decide('get secrets a/new')).toBe('allow');
    graph.setVolume({ metadata: { name: 'pv' } });
    expect(decide('get persistentvolumes pv')).toContain('no relationship');
  });

  it('a pod that a node made of itself gives it nothing', () => {
    graph.setPod({ ...POD, metadata: { ...POD.metadata, name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'x' } } });
    graph.deletePod('a', 'web');
    expect(decide('get secrets a/pull')).toContain('no relationship');
    expect(decide('get pods a/mirror')).toBe('allow');
  });

  it.each([
    ['list secrets a/', 'noOpinion: No Object name found'],
    ['list secrets', 'noOpinion: can only read namespaced object of this type'],
    ['update secrets a/pull', 'noOpinion: can only read resources of this type'],
    ['get configmaps/x a/env-map', 'noOpinion: cannot read subresource'],
    ['list persistentvolumes', 'noOpinion: can only get individual resources of this type'],
    ['get persistentvolumes/status pv', 'noOpinion: cannot get subresource'],
    ['delete persistentvolumeclaims/status a/data', 'noOpinion: can only get/update/patch this type'],
    ['create serviceaccounts a/', 'noOpinion: can only create tokens for individual service accounts'],
    ['create serviceaccounts/other a/sa', 'noOpinion: can only create token subresource of serviceaccount'],
    ['list leases.coordination.k8s.io kube-node-lease/', 'noOpinion: can only get, create, update, patch, or delete a node lease'],
    ['get leases.coordination.k8s.io a/n1', 'noOpinion: can only access leases in the "kube-node-lease" system namespace'],
    [
      'get leases.coordination.k8s.io kube-node-lease/n2',
      'noOpinion: can only access node lease with the same name as the requesting node',
    ],
    ['update leases.coordination.k8s.io kube-node-lease/n1', 'allow'],
    ['create leases.coordination.k8s.io kube-node-lease/', 'allow'],
    ['get csinodes.storage.k8s.io n1', 'allow'],
    ['get csinodes.storage.k8s.io n2', 'noOpinion: can only access CSINode with the same name as the requesting node'],
    ['list csinodes.storage.k8s.io', 'noOpinion: can only get, create, update, patch, or delete a CSINode'],
    ['create resourceslices.resource.k8s.io', 'allow'],
    ['list resourceslices.resource.k8s.io  spec.nodeName=n1', 'allow'],
    ['list resourceslices.resource.k8s.io', 'noOpinion: can only list/watch/deletecollection resourceslices with nodeName field selector'],
    ['get nodes n1', 'allow'],
    ['get nodes n2', "noOpinion: node 'n1' cannot read 'n2', only its own Node object"],
    ['list nodes', "noOpinion: node 'n1' cannot read all nodes, only its own Node object"],
    ['patch nodes/status n1', 'allow'],
    ['delete nodes n1', 'noOpinion'],
    ['list pods  spec.nodeName=n1', 'allow'],
    ['list pods  spec.nodeName!=n1', 'noOpinion: can only list/watch pods with spec.nodeName field selector'],
    ['watch pods  spec.nodeName=n2', 'noOpinion: can only list/watch pods with spec.nodeName field selector'],
    ['list pods a/web', 'allow'],
    ['create pods a/', 'allow'],
    ['patch pods/status a/web', 'allow'],
    ['create pods/eviction a/web', 'allow'],
    ['create pods/exec a/web', 'noOpinion'],
    ['list services', 'allow'],
    ['create events a/', 'allow'],
    ['create tokenreviews.authentication.k8s.io', 'allow'],
    ['get deployments.apps a/x', 'noOpinion'],
  ])('%s: %s', (text, expected) => {
    expect(decide(text)).toBe(expected);
  });

  it('has no opinion about others', () => {
    expect(decide('get nodes n1', { username: 'system:node:n1', groups: [] })).toBe('noOpinion');
    expect(decide('get nodes n1', { username: 'alice', groups: ['system:nodes'] })).toBe('noOpinion');
    expect(decide('get nodes n1', { username: 'system:node:', groups: ['system:nodes'] })).toBe(
      'noOpinion: unknown node for user "system:node:"',
    );
  });

  it('cannot list the rules of a node', () => {
    expect(createNodeAuthorizer(graph).rulesFor?.(kubelet('n1'), 'a')).toEqual({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    });
  });
});
