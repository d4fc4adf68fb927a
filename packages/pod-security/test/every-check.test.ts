/** Every check, at every version, in every list of containers, both ways. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHECKS, evaluatePod, type Pod, type Version } from '../src/index.js';

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
const VERSIONS: readonly Version[] = [...Array.from({ length: 40 }, (_, minor): Version => `v1.${minor}`), 'v1.99', 'latest'];
const minorOf = (version: Version): number => (version === 'latest' ? 1000 : Number(version.slice(3)));

type Fields = Record<string, unknown>;

const GOOD: Fields = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

interface Case {
  name: string;
  /** The container that may be bad. */
  container?: Fields;
  /** More of its security context. */
  context?: Fields;
  spec?: Fields;
  annotations?: Record<string, string>;
}

interface CheckCases {
  check: string;
  level: 'baseline' | 'restricted';
  reason: string;
  /** Also at the stricter level: from a minor up to another one, where a restricted check takes over. */
  overriddenFrom?: number;
  /** `detail`; fails from `from` (0) up to `until` (never). */
  fails: (Case & { detail: string; from?: number; until?: number })[];
  passes: Case[];
}

function podOf({ container = {}, context = {}, spec = {}, annotations = {} }: Case, list: (typeof LISTS)[number]): Pod {
  const subject = { name: 'x', securityContext: { ...GOOD, ...context }, ...container };
  const others = Object.fromEntries(LISTS.map((other) => [other, [{ name: `good-${other}`, securityContext: GOOD }]]));
  return {
    metadata: { name: 'p', annotations },
    spec: { ...others, [list]: [...(others[list] ?? []), subject], ...spec },
  } as Pod;
}

