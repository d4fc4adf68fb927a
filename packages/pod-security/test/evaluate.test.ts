import { describe, expect, it } from 'vitest';
import { createEvaluator, DEFAULT_CHECKS, evaluatePod, evaluateWorkload, type Level, type Pod, type Version } from '../src/index.js';

/** A pod that passes everything, with changes. */
function pod(spec: object = {}, container: object = {}, annotations: Record<string, string> = {}): Pod {
  return {
    metadata: { name: 'p', annotations },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'c',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          ...container,
        },
      ],
      ...spec,
    },
  } as Pod;
}

const secured = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

function detail(target: Pod, level: Level, version: Version = 'latest'): string {
  return evaluatePod(target, { level, version }).detail;
}

describe('a pod that follows every rule', () => {
  it.each(['v1.0', 'v1.18', 'v1.22', 'v1.25', 'v1.34', 'v1.35', 'v1.99', 'latest'] as Version[])('passes at %s', (version) => {
    expect(evaluatePod(pod(), { level: 'restricted', version })).toEqual({ allowed: true, reason: '', detail: '', violations: [] });
  });
});

describe('privileged', () => {
  it('allows everything', () => {
    expect(evaluatePod(pod({ hostNetwork: true, hostPID: true }), { level: 'privileged', version: 'latest' }).allowed).toBe(true);
  });
});

describe('the texts of baseline', () => {
  it.each<[string, Pod, Version, string]>([
    [
      'appArmorProfile',
      pod({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
      'latest',
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'appArmorProfile by annotation',
      pod({}, {}, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' }),
      'latest',
      'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
    ],
    [
      'capabilities_baseline',
      pod({}, { securityContext: { capabilities: { add: ['SYS_ADMIN', 'NET_RAW', 'CHOWN'] } } }),
      'latest',
      'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    ['hostNamespaces', pod({ hostIPC: true, hostNetwork: true }), 'latest', 'host namespaces (hostNetwork=true, hostIPC=true)'],
    [
      'hostPathVolumes',
      pod({
        volumes: [
          { name: 'a', hostPath: {} },
          { name: 'b', hostPath: {} },
        ],
      }),
      'latest',
      'hostPath volumes (volumes "a", "b")',
    ],
    [
      'hostPorts',
      pod({}, { ports: [{ hostPort: 9 }, { hostPort: 10 }, { hostPort: 9 }] }),
      'latest',
      'hostPort (container "c" uses hostPorts 10, 9)',
    ],
    [
      'hostProbes',
      pod({}, { livenessProbe: { httpGet: { host: '127.0.0.1' } } }),
      'latest',
      'probe or lifecycle host (container "c" uses probe or lifecycle host "127.0.0.1")',
    ],
    ['hostProbes before 1.34', pod({}, { livenessProbe: { httpGet: { host: '127.0.0.1' } } }), 'v1.33', ''],
    [
      'privileged',
      pod({}, { securityContext: { privileged: true } }),
      'latest',
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'procMount',
      pod({}, { securityContext: { procMount: 'Unmasked' } }),
      'latest',
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    ['procMount relaxed', pod({ hostUsers: false }, { securityContext: { procMount: 'Unmasked' } }), 'v1.35', ''],
    [
      'procMount not yet relaxed',
      pod({ hostUsers: false }, { securityContext: { procMount: 'Unmasked' } }),
      'v1.34',
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seLinuxOptions',
      pod({ securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } }, { securityContext: { seLinuxOptions: { role: 'r' } } }),
      'latest',
      'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
    ],
    [
      'seLinuxOptions engine before 1.31',
      pod({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }),
      'v1.30',
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
    ],
    ['seLinuxOptions engine', pod({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }), 'v1.31', ''],
    [
      'seccompProfile',
      pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'latest',
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'seccompProfile by annotation',
      pod({}, {}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }),
      'v1.18',
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    ],
    [
      'sysctls',
      pod({
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_rmem', value: '1' },
          ],
        },
      }),
      'v1.31',
      'forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)',
    ],
    ['sysctls later', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }), 'v1.32', ''],
    [
      'windowsHostProcess',
      pod({ securityContext: { windowsOptions: { hostProcess: true } } }),
      'latest',
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
  ])('%s', (_name, target, version, expected) => {
    expect(detail(target, 'baseline', version)).toBe(expected);
  });
});

