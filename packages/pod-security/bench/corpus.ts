/** Pods as clusters run them: 1 to 3 containers, 70% violating at restricted, in the same order every time. */
import type { Pod } from '../src/index.js';

/** Numbers between 0 and 1 from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SECURE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Things that pods do wrong at baseline. */
const WRONGS: readonly ((spec: Record<string, unknown>, container: Record<string, unknown>) => void)[] = [
  (spec) => Object.assign(spec, { hostNetwork: true }),
  (spec) => Object.assign(spec, { volumes: [{ name: 'logs', hostPath: { path: '/var/log' } }] }),
  (_spec, container) => Object.assign(container, { securityContext: { privileged: true } }),
  (_spec, container) => Object.assign(container, { ports: [{ containerPort: 80, hostPort: 8080 }] }),
  (_spec, container) => Object.assign(container, { securityContext: { capabilities: { add: ['NET_ADMIN', 'SYS_TIME'] } } }),
  (spec) => Object.assign(spec, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }], runAsUser: 0 } }),
];

/**
 * @param count - Pods.
 * @returns Pods as they come from JSON, so that no two share parts.
 */
export function corpus(count: number): Pod[] {
  const next = random(36);
  const pods = Array.from({ length: count }, (_, n) => {
    const isSecure = next() < 0.3;
    const containers = Array.from({ length: 1 + Math.floor(next() * 3) }, (_unused, i): Record<string, unknown> => {
      const container: Record<string, unknown> = {
        name: `app-${i}`,
        image: `registry.example/app-${i}:1.${n}`,
        env: [{ name: 'PORT', value: '8080' }],
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      };
      if (isSecure) container['securityContext'] = SECURE;
      return container;
    });
    const spec: Record<string, unknown> = {
      serviceAccountName: 'default',
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'config', configMap: { name: 'app' } },
      ],
      containers,
      restartPolicy: 'Always',
    };
    if (!isSecure && next() < 0.5) WRONGS[n % WRONGS.length]?.(spec, containers[0] as Record<string, unknown>);
    if (next() < 0.2) spec['initContainers'] = [{ name: 'setup', image: 'busybox', ...(isSecure ? { securityContext: SECURE } : {}) }];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `app-${n}`, namespace: 'default', labels: { app: 'app' }, annotations: { 'example.com/owner': 'team-a' } },
      spec,
    };
  });
  return JSON.parse(JSON.stringify(pods)) as Pod[];
}
