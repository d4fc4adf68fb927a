/** Checks of what processes may do, and as whom. */
import type { CheckCases } from './check-cases.js';

export const PRIVILEGE_CASES: readonly CheckCases[] = [
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
];
