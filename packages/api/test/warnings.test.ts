import { describe, expect, it } from 'vitest';
import { decode, definitionOf } from './support/kinds.js';

const of = (apiVersion: string, kind: string, rest: object): object => ({ apiVersion, kind, ...rest });
const container = { name: 'c', image: 'i' };
const pod = (spec: object, more: object = {}): object => of('v1', 'Pod', { spec: { containers: [{ ...container, ...more }], ...spec } });
const labels = { a: 'b' };
const template = (spec: object): object => ({ metadata: { labels }, spec: { containers: [container], ...spec } });
const owner = (kind: string, spec: object): object =>
  of('apps/v1', kind, { spec: { selector: { matchLabels: labels }, template: template({}), ...spec } });
const items = (...paths: string[]): { key: string; path: string }[] => paths.map((path) => ({ key: 'k', path }));
const term = { matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'In', values: ['a b'] }] };
const OS = 'deprecated since v1.14; use "kubernetes.io/os" instead';
const FRACTION = 'fractional byte value "1500m" is invalid, must be an integer';
const LABEL =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function warned(input: object): string[] {
  const object = decode(input);
  const { strategy } = definitionOf(object);
  strategy.prepareForCreate?.(object);
  return strategy.warnings?.(object, null) ?? [];
}

