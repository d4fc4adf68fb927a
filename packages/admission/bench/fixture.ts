import type { KubeObject } from '@k/apimachinery';
import { type AdmissionRequest, createAdmissionRequest, MemoryObjects } from '../src/index.js';

/** A namespace as a real one: enforced level, limit range, service account. */
export function fixtureObjects(options: { quota?: boolean } = {}): MemoryObjects {
  const objects = new MemoryObjects();
  const labels = { 'kubernetes.io/metadata.name': 'shop', 'pod-security.kubernetes.io/enforce': 'restricted' };
  objects.set('', 'namespaces', { metadata: { name: 'shop', labels }, status: { phase: 'Active' } });
  objects.set('', 'serviceaccounts', { metadata: { namespace: 'shop', name: 'default' } });
  objects.set('', 'limitranges', {
    metadata: { namespace: 'shop', name: 'bounds' },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '1', memory: '512Mi' },
          defaultRequest: { cpu: '100m', memory: '128Mi' },
          max: { cpu: '4', memory: '8Gi' },
        },
      ],
    },
  });
  objects.set('scheduling.k8s.io', 'priorityclasses', { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 });
  objects.set('scheduling.k8s.io', 'priorityclasses', { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000 });
  if (options.quota === true) {
    const hard = { pods: '1000000000', 'requests.cpu': '1G', 'limits.memory': '1Ei' };
    const used = { pods: '0', 'requests.cpu': '0', 'limits.memory': '0' };
    objects.set('', 'resourcequotas', { metadata: { namespace: 'shop', name: 'q' }, spec: { hard }, status: { hard, used } });
  }
  return objects;
}

/** A pod of two containers that the restricted level lets pass. */
export function fixturePod(): KubeObject {
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = (name: string) => ({
    name,
    image: 'registry.example/web:1.2',
    env: [{ name: 'A', value: 'b' }],
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    resources: {},
    securityContext,
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
    spec: { containers: [container('web'), container('sidecar')], volumes: [{ name: 'tmp', emptyDir: {} }] },
  };
}

/** The create request of a pod. */
export function fixtureRequest(object: KubeObject): AdmissionRequest {
  return createAdmissionRequest({
    operation: 'CREATE',
    resource: { group: '', version: 'v1', resource: 'pods' },
    object,
    user: { username: 'alice', groups: ['system:authenticated'] },
  });
}