describe('the texts of restricted', () => {
  it.each<[string, Pod, Version, string]>([
    [
      'a plain pod',
      { metadata: { name: 'p' }, spec: { containers: [{ name: 'p', image: 'i' }] } },
      'latest',
      'allowPrivilegeEscalation != false (container "p" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "p" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "p" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "p" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [
      'capabilities',
      pod({}, { securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['NET_ADMIN', 'NET_BIND_SERVICE'] } } }),
      'latest',
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'capabilities before 1.22',
      pod({}, { securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['NET_ADMIN'] } } }),
      'v1.21',
      'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    ['allowPrivilegeEscalation before 1.8', pod({}, { securityContext: { capabilities: { drop: ['ALL'] } } }), 'v1.7', ''],
    ['windows', pod({ os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, { securityContext: {} }), 'v1.25', ''],
    [
      'volumes',
      pod({ volumes: [{ name: 'a', nfs: {} }, { name: 'b', hostPath: {} }, { name: 'c' }, { name: 'd', emptyDir: {} }] }),
      'latest',
      'restricted volume types (volumes "a", "b", "c" use restricted volume types "hostPath", "nfs", "unknown")',
    ],
    [
      'an unknown volume',
      pod({ volumes: [{ name: 'a', novel: {} }] }),
      'latest',
      'restricted volume types (volume "a" uses restricted volume type "unknown")',
    ],
    [
      'runAsNonRoot false',
      pod(
        { securityContext: { runAsNonRoot: false, seccompProfile: { type: 'Localhost' } } },
        { securityContext: { ...secured, runAsNonRoot: true } },
      ),
      'latest',
      'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'runAsUser',
      pod({}, { securityContext: { ...secured, runAsUser: 0 } }),
      'latest',
      'runAsUser=0 (container "c" must not set runAsUser=0)',
    ],
    ['runAsUser before 1.23', pod({}, { securityContext: { ...secured, runAsUser: 0 } }), 'v1.22', ''],
    ['a user namespace', pod({ hostUsers: false, securityContext: { runAsUser: 0, seccompProfile: { type: 'Localhost' } } }), 'v1.35', ''],
    [
      'procMount in a user namespace',
      pod({ hostUsers: false }, { securityContext: { ...secured, procMount: 'Unmasked' } }),
      'v1.35',
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
  ])('%s', (_name, target, version, expected) => {
    expect(detail(target, 'restricted', version)).toBe(expected);
  });
});

describe('violations', () => {
  it('name the fields, in all lists of containers', () => {
    const target = pod({
      initContainers: [{ name: 'i', securityContext: { ...secured, privileged: true } }],
      ephemeralContainers: [{ name: 'e', securityContext: { ...secured, privileged: true } }],
    });
    expect(evaluatePod(target, { level: 'baseline', version: 'latest' }).violations).toEqual([
      {
        check: 'privileged',
        level: 'baseline',
        reason: 'privileged',
        detail: 'containers "i", "e" must not set securityContext.privileged=true',
        fields: ['spec.initContainers[0].securityContext.privileged', 'spec.ephemeralContainers[0].securityContext.privileged'],
      },
    ]);
  });

  it('count paths from the root of a workload', () => {
    const cron = { kind: 'CronJob', spec: { jobTemplate: { spec: { template: pod({ hostPID: true }) } } } };
    expect(evaluateWorkload(cron, { level: 'baseline', version: 'latest' })?.violations[0]?.fields).toEqual([
      'spec.jobTemplate.spec.template.spec.hostPID',
    ]);
    expect(evaluateWorkload({ kind: 'ConfigMap' }, { level: 'baseline', version: 'latest' })).toBeNull();
    expect(evaluateWorkload({ kind: 'ReplicationController', spec: {} }, { level: 'baseline', version: 'latest' })).toBeNull();
  });
});

describe('the registry', () => {
  it('holds 19 checks', () => {
    expect(DEFAULT_CHECKS.map(({ id }) => id)).toHaveLength(19);
    expect(new Set(DEFAULT_CHECKS.map(({ id }) => id)).size).toBe(19);
  });

  it('can be added to and taken from', () => {
    const evaluate = createEvaluator([
      ...DEFAULT_CHECKS.filter(({ id }) => id !== 'hostNamespaces'),
      {
        id: 'noLatest',
        level: 'baseline',
        revisions: [
          {
            since: 0,
            run: ({ containers }) =>
              containers.some(({ container }) => container.image?.endsWith(':latest'))
                ? { reason: 'latest image', detail: '', fields: [] }
                : null,
          },
        ],
      },
    ]);
    expect(evaluate(pod({ hostPID: true }, { image: 'a:latest' }), { level: 'baseline', version: 'latest' }).detail).toBe('latest image');
  });
});

describe('absurd pods', () => {
  it.each([{}, { spec: null }, { spec: { containers: null } }, { metadata: null, spec: { volumes: null } }])(
    '%j is evaluated all the same',
    (target) => {
      expect(evaluatePod(target as Pod, { level: 'restricted', version: 'latest' }).allowed).toBe(true);
    },
  );
});
