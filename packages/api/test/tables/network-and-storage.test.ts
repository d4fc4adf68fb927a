import { describe, expect, it } from 'vitest';
import { cells, metadata } from '../support/table-cells.js';

describe('tables of networks and storage', () => {
  it.each<[string, object, unknown[]]>([
    [
      'ingresses v1 networking.k8s.io',
      {
        spec: { ingressClassName: 'n', rules: [{ host: 'a' }, {}, { host: 'b' }, { host: 'c' }, { host: 'd' }], tls: [{}] },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      },
      ['x', 'n', 'a,b,c + 2 more...', '192.0.2.1', '80, 443', '2m'],
    ],
    ['ingresses v1 networking.k8s.io', { spec: {} }, ['x', '<none>', '*', '', '80', '2m']],
    [
      'ingressclasses v1 networking.k8s.io',
      { spec: { controller: 'e/c', parameters: { apiGroup: 'e', kind: 'P', name: 'q' } } },
      ['x', 'e/c', 'P.e/q', '2m'],
    ],
    ['networkpolicies v1 networking.k8s.io', { spec: { podSelector: {} } }, ['x', '<none>', '2m']],
    ['servicecidrs v1 networking.k8s.io', { spec: { cidrs: ['10.0.0.0/24', 'fd00::/112'] } }, ['x', '10.0.0.0/24,fd00::/112', '2m']],
    [
      'ipaddresses v1 networking.k8s.io',
      { spec: { parentRef: { resource: 'services', namespace: 'd', name: 'k' } } },
      ['x', 'services/d/k', '2m'],
    ],
    [
      'endpointslices v1 discovery.k8s.io',
      {
        addressType: 'IPv4',
        ports: [{ port: 80 }, { name: 'any' }, {}],
        endpoints: [{ addresses: ['1', '2'] }, { addresses: ['3', '4'] }],
      },
      ['x', 'IPv4', '80,any,*', '1,2,3 + 1 more...', '2m'],
    ],
    ['endpointslices v1 discovery.k8s.io', { addressType: 'IPv4' }, ['x', 'IPv4', '<unset>', '<unset>', '2m']],
    [
      'persistentvolumes v1',
      {
        spec: {
          capacity: { storage: '1024Mi' },
          accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { namespace: 'n', name: 'c' },
          volumeMode: 'Block',
        },
        status: { phase: 'Failed', reason: 'why' },
      },
      ['x', '1Gi', 'RWO,RWX', 'Delete', 'Failed', 'n/c', '', '<unset>', 'why', '2m', 'Block'],
    ],
    [
      'persistentvolumeclaims v1',
      { spec: { resources: { requests: { storage: '1Gi' } } }, status: { phase: 'Pending' } },
      ['x', 'Pending', '', '', '', '', '<unset>', '2m', '<unset>'],
    ],
    [
      'storageclasses v1 storage.k8s.io',
      { metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'e/p' },
      ['x (default)', 'e/p', 'Delete', 'Immediate', false, '2m'],
    ],
    [
      'volumeattachments v1 storage.k8s.io',
      { spec: { attacher: 'e', source: { persistentVolumeName: 'pv' }, nodeName: 'n' }, status: { attached: true } },
      ['x', 'e', 'pv', 'n', true, '2m'],
    ],
    ['csinodes v1 storage.k8s.io', { spec: { drivers: [{}, {}] } }, ['x', 2, '2m']],
    [
      'csidrivers v1 storage.k8s.io',
      { spec: { tokenRequests: [{ audience: 'a' }], volumeLifecycleModes: ['Persistent'] } },
      ['x', true, false, false, 'a', false, 'Persistent', '2m'],
    ],
    ['csistoragecapacities v1 storage.k8s.io', { storageClassName: 's', capacity: '10Gi' }, ['x', 's', '10Gi']],
  ])('%s %j', (path, fields, expected) => {
    expect(cells(path, fields)).toEqual(expected);
  });
});