const CASES: CheckCases[] = [
  {
    check: 'allowPrivilegeEscalation',
    level: 'restricted',
    reason: 'allowPrivilegeEscalation != false',
    fails: [
      {
        name: 'true',
        context: { allowPrivilegeEscalation: true },
        detail: 'container "x" must set securityContext.allowPrivilegeEscalation=false',
        from: 8,
      },
      {
        name: 'null',
        context: { allowPrivilegeEscalation: null },
        detail: 'container "x" must set securityContext.allowPrivilegeEscalation=false',
        from: 8,
      },
      {
        name: 'windows before 1.25',
        context: { allowPrivilegeEscalation: true },
        spec: { os: { name: 'windows' } },
        detail: 'container "x" must set securityContext.allowPrivilegeEscalation=false',
        from: 8,
        until: 25,
      },
    ],
    passes: [{ name: 'false' }],
  },
  {
    check: 'appArmorProfile',
    level: 'baseline',
    reason: 'forbidden AppArmor profile',
    fails: [
      {
        name: 'Unconfined',
        context: { appArmorProfile: { type: 'Unconfined' } },
        detail: 'container "x" must not set AppArmor profile type to "Unconfined"',
      },
      { name: 'no type', context: { appArmorProfile: {} }, detail: 'container "x" must not set AppArmor profile type to ""' },
      {
        name: 'annotation of no container',
        annotations: { 'container.apparmor.security.beta.kubernetes.io/': 'a"\u0007b' },
        detail: 'annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/="a\\"\\ab""',
      },
    ],
    passes: [
      { name: 'Localhost', context: { appArmorProfile: { type: 'Localhost', localhostProfile: 'a' } } },
      { name: 'null', context: { appArmorProfile: null } },
      {
        name: 'annotations',
        annotations: {
          'container.apparmor.security.beta.kubernetes.io/a': '',
          'container.apparmor.security.beta.kubernetes.io/b': 'runtime/default',
          'container.apparmor.security.beta.kubernetes.io/c': 'localhost/',
        },
      },
    ],
  },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    reason: 'non-default capabilities',
    overriddenFrom: 22,
    fails: [
      {
        name: 'two',
        context: { capabilities: { drop: ['ALL'], add: ['SYS_TIME', 'CAP_CHOWN', 'chown', 'CHOWN', 'SYS_TIME'] } },
        detail: 'container "x" must not include "CAP_CHOWN", "SYS_TIME", "chown" in securityContext.capabilities.add',
      },
      {
        name: 'null',
        context: { capabilities: { drop: ['ALL'], add: [null] } },
        detail: 'container "x" must not include "" in securityContext.capabilities.add',
      },
    ],
    passes: [{ name: 'default ones', context: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
  },
  {
    check: 'capabilities_restricted',
    level: 'restricted',
    reason: 'unrestricted capabilities',
    fails: [
      {
        name: 'no drop',
        context: { capabilities: {} },
        detail: 'container "x" must set securityContext.capabilities.drop=["ALL"]',
        from: 22,
      },
      {
        name: 'another drop',
        context: { capabilities: { drop: ['all', 'NET_RAW'] } },
        detail: 'container "x" must set securityContext.capabilities.drop=["ALL"]',
        from: 22,
      },
      {
        name: 'an addition that baseline allows',
        context: { capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } },
        detail: 'container "x" must not include "CHOWN" in securityContext.capabilities.add',
        from: 22,
      },
      {
        name: 'both, windows before 1.25',
        spec: { os: { name: 'windows' } },
        context: { capabilities: { add: ['CHOWN'] } },
        detail:
          'container "x" must set securityContext.capabilities.drop=["ALL"]; container "x" must not include "CHOWN" in securityContext.capabilities.add',
        from: 22,
        until: 25,
      },
    ],
    passes: [{ name: 'bind', context: { capabilities: { drop: ['NET_RAW', 'ALL'], add: ['NET_BIND_SERVICE'] } } }],
  },
  {
    check: 'hostNamespaces',
    level: 'baseline',
    reason: 'host namespaces',
    fails: [
      { name: 'all', spec: { hostIPC: true, hostPID: true, hostNetwork: true }, detail: 'hostNetwork=true, hostPID=true, hostIPC=true' },
      { name: 'one', spec: { hostPID: true }, detail: 'hostPID=true' },
    ],
    passes: [{ name: 'false and null', spec: { hostIPC: false, hostPID: null } }],
  },
  {
    check: 'hostPathVolumes',
    level: 'baseline',
    reason: 'hostPath volumes',
    overriddenFrom: 0,
    fails: [
      {
        name: 'two',
        spec: { volumes: [{ name: 'b', hostPath: {} }, { name: 'ok', emptyDir: {} }, { hostPath: {} }] },
        detail: 'volumes "b", ""',
      },
    ],
    passes: [{ name: 'null', spec: { volumes: [{ name: 'a', hostPath: null, emptyDir: {} }] } }],
  },
  {
    check: 'hostPorts',
    level: 'baseline',
    reason: 'hostPort',
    fails: [
      {
        name: 'two',
        container: { ports: [{ hostPort: 9 }, { hostPort: 10 }, { hostPort: 9 }] },
        detail: 'container "x" uses hostPorts 10, 9',
      },
      { name: 'negative', container: { ports: [{ hostPort: -1 }] }, detail: 'container "x" uses hostPort -1' },
    ],
    passes: [{ name: 'zero and null', container: { ports: [{ hostPort: 0 }, { hostPort: null }, null, {}] } }],
  },
  {
    check: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    reason: 'probe or lifecycle host',
    fails: [
      {
        name: 'all places',
        container: {
          livenessProbe: { httpGet: { host: 'e' } },
          readinessProbe: { tcpSocket: { host: 'd' } },
          startupProbe: { httpGet: { host: 'c' }, tcpSocket: { host: 'c' } },
          lifecycle: { postStart: { tcpSocket: { host: 'b' } }, preStop: { httpGet: { host: 'a' } } },
        },
        detail: 'container "x" uses probe or lifecycle hosts "a", "b", "c", "d", "e"',
        from: 34,
      },
      {
        name: 'itself',
        container: { livenessProbe: { httpGet: { host: '127.0.0.1' } } },
        detail: 'container "x" uses probe or lifecycle host "127.0.0.1"',
        from: 34,
      },
    ],
    passes: [
      {
        name: 'no hosts',
        container: {
          livenessProbe: { httpGet: { host: '' }, tcpSocket: null },
          readinessProbe: { grpc: { port: 1, host: 'ignored' } },
          startupProbe: { exec: { command: ['a'] } },
          lifecycle: { preStop: { sleep: { seconds: 1 } }, postStart: null },
        },
      },
    ],
  },
  {
    check: 'privileged',
    level: 'baseline',
    reason: 'privileged',
    fails: [{ name: 'true', context: { privileged: true }, detail: 'container "x" must not set securityContext.privileged=true' }],
    passes: [{ name: 'false', context: { privileged: false } }],
  },
  {
    check: 'procMount',
    level: 'baseline',
    reason: 'procMount',
    overriddenFrom: 35,
    fails: [
      {
        name: 'Unmasked',
        context: { procMount: 'Unmasked' },
        detail: 'container "x" must not set securityContext.procMount to "Unmasked"',
      },
      { name: 'empty', context: { procMount: '' }, detail: 'container "x" must not set securityContext.procMount to ""' },
      {
        name: 'in a user namespace',
        spec: { hostUsers: false },
        context: { procMount: 'Unmasked' },
        detail: 'container "x" must not set securityContext.procMount to "Unmasked"',
        until: 35,
      },
    ],
    passes: [{ name: 'Default', context: { procMount: 'Default' } }],
  },
  {
    check: 'procMount_restricted',
    level: 'restricted',
    reason: 'procMount',
    fails: [
      {
        name: 'in a user namespace',
        spec: { hostUsers: false },
        context: { procMount: 'Unmasked' },
        detail: 'container "x" must not set securityContext.procMount to "Unmasked"',
        from: 35,
      },
    ],
    passes: [{ name: 'Default', context: { procMount: 'Default' } }],
  },
  {
    check: 'restrictedVolumes',
    level: 'restricted',
    reason: 'restricted volume types',
    fails: [
      {
        name: 'several',
        spec: {
          volumes: [
            { name: 'z', nfs: {} },
            { name: 'a', hostPath: {} },
            { name: 'c', configMap: {} },
            { name: 'u', novel: {} },
            { name: 'two', nfs: {}, hostPath: {} },
          ],
        },
        detail: 'volumes "z", "a", "u", "two" use restricted volume types "hostPath", "nfs", "unknown"',
      },
      { name: 'no source', spec: { volumes: [{ name: 'a' }] }, detail: 'volume "a" uses restricted volume type "unknown"' },
      ...[
        'gcePersistentDisk',
        'awsElasticBlockStore',
        'gitRepo',
        'iscsi',
        'glusterfs',
        'rbd',
        'flexVolume',
        'cinder',
        'cephfs',
        'flocker',
        'fc',
        'azureFile',
        'vsphereVolume',
        'quobyte',
        'azureDisk',
        'photonPersistentDisk',
        'portworxVolume',
        'scaleIO',
        'storageos',
      ].map((source) => ({
        name: source,
        spec: { volumes: [{ name: 'a', [source]: {} }] },
        detail: `volume "a" uses restricted volume type "${source}"`,
      })),
    ],
    passes: ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'].map(
      (source) => ({
        name: source,
        spec: { volumes: [{ name: 'a', [source]: {} }] },
      }),
    ),
  },
  {
    check: 'runAsNonRoot',
    level: 'restricted',
    reason: 'runAsNonRoot != true',
    fails: [
      { name: 'absent', context: { runAsNonRoot: null }, detail: 'pod or container "x" must set securityContext.runAsNonRoot=true' },
      { name: 'false', context: { runAsNonRoot: false }, detail: 'container "x" must not set securityContext.runAsNonRoot=false' },
      {
        name: "the pod's false",
        spec: { securityContext: { runAsNonRoot: false } },
        context: { runAsNonRoot: false },
        detail: 'pod and container "x" must not set securityContext.runAsNonRoot=false',
      },
      {
        name: 'in a user namespace',
        spec: { hostUsers: false },
        context: { runAsNonRoot: false },
        detail: 'container "x" must not set securityContext.runAsNonRoot=false',
        until: 35,
      },
    ],
    passes: [{ name: "the pod's true", spec: { securityContext: { runAsNonRoot: true } }, context: { runAsNonRoot: null } }],
  },
  {
    check: 'runAsUser',
    level: 'restricted',
    reason: 'runAsUser=0',
    fails: [
      {
        name: 'both',
        spec: { securityContext: { runAsUser: 0 } },
        context: { runAsUser: 0 },
        detail: 'pod and container "x" must not set runAsUser=0',
        from: 23,
      },
      {
        name: 'in a user namespace',
        spec: { hostUsers: false },
        context: { runAsUser: 0 },
        detail: 'container "x" must not set runAsUser=0',
        from: 23,
        until: 35,
      },
    ],
    passes: [{ name: 'others', context: { runAsUser: -1 }, spec: { securityContext: { runAsUser: 1000 } } }],
  },
  {
    check: 'seLinuxOptions',
    level: 'baseline',
    reason: 'seLinuxOptions',
    fails: [
      {
        name: 'everything',
        spec: { securityContext: { seLinuxOptions: { type: 'b_t', role: 'r' } } },
        context: { seLinuxOptions: { type: 'a_t', user: 'u' } },
        detail:
          'pod and container "x" set forbidden securityContext.seLinuxOptions: types "a_t", "b_t"; user may not be set; role may not be set',
      },
      {
        name: 'container_engine_t',
        context: { seLinuxOptions: { type: 'container_engine_t' } },
        detail: 'container "x" set forbidden securityContext.seLinuxOptions: type "container_engine_t"',
        until: 31,
      },
    ],
    passes: [{ name: 'types of containers', context: { seLinuxOptions: { type: 'container_init_t', level: 's0', user: '', role: null } } }],
  },
  {
    check: 'seccompProfile_baseline',
    level: 'baseline',
    reason: 'seccompProfile',
    overriddenFrom: 19,
    fails: [
      {
        name: 'field',
        context: { seccompProfile: { type: 'Unconfined' } },
        detail: 'container "x" must not set securityContext.seccompProfile.type to "Unconfined"',
        from: 19,
      },
      {
        name: 'annotations',
        annotations: {
          'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
          'container.seccomp.security.alpha.kubernetes.io/x': '',
          'container.seccomp.security.alpha.kubernetes.io/nobody': 'unconfined',
        },
        detail:
          'forbidden annotations container.seccomp.security.alpha.kubernetes.io/x="", seccomp.security.alpha.kubernetes.io/pod="unconfined"',
        until: 19,
      },
    ],
    passes: [
      {
        name: 'annotations',
        annotations: {
          'seccomp.security.alpha.kubernetes.io/pod': 'docker/default',
          'container.seccomp.security.alpha.kubernetes.io/x': 'localhost/a',
        },
      },
    ],
  },
  {
    check: 'seccompProfile_restricted',
    level: 'restricted',
    reason: 'seccompProfile',
    fails: [
      {
        name: 'Unconfined',
        context: { seccompProfile: { type: 'Unconfined' } },
        detail: 'container "x" must not set securityContext.seccompProfile.type to "Unconfined"',
        from: 19,
      },
      {
        name: 'absent, windows before 1.25',
        spec: { os: { name: 'windows' } },
        context: { seccompProfile: null },
        detail: 'pod or container "x" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
        from: 19,
        until: 25,
      },
    ],
    passes: [
      { name: "the pod's", spec: { securityContext: { seccompProfile: { type: 'Localhost' } } }, context: { seccompProfile: null } },
    ],
  },
  {
    check: 'sysctls',
    level: 'baseline',
    reason: 'forbidden sysctls',
    fails: [
      { name: 'unknown', spec: { securityContext: { sysctls: [{ name: 'b' }, { name: 'a' }, { name: 'b' }, {}] } }, detail: 'b, a, b, ' },
      ...(
        [
          ['net.ipv4.ip_local_reserved_ports', 27],
          ['net.ipv4.tcp_keepalive_time', 29],
          ['net.ipv4.tcp_fin_timeout', 29],
          ['net.ipv4.tcp_keepalive_intvl', 29],
          ['net.ipv4.tcp_keepalive_probes', 29],
          ['net.ipv4.tcp_rmem', 32],
          ['net.ipv4.tcp_wmem', 32],
        ] as const
      ).map(([name, until]) => ({ name, spec: { securityContext: { sysctls: [{ name }] } }, detail: name, until })),
    ],
    passes: [
      {
        name: 'the oldest',
        spec: {
          securityContext: {
            sysctls: [
              'kernel.shm_rmid_forced',
              'net.ipv4.ip_local_port_range',
              'net.ipv4.tcp_syncookies',
              'net.ipv4.ping_group_range',
              'net.ipv4.ip_unprivileged_port_start',
            ].map((name) => ({ name })),
          },
        },
      },
    ],
  },
  {
    check: 'windowsHostProcess',
    level: 'baseline',
    reason: 'hostProcess',
    fails: [
      {
        name: 'both',
        spec: { securityContext: { windowsOptions: { hostProcess: true } } },
        context: { windowsOptions: { hostProcess: true } },
        detail: 'pod and container "x" must not set securityContext.windowsOptions.hostProcess=true',
      },
    ],
    passes: [{ name: 'false', context: { windowsOptions: { hostProcess: false } } }],
  },
];

