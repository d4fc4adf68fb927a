import type { LocalClient } from '../local-client.js';

/** Creates the `kubernetes` service of the default namespace and the endpoint behind it. */
export async function ensureKubernetesService(
  client: LocalClient,
  options: { clusterIp: string; cidrs: readonly string[]; family: string; host: string; port: number },
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
  const slice = {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: options.family,
    endpoints: [{ addresses: [options.host], conditions: { ready: true } }],
    ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
  };
  const created = await client.create('discovery.k8s.io', 'endpointslices', slice);
  if (created === null) {
    await client.update('discovery.k8s.io', 'endpointslices', 'default', 'kubernetes', (current) => ({
      ...current,
      ...slice,
      metadata: current.metadata ?? slice.metadata,
    }));
  }
  const subsets = [{ addresses: [{ ip: options.host }], ports: [{ name: 'https', port: options.port, protocol: 'TCP' }] }];
  const endpoints = await client.create('', 'endpoints', {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets,
  });
  if (endpoints === null) await client.update('', 'endpoints', 'default', 'kubernetes', (current) => ({ ...current, subsets }));
}
