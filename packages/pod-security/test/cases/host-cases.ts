/** Checks of what reaches the host. */
import type { CheckCases } from './check-cases.js';

export const HOST_CASES: readonly CheckCases[] = [
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