const found = (pod: Pod, level: 'baseline' | 'restricted', version: Version, check: string): string | null => {
  const violation = evaluatePod(pod, { level, version }).violations.find((one) => one.check === check);
  return violation === undefined ? null : `${violation.reason} (${violation.detail})`;
};

describe.each(CASES)('$check', ({ check, level, reason, overriddenFrom = Number.POSITIVE_INFINITY, fails, passes }) => {
  it.each(fails)('fails: $name', (one) => {
    const { detail, from = 0, until = Number.POSITIVE_INFINITY } = one;
    const text = `${reason} (${detail})`;
    const rows = LISTS.flatMap((list) => {
      const pod = podOf(one, list);
      return VERSIONS.map((version) => {
        const minor = minorOf(version);
        const own = minor >= from && minor < until ? text : null;
        return {
          got: [list, version, found(pod, 'baseline', version, check), found(pod, 'restricted', version, check)],
          // A restricted check is unknown to baseline; a baseline check holds at restricted until it is replaced.
          wanted: [list, version, level === 'baseline' ? own : null, level === 'restricted' || minor < overriddenFrom ? own : null],
        };
      });
    });
    expect(rows.map(({ got }) => got)).toEqual(rows.map(({ wanted }) => wanted));
  });

  it.each(passes)('passes: $name', (one) => {
    const denied = LISTS.flatMap((list) => {
      const pod = podOf(one, list);
      return VERSIONS.map((version) => `${list} ${version} ${evaluatePod(pod, { level: 'restricted', version }).detail}`);
    });
    expect(denied).toEqual(LISTS.flatMap((list) => VERSIONS.map((version) => `${list} ${version} `)));
  });
});

describe('the registry', () => {
  it('has pass and fail cases for every check', () => {
    expect(CASES.map(({ check, level }) => `${level} ${check}`).sort()).toEqual(
      DEFAULT_CHECKS.map(({ id, level }) => `${level} ${id}`).sort(),
    );
    for (const { fails, passes } of CASES) expect(fails.length * passes.length).toBeGreaterThan(0);
  });
});
