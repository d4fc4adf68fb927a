import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import type { Requester } from '../src/index.js';
import { decode, definitionOf } from './support/kinds.js';

const of = (apiVersion: string, kind: string, rest: object): object => ({ apiVersion, kind, ...rest });
const container = { name: 'c', image: 'i' };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };

function prepared(input: object, requester?: Requester): KubeObject {
  const object = decode(input);
  definitionOf(object).strategy.prepareForCreate?.(object, requester);
  return object;
}

function updated(old: KubeObject, input: object, subresource = ''): KubeObject {
  const object = decode(input);
  definitionOf(object).strategy.prepareForUpdate?.(object, old, subresource);
  return object;
}

describe('requests for certificates', () => {
  const request = (spec: object, more: object = {}): object =>
    of('certificates.k8s.io/v1', 'CertificateSigningRequest', {
      spec: { request: 'eA==', signerName: 'a.io/b', usages: ['client auth'], ...spec },
      ...more,
    });
  const alice: Requester = { username: 'alice', uid: 'u1', groups: ['devs'], extra: { 'a.io/k': ['v'] } };

  it('name who asks, whatever the client says', () => {
    const object = prepared(request({ username: 'root', uid: '0', groups: ['system:masters'], extra: { x: ['y'] } }), alice);
    expect(object['spec']).toMatchObject({ username: 'alice', uid: 'u1', groups: ['devs'], extra: { 'a.io/k': ['v'] } });
    expect(prepared(request({ username: 'root' }))['spec']).not.toHaveProperty('username');
  });

  it('keep what is asked for, and take decisions and certificates each through its endpoint', () => {
    const old = prepared(request({}), alice);
    const decision = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' };
    expect(updated(old, request({ username: 'root' }, { status: decision }))).toMatchObject({ spec: { username: 'alice' }, status: {} });
    const approved = updated(old, request({}, { status: decision }), 'approval');
    expect(approved['status']).toEqual({
      conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: expect.any(String), lastTransitionTime: expect.any(String) }],
    });
    expect(updated(old, request({}, { status: decision }), 'status')['status']).toMatchObject({ certificate: 'eA==' });
  });

  it('keep the time of a condition that stays', () => {
    const at = '2026-01-01T00:00:00Z';
    const old = prepared(request({}), alice);
    old['status'] = { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: at, lastTransitionTime: at }] };
    const again = updated(old, request({}, { status: { conditions: [{ type: 'Approved', status: 'True' }] } }), 'approval');
    expect(again['status']).toMatchObject({ conditions: [{ lastTransitionTime: at }] });
  });
});

describe('generations', () => {
  it('count content, not the order of fields', () => {
    const deployment = (spec: object): object => of('apps/v1', 'Deployment', { spec });
    const old = prepared(deployment({ selector: { matchLabels: { a: 'b' } }, template }));
    expect(old.metadata?.generation).toBe(1);
    expect(updated(old, deployment({ template, selector: { matchLabels: { a: 'b' } } })).metadata?.generation).toBe(1);
    expect(updated(old, deployment({ template, selector: { matchLabels: { a: 'b' } }, replicas: 2 })).metadata?.generation).toBe(2);
  });

  it('are kept for pod templates and endpoint slices, whose labels count', () => {
    const podTemplate = (image: string): object => of('v1', 'PodTemplate', { template: { spec: { containers: [{ name: 'c', image }] } } });
    const old = prepared(podTemplate('i'));
    expect([old.metadata?.generation, updated(old, podTemplate('i')).metadata?.generation]).toEqual([1, 1]);
    expect(updated(old, podTemplate('j')).metadata?.generation).toBe(2);
    const slice = (labels: object): object =>
      of('discovery.k8s.io/v1', 'EndpointSlice', {
        metadata: { labels },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } }],
      });
    const first = prepared(slice({}));
    expect(first['endpoints']).toEqual([{ addresses: ['10.0.0.1'], conditions: {} }]);
    expect(updated(first, slice({ a: 'b' })).metadata?.generation).toBe(2);
  });

  it('of daemon sets count templates in an annotation', () => {
    const key = 'deprecated.daemonset.template.generation';
    const daemons = (spec: object, annotations: object = {}): object =>
      of('apps/v1', 'DaemonSet', { metadata: { annotations }, spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec } });
    const old = prepared(daemons({}));
    expect(old.metadata?.annotations).toEqual({ [key]: '1' });
    expect(updated(old, daemons({ minReadySeconds: 3 }, { [key]: '7', a: 'b' })).metadata?.annotations).toEqual({ [key]: '1', a: 'b' });
    const changed = updated(old, daemons({ template: { ...template, spec: { containers: [{ ...container, image: 'j' }] } } }));
    expect(changed.metadata).toMatchObject({ generation: 2, annotations: { [key]: '2' } });
  });
});

describe('metadata of status writes', () => {
  it.each([
    ['FlowSchema', 'flowcontrol.apiserver.k8s.io/v1'],
    ['PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1'],
    ['VolumeAttachment', 'storage.k8s.io/v1'],
    ['APIService', 'apiregistration.k8s.io/v1'],
    ['ResourceClaim', 'resource.k8s.io/v1'],
  ])('stays as it is for %s', (kind, apiVersion) => {
    const old = prepared(of(apiVersion, kind, { metadata: { labels: { a: 'b' } } }));
    const written = of(apiVersion, kind, { metadata: { labels: { c: 'd' }, annotations: { e: 'f' } } });
    const { labels, annotations } = updated(old, written, 'status').metadata ?? {};
    expect({ labels, annotations }).toEqual({ labels: { a: 'b' }, annotations: undefined });
    expect(updated(old, written).metadata?.labels).toEqual({ c: 'd' });
  });

  it('keeps the owners of pods', () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: '1' };
    const pod = (ownerReferences: object[]): object =>
      of('v1', 'Pod', { metadata: { ownerReferences }, spec: { containers: [container] } });
    expect(updated(prepared(pod([owner])), pod([]), 'status').metadata?.ownerReferences).toEqual([owner]);
  });
});

