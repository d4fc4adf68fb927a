/** Objects of the sizes that occur in clusters. */

/** A config map of about 1 KiB; `index` makes it differ from others. */
export function configMap(
  name: string,
  index: number,
  { namespace = 'bench', data = {} }: { namespace?: string; data?: Record<string, string> } = {},
): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { app: 'bench', tier: index % 10 === 0 ? 'rare' : 'common' } },
    data: { index: String(index), text: 'configuration '.repeat(64), ...data },
  };
}

/** A pod of about 3.7 KB once it is stored. */
export function pod(name: string, index: number): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bench', labels: { app: 'bench', tier: index % 10 === 0 ? 'rare' : 'common' } },
    spec: {
      nodeName: `node-${index % 100}`,
      automountServiceAccountToken: false,
      containers: ['main', 'proxy'].map((container) => ({
        name: container,
        image: `registry.example/${container}:1.0`,
        env: Array.from({ length: 14 }, (_, item) => ({ name: `VARIABLE_${item}`, value: `value-${item}-${'x'.repeat(40)}` })),
        resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
      })),
    },
  };
}
