/** Random pods, good and bad. */
import fc from 'fast-check';
import type { Pod, Version } from '../src/index.js';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> => fc.option(fc.option(value), { nil: undefined });
function record(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys: [] });
}

const profile = maybe(record({ type: fc.constantFrom('RuntimeDefault', 'Localhost', 'Unconfined', '', null) }));
const seLinuxOptions = maybe(
  record({
    type: fc.constantFrom('', 'container_t', 'container_engine_t', 'spc_t', null),
    user: fc.constantFrom('', 'system_u', null),
    role: fc.constantFrom('', 'r', null),
    level: fc.constant('s0'),
  }),
);
const shared = {
  runAsNonRoot: maybe(fc.boolean()),
  runAsUser: maybe(fc.constantFrom(0, 1, 1000, -1)),
  seccompProfile: profile,
  appArmorProfile: profile,
  seLinuxOptions,
  windowsOptions: maybe(record({ hostProcess: maybe(fc.boolean()) })),
};
const capability = fc.constantFrom('ALL', 'CHOWN', 'NET_BIND_SERVICE', 'SYS_ADMIN', 'sys_time', '', null);
const handler = maybe(
  record({
    httpGet: maybe(record({ host: fc.constantFrom('', '127.0.0.1', 'example.com', null), port: fc.constant(80) })),
    tcpSocket: maybe(record({ host: fc.constantFrom('', 'db', null), port: fc.constant(81) })),
    exec: fc.constant({ command: ['true'] }),
  }),
);
const container = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c', 'd', '', null),
    securityContext: maybe(
      record({
        ...shared,
        privileged: maybe(fc.boolean()),
        allowPrivilegeEscalation: maybe(fc.boolean()),
        procMount: fc.constantFrom('Default', 'Unmasked', '', null),
        capabilities: maybe(
          record({ add: maybe(fc.array(capability, { maxLength: 4 })), drop: maybe(fc.array(capability, { maxLength: 3 })) }),
        ),
      }),
    ),
    ports: maybe(
      fc.array(fc.option(record({ containerPort: fc.constant(80), hostPort: fc.constantFrom(0, 80, 9, 8080, -1, null) })), {
        maxLength: 3,
      }),
    ),
    livenessProbe: handler,
    readinessProbe: handler,
    startupProbe: handler,
    lifecycle: maybe(record({ postStart: handler, preStop: handler })),
  },
  { requiredKeys: [] },
);
const containers = maybe(fc.array(container, { maxLength: 4 }));
/** One source each, as the API demands. */
const volume = fc
  .constantFrom('emptyDir', 'hostPath', 'nfs', 'configMap', 'csi', 'image', 'novel')
  .map((source) => ({ name: source, [source]: {} }));
const annotationKey = fc.constantFrom(
  'container.apparmor.security.beta.kubernetes.io/a',
  'container.apparmor.security.beta.kubernetes.io/',
  'seccomp.security.alpha.kubernetes.io/pod',
  'container.seccomp.security.alpha.kubernetes.io/a',
  'container.seccomp.security.alpha.kubernetes.io/nobody',
  'example.com/other',
);
const annotationValue = fc.constantFrom('', 'unconfined', 'runtime/default', 'docker/default', 'localhost/x', 'a"\n\u0001', null);

/** Plain objects without prototypes' tricks, as JSON gives them. */
export function arbitraryPod({ os = ['linux', 'windows', null] }: { os?: (string | null)[] } = {}): fc.Arbitrary<Pod> {
  return fc
    .record(
      {
        metadata: maybe(
          fc.record({ name: fc.constant('p'), annotations: maybe(fc.dictionary(annotationKey, annotationValue)) }, { requiredKeys: [] }),
        ),
        spec: fc.record(
          {
            initContainers: containers,
            containers,
            ephemeralContainers: containers,
            volumes: maybe(fc.array(volume, { maxLength: 3 })),
            securityContext: maybe(
              record({
                ...shared,
                sysctls: maybe(
                  fc.array(record({ name: fc.constantFrom('kernel.msgmax', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_syncookies', null) }), {
                    maxLength: 3,
                  }),
                ),
              }),
            ),
            hostNetwork: maybe(fc.boolean()),
            hostPID: maybe(fc.boolean()),
            hostIPC: maybe(fc.boolean()),
            hostUsers: maybe(fc.boolean()),
            os: maybe(record({ name: fc.constantFrom(...os) })),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['spec'] },
    )
    .map((pod) => JSON.parse(JSON.stringify(pod)) as Pod);
}

/** Versions around all changes. */
export const arbitraryVersion: fc.Arbitrary<Version> = fc.oneof(
  fc.constant<Version>('latest'),
  fc.integer({ min: 0, max: 40 }).map((minor): Version => `v1.${minor}`),
);