describe('warnings about new objects', () => {
  const cases: [name: string, object: object, texts: string[]][] = [
    [
      'files of one volume that hide each other',
      pod({
        volumes: [
          { name: 'v', configMap: { name: 'm', items: items('a', 'a/b', 'ab') } },
          { name: 'w', secret: { secretName: 's', items: items('x/y', 'x') } },
        ],
      }),
      ['volume "v" (ConfigMap "m"): overlapping paths: "a/b" with "a"', 'volume "w" (Secret "s"): overlapping paths: "x" with "x/y"'],
    ],
    [
      'files of several sources that hide each other',
      pod({
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'm', items: items('token/x') } }, {}],
            },
          },
        ],
      }),
      ['volume "v" (Projected ConfigMap "m"): overlapping paths: "token/x" with "token"', 'volume "v" (Projected) has no sources provided'],
    ],
    [
      'values that no label of a preferred node has',
      pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term }] } } }),
      [
        `spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/os is ${OS}`,
        `spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: a b is invalid, ${LABEL}`,
      ],
    ],
    [
      'ports of the same name in two containers',
      pod({
        containers: [
          { ...container, ports: [{ name: 'web', containerPort: 80 }] },
          { name: 'd', image: 'i', ports: [{ name: 'web', containerPort: 81 }] },
        ],
      }),
      [
        'spec.containers[1].ports[0]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
      ],
    ],
    [
      'volumes of old',
      pod({ volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] }),
      ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
    ],
    [
      'fractions of bytes in ephemeral volumes',
      pod({ volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1.5' } } } } } }] }),
      [`spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: ${FRACTION}`],
    ],
    [
      'addresses that are not canonical',
      pod({ dnsConfig: { nameservers: ['FD00::1'] }, hostAliases: [{ ip: 'fd00:0::2' }] }),
      [
        'spec.dnsConfig.nameservers[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
        'spec.hostAliases[0].ip: IPv6 address "fd00:0::2" should be in RFC 5952 canonical format ("fd00::2")',
      ],
    ],
    [
      'a time that no pod has left, in a template',
      owner('Deployment', { template: template({ terminationGracePeriodSeconds: -1 }) }),
      ['spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
    ],
    [
      'claim templates and revisions of stateful sets',
      owner('StatefulSet', { revisionHistoryLimit: -1, volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '1.5' } } } }] }),
      [
        `spec.volumeClaimTemplates[0].resources.requests[storage]: ${FRACTION}`,
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      ],
    ],
    [
      'very large indexed jobs',
      of('batch/v1', 'Job', { spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template: template({}) } }),
      [
        'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
      ],
    ],
    [
      'claims',
      of('v1', 'PersistentVolumeClaim', {
        metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
        spec: { resources: { limits: { storage: '1.5' } } },
      }),
      [
        'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
        `spec.resources.limits[storage]: ${FRACTION}`,
      ],
    ],
    [
      'volumes',
      of('v1', 'PersistentVolume', {
        spec: { persistentVolumeReclaimPolicy: 'Recycle', nodeAffinity: { required: { nodeSelectorTerms: [term] } } },
      }),
      [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is ${OS}`,
      ],
    ],
    [
      'storage classes',
      of('storage.k8s.io/v1', 'StorageClass', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/os' }] }] }),
      [`allowedTopologies[0].matchLabelExpressions[0].key: ${OS}`],
    ],
    [
      'capacities',
      of('storage.k8s.io/v1', 'CSIStorageCapacity', { nodeTopology: { matchLabels: { 'beta.kubernetes.io/os': 'x' } } }),
      [`nodeTopology.matchLabels.beta.kubernetes.io/os: ${OS}`],
    ],
    [
      'runtime classes',
      of('node.k8s.io/v1', 'RuntimeClass', { handler: 'h', scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'x' } } }),
      [`scheduling.nodeSelector: ${OS}`],
    ],
    [
      'nodes',
      of('v1', 'Node', { spec: { externalID: 'x', configSource: {}, podCIDRs: ['FD00::/64'] } }),
      [
        'spec.configSource: the feature is removed',
        'spec.externalID: this field is deprecated, and is unused by Kubernetes',
        'spec.podCIDRs[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
      ],
    ],
    [
      'network policies',
      of('networking.k8s.io/v1', 'NetworkPolicy', {
        spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'FD00::/8', except: ['fd00:0::/16'] } }] }] },
      }),
      [
        'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
        'spec.ingress[0].from[0].ipBlock.except[0]: IPv6 CIDR value "fd00:0::/16" should be in RFC 5952 canonical format ("fd00::/16")',
      ],
    ],
    [
      'slices of names',
      of('discovery.k8s.io/v1', 'EndpointSlice', { addressType: 'FQDN', endpoints: [{ addresses: ['a.b'] }] }),
      ['spec.addressType: FQDN endpoints are deprecated'],
    ],
    [
      'endpoints',
      of('v1', 'Endpoints', { subsets: [{ addresses: [{ ip: '010.0.0.1' }], notReadyAddresses: [{ ip: '::ffff:1.2.3.4' }] }] }),
      [
        'subsets[0].addresses[0].ip: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
        'subsets[0].notReadyAddresses[0].ip: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
      ],
    ],
    [
      'what the cluster writes itself',
      of('v1', 'Endpoints', {
        metadata: { labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
        subsets: [{ addresses: [{ ip: '010.0.0.1' }] }],
      }),
      [],
    ],
    [
      'source ranges of a load balancer',
      of('v1', 'Service', {
        spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1/8', '010.0.0.0/8'], ports: [{ port: 80 }] },
      }),
      [
        'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
        'spec.loadBalancerSourceRanges[1]: non-standard CIDR value "010.0.0.0/8" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"',
      ],
    ],
  ];
  it.each(cases)('%s', (_name, object, texts) => {
    expect(warned(object)).toEqual(texts);
  });
});

describe('warnings about changes', () => {
  const selector = { nodeSelector: { 'beta.kubernetes.io/os': 'x' } };

  it('are not given about pods', () => {
    const object = decode(pod(selector));
    const { strategy } = definitionOf(object);
    expect(strategy.warnings?.(object, null)).toEqual([`spec.nodeSelector[beta.kubernetes.io/os]: ${OS}`]);
    expect(strategy.warnings?.(object, decode(pod({})))).toEqual([]);
  });

  it('are given about templates of a new generation', () => {
    const old = decode(owner('DaemonSet', { template: template(selector) }));
    const { strategy } = definitionOf(old);
    strategy.prepareForCreate?.(old);
    const again = (spec: object): string[] => {
      const object = decode(owner('DaemonSet', { template: template(selector), ...spec }));
      strategy.prepareForUpdate?.(object, old, '');
      return strategy.warnings?.(object, old) ?? [];
    };
    expect(again({})).toEqual([]);
    expect(again({ minReadySeconds: 3 })).toEqual([`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${OS}`]);
  });
});
