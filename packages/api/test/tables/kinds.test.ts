import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { scaleTable } from '../../src/index.js';
import { ago, catalogue, cells, metadata, NOW } from '../support/table-cells.js';

const template = {
  metadata: { labels: { a: 'b' } },
  spec: {
    containers: [
      { name: 'c', image: 'i:1' },
      { name: 'd', image: 'j:2' },
    ],
    nodeSelector: { disk: 'ssd' },
  },
};
const selector = {
  matchLabels: { z: '1', a: 'b' },
  matchExpressions: [
    { key: 'k', operator: 'In', values: ['2', '1'] },
    { key: 'm', operator: 'Exists' },
  ],
};

describe('tables of the built-in kinds', () => {
  it.each<[string, object, unknown[]]>([
    ['configmaps v1', { data: { a: '1' }, binaryData: { b: 'AA==' } }, ['x', 2, '2m']],
    ['secrets v1', { type: 'Opaque', data: { a: '1' } }, ['x', 'Opaque', 1, '2m']],
    ['serviceaccounts v1', { secrets: [{}] }, ['x', '2m']],
    ['namespaces v1', { status: { phase: 'Terminating' } }, ['x', 'Terminating', '2m']],
    ['limitranges v1', {}, ['x', metadata.creationTimestamp]],
    [
      'resourcequotas v1',
      { status: { hard: { pods: '4', 'limits.cpu': '2', 'requests.memory': '1024Mi' }, used: { pods: '1', 'limits.cpu': '500m' } } },
      ['x', 'pods: 1/4, requests.memory: 0/1Gi', 'limits.cpu: 500m/2', '2m'],
    ],
    [
      'services v1',
      { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } },
      ['x', 'ClusterIP', '10.0.0.1', '<none>', '<none>', '2m', '<none>'],
    ],
    [
      'services v1',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.0.0.1'],
          externalIPs: ['192.0.2.1'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { b: '2', a: '1' },
        },
      },
      ['x', 'NodePort', '10.0.0.1', '192.0.2.1', '80:30080/TCP,53/UDP', '2m', 'a=1,b=2'],
    ],
    [
      'services v1',
      {
        spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], externalIPs: ['192.0.2.9'] },
        status: { loadBalancer: { ingress: [{ hostname: 'z.example.com' }, { ip: '192.0.2.1' }, { ip: '192.0.2.1' }] } },
      },
      ['x', 'LoadBalancer', '10.0.0.1', '192.0.2.1,z.example.com,192.0.2.9', '<none>', '2m', '<none>'],
    ],
    [
      'services v1',
      { spec: { type: 'LoadBalancer', clusterIPs: ['None'] } },
      ['x', 'LoadBalancer', 'None', '<pending>', '<none>', '2m', '<none>'],
    ],
    [
      'services v1',
      { spec: { type: 'ExternalName', externalName: 'e.example.com' } },
      ['x', 'ExternalName', '<none>', 'e.example.com', '<none>', '2m', '<none>'],
    ],
    ['endpoints v1', {}, ['x', '<none>', '2m']],
    [
      'endpoints v1',
      { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }, { port: 443 }] }] },
      ['x', '10.0.0.1:80,[fd00::1]:80,10.0.0.1:443 + 1 more...', '2m'],
    ],
    ['endpoints v1', { subsets: [{ addresses: [{ ip: '10.0.0.1' }] }] }, ['x', '10.0.0.1', '2m']],
    [
      'nodes v1',
      {
        metadata: {
          ...metadata,
          labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/': '', 'kubernetes.io/role': 'db' },
        },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'Unknown' }],
          addresses: [{ type: 'ExternalIP', address: '192.0.2.1' }],
          nodeInfo: { kubeletVersion: 'v1.36.0', osImage: 'L' },
        },
      },
      ['x', 'NotReady,SchedulingDisabled', 'db,worker', '2m', 'v1.36.0', '<none>', '192.0.2.1', 'L', '<unknown>', '<unknown>'],
    ],
    [
      'events v1',
      {
        type: 'Warning',
        reason: 'Failed',
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
        source: { component: 'kubelet', host: 'n1' },
        message: ' no \n',
        firstTimestamp: ago(600),
        lastTimestamp: ago(5),
        count: 4,
      },
      ['5s', 'Warning', 'Failed', 'pod/p', 'spec', 'kubelet, n1', 'no', '10m', 4, 'x'],
    ],
    [
      'events v1 events.k8s.io',
      { type: 'Normal', reason: 'R', regarding: { kind: 'Node' }, reportingController: 'c', note: 'hi', eventTime: ago(60) },
      ['60s', 'Normal', 'R', 'node', '', 'c', 'hi', '60s', 1, 'x'],
    ],
    [
      'events v1',
      { eventTime: ago(60), series: { count: 7, lastObservedTime: ago(3) }, involvedObject: {} },
      ['3s', '', '', '', '', '', '', '60s', 7, 'x'],
    ],
    ['podtemplates v1', { template }, ['x', 'c,d', 'i:1,j:2', 'a=b']],
    [
      'replicationcontrollers v1',
      { spec: { replicas: 2, selector: { a: 'b' }, template }, status: { replicas: 1 } },
      ['x', 2, 1, 0, '2m', 'c,d', 'i:1,j:2', 'a=b'],
    ],
    ['replicasets v1 apps', { spec: { replicas: 2, selector: {}, template } }, ['x', 2, 0, 0, '2m', 'c,d', 'i:1,j:2', '<none>']],
    [
      'deployments v1 apps',
      { spec: { replicas: 3, selector, template }, status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 } },
      ['x', '1/3', 2, 1, '2m', 'c,d', 'i:1,j:2', 'a=b,k in (1,2),m,z=1'],
    ],
    ['statefulsets v1 apps', { spec: { replicas: 3, template }, status: { readyReplicas: 3 } }, ['x', '3/3', '2m', 'c,d', 'i:1,j:2']],
    [
      'daemonsets v1 apps',
      {
        spec: { selector, template },
        status: { desiredNumberScheduled: 5, currentNumberScheduled: 4, numberReady: 3, updatedNumberScheduled: 2, numberAvailable: 1 },
      },
      ['x', 5, 4, 3, 2, 1, 'disk=ssd', '2m', 'c,d', 'i:1,j:2', 'a=b,k in (1,2),m,z=1'],
    ],
    [
      'controllerrevisions v1 apps',
      {
        metadata: { ...metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'ds', controller: true }] },
        revision: 3,
      },
      ['x', 'daemonset.apps/ds', 3, '2m'],
    ],
    [
      'jobs v1 batch',
      { spec: { completions: 3, template }, status: { succeeded: 1, startTime: ago(90) } },
      ['x', 'Running', '1/3', '90s', '2m', 'c,d', 'i:1,j:2', '<none>'],
    ],
    [
      'jobs v1 batch',
      {
        spec: { parallelism: 2, template },
        status: { startTime: ago(90), completionTime: ago(30), conditions: [{ type: 'Complete', status: 'True' }] },
      },
      ['x', 'Complete', '0/1 of 2', '60s', '2m', 'c,d', 'i:1,j:2', '<none>'],
    ],
    [
      'jobs v1 batch',
      { metadata: { ...metadata, deletionTimestamp: ago(1) }, spec: {}, status: { conditions: [{ type: 'Suspended', status: 'True' }] } },
      ['x', 'Terminating', '0/1', '', '2m', '', '', '<none>'],
    ],
    [
      'jobs v1 batch',
      {
        spec: {},
        status: {
          conditions: [
            { type: 'Failed', status: 'False' },
            { type: 'FailureTarget', status: 'True' },
          ],
        },
      },
      ['x', 'FailureTarget', '0/1', '', '2m', '', '', '<none>'],
    ],
    [
      'cronjobs v1 batch',
      {
        spec: { schedule: '* * * * *', timeZone: 'Etc/UTC', suspend: true, jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: ago(30) },
      },
      ['x', '* * * * *', 'Etc/UTC', 'True', 1, '30s', '2m', 'c,d', 'i:1,j:2', '<none>'],
    ],
    [
      'poddisruptionbudgets v1 policy',
      { spec: { maxUnavailable: '10%' }, status: { disruptionsAllowed: 2 } },
      ['x', 'N/A', '10%', 2, '2m'],
    ],
    [
      'horizontalpodautoscalers v2 autoscaling',
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'd' },
          minReplicas: 1,
          maxReplicas: 9,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } },
            { type: 'Pods', pods: { target: { averageValue: '1k' } } },
            { type: 'External', external: { target: { value: '5' } } },
          ],
        },
        status: { currentReplicas: 2, currentMetrics: [{ type: 'Resource', resource: { current: { averageUtilization: 12 } } }] },
      },
      ['x', 'Deployment/d', 'cpu: 12%/80%, <unknown>/1k + 1 more...', '1', 9, 2, '2m'],
    ],
    [
      'horizontalpodautoscalers v1 autoscaling',
      { spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 9, targetCPUUtilizationPercentage: 70 } },
      ['x', 'Deployment/d', 'cpu: <unknown>/70%', '<unset>', 9, 0, '2m'],
    ],
    [
      'rolebindings v1 rbac.authorization.k8s.io',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
          { kind: 'User', name: 'v' },
        ],
      },
      ['x', 'Role/r', '2m', 'u, v', '', 'n/s'],
    ],
    ['clusterroles v1 rbac.authorization.k8s.io', {}, ['x', metadata.creationTimestamp]],
    [
      'certificatesigningrequests v1 certificates.k8s.io',
      {
        spec: { signerName: 'e/s', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved' }], certificate: 'AA==' },
      },
      ['x', '2m', 'e/s', 'u', '60m', 'Approved,Issued'],
    ],
    [
      'certificatesigningrequests v1 certificates.k8s.io',
      { spec: {}, status: { conditions: [{ type: 'Denied' }, { type: 'Failed' }] } },
      ['x', '2m', '<none>', '', '<none>', 'Denied,Failed'],
    ],
    ['validatingwebhookconfigurations v1 admissionregistration.k8s.io', { webhooks: [{}, {}] }, ['x', 2, '2m']],
    [
      'validatingadmissionpolicies v1 admissionregistration.k8s.io',
      { spec: { validations: [{}], paramKind: { apiVersion: 'e/v1', kind: 'P' } } },
      ['x', 1, 'e/v1/P', '2m'],
    ],
    [
      'validatingadmissionpolicybindings v1 admissionregistration.k8s.io',
      { spec: { policyName: 'p', paramRef: { name: 'q' } } },
      ['x', 'p', '*/q', '2m'],
    ],
    ['leases v1 coordination.k8s.io', { spec: { holderIdentity: 'me' } }, ['x', 'me', '2m']],
    ['runtimeclasses v1 node.k8s.io', { handler: 'runc' }, ['x', 'runc', '2m']],
    [
      'priorityclasses v1 scheduling.k8s.io',
      { value: 1000, globalDefault: true, preemptionPolicy: 'Never' },
      ['x', 1000, true, '2m', 'Never'],
    ],
    ['resourceclaims v1 resource.k8s.io', { status: { allocation: {}, reservedFor: [{}] } }, ['x', 'allocated,reserved', '2m']],
    ['resourceslices v1 resource.k8s.io', { spec: { driver: 'd', pool: { name: 'p' } } }, ['x', '', 'd', 'p', '2m']],
    [
      'flowschemas v1 flowcontrol.apiserver.k8s.io',
      {
        spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 5, distinguisherMethod: { type: 'ByUser' } },
        status: { conditions: [{ type: 'Dangling', status: 'False' }] },
      },
      ['x', 'p', 5, 'ByUser', '2m', 'False'],
    ],
    [
      'prioritylevelconfigurations v1 flowcontrol.apiserver.k8s.io',
      { spec: { type: 'Exempt' } },
      ['x', 'Exempt', '<none>', '<none>', '<none>', '<none>', '2m'],
    ],
    [
      'apiservices v1 apiregistration.k8s.io',
      { spec: { service: { namespace: 'n', name: 's' } }, status: { conditions: [{ type: 'Available', status: 'False', reason: 'R' }] } },
      ['x', 'n/s', 'False (R)', '2m'],
    ],
    [
      'componentstatuses v1',
      { conditions: [{ type: 'Healthy', status: 'False', message: 'm', error: 'e' }] },
      ['x', 'Unhealthy', 'm', 'e'],
    ],
  ])('%s %j', (path, fields, expected) => {
    expect(cells(path, fields)).toEqual(expected);
  });

  it('has as many cells as columns for every resource, whatever the object', () => {
    const wrong: string[] = [];
    for (const definition of catalogue.definitions()) {
      for (const { version, table } of definition.versions) {
        for (const fields of [{}, { spec: {}, status: {}, metadata: {} }, { spec: 1, status: 'x', subsets: {}, template: [] }]) {
          const object = {
            apiVersion: `${definition.group}/${version}`,
            kind: definition.kind,
            metadata,
            ...fields,
          } as unknown as KubeObject;
          if (table.cells(object, NOW).length !== table.columns.length) wrong.push(`${definition.resource} ${version}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('orders flow schemas as requests are matched', () => {
    const schema = (name: string, matchingPrecedence: number): KubeObject =>
      ({ kind: 'FlowSchema', metadata: { name }, spec: { matchingPrecedence } }) as KubeObject;
    const table = catalogue.find('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas')?.version.table;
    const sorted = [schema('b', 10), schema('z', 1), schema('a', 10)].sort(table?.compare);
    expect(sorted.map(({ metadata }) => metadata?.name)).toEqual(['z', 'a', 'b']);
  });

  it('prints scales', () => {
    expect(scaleTable.cells({ kind: 'Scale', metadata, spec: { replicas: 3 }, status: { replicas: 2 } } as KubeObject, NOW)).toEqual([
      'x',
      3,
      2,
      '2m',
    ]);
  });
});
