/** Checks of security profiles and kernel parameters. */
import type { CheckCases } from './check-cases.js';

export const PROFILE_CASES: readonly CheckCases[] = [
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
];