describe('what clients set in vain', () => {
  it('is all but the names of secrets in a service account', () => {
    const account = of('v1', 'ServiceAccount', { secrets: [{ name: 'a', namespace: 'other', kind: 'Secret' }, {}] });
    expect(prepared(account)['secrets']).toEqual([{ name: 'a' }, {}]);
  });

  it('is a time that no pod has left', () => {
    const pod = of('v1', 'Pod', { spec: { terminationGracePeriodSeconds: -5, containers: [container] } });
    expect(decode(pod)['spec']).toMatchObject({ terminationGracePeriodSeconds: 1 });
  });

  it('are sources of claims that the old field could never hold, or that lie in another namespace', () => {
    const claim = (spec: object): object => of('v1', 'PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteOnce'], ...spec } });
    const sources = (spec: object): unknown => {
      const { dataSource, dataSourceRef } = prepared(claim(spec))['spec'] as { dataSource?: object; dataSourceRef?: object };
      return [dataSource, dataSourceRef];
    };
    const volume = { kind: 'PersistentVolumeClaim', name: 'a' };
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    const other = { apiGroup: 'x.io', kind: 'Image', name: 'i' };
    expect(sources({ dataSource: volume })).toEqual([volume, volume]);
    expect(sources({ dataSource: snapshot })).toEqual([snapshot, snapshot]);
    expect(sources({ dataSource: other })).toEqual([undefined, undefined]);
    expect(sources({ dataSourceRef: other })).toEqual([other, other]);
    expect(sources({ dataSourceRef: { ...other, namespace: 'ns2' } })).toEqual([undefined, undefined]);
  });
});

describe('versions of updates', () => {
  it.each([
    ['policy/v1', 'PodDisruptionBudget'],
    ['storage.k8s.io/v1', 'CSIDriver'],
    ['storage.k8s.io/v1', 'CSINode'],
    ['storage.k8s.io/v1', 'CSIStorageCapacity'],
    ['storage.k8s.io/v1', 'VolumeAttachment'],
    ['node.k8s.io/v1', 'RuntimeClass'],
    ['apiregistration.k8s.io/v1', 'APIService'],
    ['coordination.k8s.io/v1', 'Lease'],
    ['admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy'],
    ['admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicyBinding'],
    ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
    ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy'],
    ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding'],
    ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ])('must be named for %s %s', (apiVersion, kind) => {
    expect(definitionOf({ apiVersion, kind }).strategy.allowUnconditionalUpdate).toBe(false);
  });
});

describe('devices', () => {
  it('are asked for one at a time', () => {
    const claim = of('resource.k8s.io/v1', 'ResourceClaim', {
      spec: {
        devices: {
          requests: [
            { name: 'a', exactly: { deviceClassName: 'c', tolerations: [{ key: 'k' }] } },
            { name: 'b', firstAvailable: [{ name: 's', deviceClassName: 'c', allocationMode: 'All' }] },
          ],
        },
      },
    });
    expect(decode(claim)['spec']).toEqual({
      devices: {
        requests: [
          {
            name: 'a',
            exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1, tolerations: [{ key: 'k', operator: 'Equal' }] },
          },
          { name: 'b', firstAvailable: [{ name: 's', deviceClassName: 'c', allocationMode: 'All' }] },
        ],
      },
    });
  });
});

describe('AppArmor annotations', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  const profileOf = (value: string, spec: object = {}): unknown => {
    const pod = prepared(of('v1', 'Pod', { metadata: { annotations: { [key]: value } }, spec: { containers: [container], ...spec } }));
    const [first] = (pod['spec'] as { containers: { securityContext?: object }[] }).containers;
    return first?.securityContext;
  };

  it.each([
    ['runtime/default', { appArmorProfile: { type: 'RuntimeDefault' } }],
    ['unconfined', { appArmorProfile: { type: 'Unconfined' } }],
    ['localhost/p', { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } }],
    ['localhost/', undefined],
    ['other', undefined],
  ])('%s becomes a field of new pods', (value, expected) => {
    expect(profileOf(value)).toEqual(expected);
  });

  it('add nothing to what the pod says, or where there is no AppArmor', () => {
    expect(profileOf('unconfined', { securityContext: { appArmorProfile: { type: 'Unconfined' } } })).toBeUndefined();
    expect(profileOf('unconfined', { os: { name: 'windows' } })).toBeUndefined();
  });
});

describe('times that are not set', () => {
  it('show as null where Go has no pointer to them', () => {
    const pod = of('v1', 'Pod', {
      spec: { containers: [container] },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ name: 'c', state: { running: {} }, lastState: { terminated: { exitCode: 1 } } }],
      },
    });
    expect(decode(pod)['status']).toMatchObject({
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
      containerStatuses: [{ state: { running: { startedAt: null } }, lastState: { terminated: { startedAt: null, finishedAt: null } } }],
    });
  });
});
