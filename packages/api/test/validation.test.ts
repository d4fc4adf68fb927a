import { describe, expect, it } from 'vitest';
import { changed, created, decode, definitionOf } from './support/kinds.js';

const v1 = (kind: string, rest: object): object => ({ apiVersion: 'v1', kind, ...rest });
const of = (apiVersion: string, kind: string, rest: object): object => ({ apiVersion, kind, ...rest });
const container = { name: 'c', image: 'i' };
const pod = (spec: object, more: object = {}): object => v1('Pod', { spec: { containers: [{ ...container, ...more }], ...spec } });
const template = (spec: object = {}): object => ({ metadata: { labels: { a: 'b' } }, spec: { containers: [container], ...spec } });
const deployment = (spec: object): object =>
  of('apps/v1', 'Deployment', { spec: { selector: { matchLabels: { a: 'b' } }, template: template(), ...spec } });

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('new objects', () => {
  const cases: [name: string, object: object, causes: string[]][] = [
    ['a plain pod', pod({}), []],
    ['a pod without containers', v1('Pod', { spec: {} }), ['spec.containers Required: Required value']],
    [
      'a container name',
      pod({ containers: [{ name: 'A', image: 'i' }] }),
      [`spec.containers[0].name Invalid: Invalid value: "A": ${LABEL_TEXT}`],
    ],
    [
      'an unknown mount',
      pod({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ['spec.containers[0].volumeMounts[0].name NotFound: Not found: "v"'],
    ],
    [
      'requests above limits',
      pod({}, { resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
      ['spec.containers[0].resources.requests Invalid: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    ['a port without number', pod({}, { ports: [{}] }), ['spec.containers[0].ports[0].containerPort Required: Required value']],
    [
      'a probe without handler',
      pod({}, { livenessProbe: {} }),
      ['spec.containers[0].livenessProbe Required: Required value: must specify a handler type'],
    ],
    [
      'a restart policy',
      pod({ restartPolicy: 'Sometimes' }),
      ['spec.restartPolicy NotSupported: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    ['two volumes of one name', pod({ volumes: [{ name: 'v' }, { name: 'v' }] }), ['spec.volumes[1].name Duplicate: Duplicate value: "v"']],
    [
      'a config key in both maps',
      v1('ConfigMap', { data: { k: 'v' }, binaryData: { k: 'dg==' } }),
      ['data[k] Invalid: Invalid value: "k": duplicate of key present in binaryData'],
    ],
    [
      'a TLS secret without keys',
      v1('Secret', { type: 'kubernetes.io/tls' }),
      ['data[tls.crt] Required: Required value', 'data[tls.key] Required: Required value'],
    ],
    ['a service without ports', v1('Service', { spec: {} }), ['spec.ports Required: Required value']],
    [
      'a deployment without selector',
      of('apps/v1', 'Deployment', { spec: { template: template() } }),
      [
        'spec.selector Required: Required value',
        'spec.template.metadata.labels Invalid: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'a negative number of replicas',
      deployment({ replicas: -1 }),
      ['spec.replicas Invalid: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'a cron job without schedule',
      of('batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } } } }),
      ['spec.schedule Required: Required value'],
    ],
    [
      'a job that restarts always',
      of('batch/v1', 'Job', { spec: { template: { spec: { containers: [container] } } } }),
      ['spec.template.spec.restartPolicy Required: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'both budgets',
      of('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, maxUnavailable: 1 } }),
      [
        'spec Invalid: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'a rule without anything',
      of('rbac.authorization.k8s.io/v1', 'Role', { rules: [{}] }),
      [
        'rules[0].verbs Required: Required value: verbs must contain at least one value',
        'rules[0].apiGroups Required: Required value: resource rules must supply at least one api group',
        'rules[0].resources Required: Required value: resource rules must supply at least one resource',
      ],
    ],
    ['a storage class without provisioner', of('storage.k8s.io/v1', 'StorageClass', {}), ['provisioner Required: Required value']],
    [
      'a system priority',
      of('scheduling.k8s.io/v1', 'PriorityClass', { metadata: { name: 'system-mine' }, value: 1 }),
      [
        "metadata.name Forbidden: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
      ],
    ],
    [
      'a lease of no length',
      of('coordination.k8s.io/v1', 'Lease', { spec: { leaseDurationSeconds: 0 } }),
      ['spec.leaseDurationSeconds Invalid: Invalid value: 0: must be greater than 0'],
    ],
    ['a runtime handler', of('node.k8s.io/v1', 'RuntimeClass', { handler: 'A' }), [`handler Invalid: Invalid value: "A": ${LABEL_TEXT}`]],
    [
      'a quota of pods',
      v1('ResourceQuota', { spec: { hard: { pods: '1500m' } } }),
      ['spec.hard[pods] Invalid: Invalid value: "1500m": must be an integer'],
    ],
    [
      'a namespace with a dot',
      v1('Namespace', { metadata: { name: 'a.b' } }),
      ['metadata.name Invalid: Invalid value: "a.b": must not contain dots'],
    ],
  ];
  it.each(cases)('%s', (_name, object, causes) => {
    expect(created(object)).toEqual(causes);
  });
});

describe('changes', () => {
  const cases: [name: string, before: object, after: object, causes: string[]][] = [
    ['an image of a pod', pod({}), pod({ containers: [{ name: 'c', image: 'other' }] }), []],
    [
      'containers of a pod',
      pod({}),
      pod({ containers: [container, { name: 'd', image: 'i' }] }),
      ['spec.containers Forbidden: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'data of a fixed map',
      v1('ConfigMap', { data: { a: '1' }, immutable: true }),
      v1('ConfigMap', { data: { a: '2' }, immutable: true }),
      ['data Forbidden: Forbidden: field is immutable when `immutable` is set'],
    ],
    [
      'a selector',
      deployment({}),
      deployment({ selector: { matchLabels: { a: 'c' } }, template: { ...template(), metadata: { labels: { a: 'c' } } } }),
      ['spec.selector Invalid: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable'],
    ],
    [
      'a role reference',
      of('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind: 'Role', name: 'a' } }),
      of('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind: 'Role', name: 'b' } }),
      ['roleRef Invalid: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef'],
    ],
    [
      'parameters of a storage class',
      of('storage.k8s.io/v1', 'StorageClass', { provisioner: 'p', parameters: { a: 'b' } }),
      of('storage.k8s.io/v1', 'StorageClass', { provisioner: 'p', parameters: { a: 'c' } }),
      ['parameters Invalid: Invalid value: {"a":"c"}: field is immutable'],
    ],
    [
      'the value of a priority',
      of('scheduling.k8s.io/v1', 'PriorityClass', { value: 1 }),
      of('scheduling.k8s.io/v1', 'PriorityClass', { value: 2 }),
      ['value Forbidden: Forbidden: may not be changed in an update.'],
    ],
  ];
  it.each(cases)('%s', (_name, before, after, causes) => {
    expect(changed(before, after)).toEqual(causes);
  });

  it('shows metadata that never changes once for all kinds and once for the kind', () => {
    const causes = changed(v1('ConfigMap', {}), v1('ConfigMap', { metadata: { uid: 'other' } }));
    expect(causes).toEqual(Array(2).fill('metadata.uid Invalid: Invalid value: "other": field is immutable'));
  });
});

describe('defaults', () => {
  it('turn limits of a pod into requests, and leave those of templates alone', () => {
    const resources = { limits: { cpu: '0.5' } };
    const own = decode(pod({}, { resources }))['spec'] as { containers: unknown[]; enableServiceLinks?: boolean };
    expect(own.containers[0]).toMatchObject({ resources: { limits: { cpu: '500m' }, requests: { cpu: '500m' } } });
    expect(own.enableServiceLinks).toBe(true);
    const spec = (
      decode(deployment({ template: template({ containers: [{ ...container, resources }] }) }))['spec'] as {
        template: { spec: typeof own };
      }
    ).template.spec;
    expect(spec.containers[0]).toMatchObject({ resources: { limits: { cpu: '500m' } } });
    expect(spec.enableServiceLinks).toBeUndefined();
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1', 'IfNotPresent'],
    ['host:5000/nginx', 'Always'],
    [`nginx@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
    ['', 'IfNotPresent'],
    ['Not Valid', 'IfNotPresent'],
  ])('the pull policy of "%s" is %s', (image, imagePullPolicy) => {
    expect((decode(pod({ containers: [{ name: 'c', image }] }))['spec'] as { containers: unknown[] }).containers[0]).toMatchObject({
      imagePullPolicy,
    });
  });

  it('leave out what Go leaves out and keep what it keeps', () => {
    const spec = decode(pod({ nodeName: '', volumes: [], tolerations: [], hostNetwork: false, automountServiceAccountToken: false }))[
      'spec'
    ];
    expect(Object.keys(spec as object).sort()).toEqual([
      'automountServiceAccountToken',
      'containers',
      'dnsPolicy',
      'enableServiceLinks',
      'restartPolicy',
      'schedulerName',
      'securityContext',
      'terminationGracePeriodSeconds',
    ]);
  });
});

describe('warnings', () => {
  const warnings = (object: object): string[] => {
    const decoded = decode(object);
    return definitionOf(decoded).strategy.warnings?.(decoded, null) ?? [];
  };
  it('tell of what will not do what it seems to', () => {
    expect(
      warnings(
        pod(
          { imagePullSecrets: [{ name: '' }] },
          {
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
            ports: [{ containerPort: 1 }, { containerPort: 1 }],
          },
        ),
      ),
    ).toEqual([
      'spec.imagePullSecrets[0].name: invalid empty name ""',
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
    ]);
    expect(warnings(pod({}))).toEqual([]);
  });
});

describe('malformed objects', () => {
  it('never make a rule throw', () => {
    for (const kind of [
      'Pod',
      'Service',
      'ConfigMap',
      'Secret',
      'Node',
      'Namespace',
      'PersistentVolume',
      'PersistentVolumeClaim',
      'ResourceQuota',
      'LimitRange',
      'ReplicationController',
      'PodTemplate',
      'Endpoints',
    ]) {
      expect(() => created(v1(kind, {}))).not.toThrow();
      expect(() => changed(v1(kind, {}), v1(kind, {}))).not.toThrow();
    }
    for (const kind of ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ControllerRevision']) {
      expect(() => created(of('apps/v1', kind, {}))).not.toThrow();
      expect(() => changed(of('apps/v1', kind, {}), of('apps/v1', kind, {}))).not.toThrow();
    }
  });
});

describe('resizes of pods', () => {
  const sized = (cpu: string, memory: string, more: object = {}): object =>
    pod({}, { resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu, memory } }, ...more });

  it('raise and lower CPU and memory', () => {
    expect(changed(sized('1', '1Gi'), sized('500m', '512Mi'), 'resize')).toEqual([]);
    expect(changed(sized('1', '1Gi'), sized('2', '2Gi'), 'resize')).toEqual([]);
  });

  it('change nothing else', () => {
    const only = 'spec Forbidden: Forbidden: only cpu and memory resources are mutable';
    expect(changed(sized('1', '1Gi'), sized('1', '1Gi', { image: 'j' }), 'resize')).toEqual([only]);
    expect(changed(sized('1', '1Gi'), pod({}, { resources: { requests: { cpu: '100m', memory: '64Mi' } } }), 'resize')).toEqual([
      'spec.containers[0].resources.limits Forbidden: Forbidden: resource limits cannot be removed',
    ]);
    expect(changed(sized('1', '1Gi'), sized('100m', '64Mi'), 'resize')).toEqual([
      'spec Invalid: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ]);
  });
});
