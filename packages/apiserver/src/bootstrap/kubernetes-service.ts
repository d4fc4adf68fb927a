import type { LocalClient } from '../local-client.js';

/** Creates the `kubernetes` service of the default namespace and the range that its address is of. */
export async function ensureKubernetesService(
  client: LocalClient,
  options: { clusterIp: string; cidrs: readonly string[]; family: string; port: number },
): Promise<void> {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  await client.create('', 'services', {
    metadata: { name: 'kubernetes', namespace: 'default', labels },
    spec: {
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: options.port }],
      clusterIP: options.clusterIp,
      clusterIPs: [options.clusterIp],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: [options.family],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  });
  await client.create('networking.k8s.io', 'servicecidrs', {
    metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
    spec: { cidrs: [...options.cidrs] },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
          reason: '',
          message: 'Kubernetes Service CIDR is ready',
        },
      ],
    },
  });
}
