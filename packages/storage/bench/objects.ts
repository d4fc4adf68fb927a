import type { ResourceStorageOptions } from '../src/index.js';

/** A config map whose JSON has about 1.3 KB, as in the measurements of kube-apiserver. */
export function configMap(name: string, namespace = 'default'): Record<string, unknown> {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace,
      uid: '7b1f6a52-1c0e-4d5d-9a55-0c8f0f3c2a11',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: `app-${name.length % 7}`, tier: 'backend', 'app.kubernetes.io/part-of': 'bench' },
    },
    data: { config: 'x'.repeat(1000) },
  };
}

/** A pod whose JSON has about 3.7 KB, with managed fields, as clients make them. */
export function pod(name: string, node: string, namespace = 'default'): Record<string, unknown> {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace,
      uid: '7b1f6a52-1c0e-4d5d-9a55-0c8f0f3c2a11',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: 'web', 'pod-template-hash': '6d4cf56db6', tier: `t${name.length % 5}` },
      managedFields: [{ manager: 'kubectl', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: fields(24) }],
    },
    spec: {
      nodeName: node,
      containers: [
        {
          name: 'web',
          image: 'registry.k8s.io/pause:3.10',
          env: Array.from({ length: 12 }, (_, i) => ({ name: `VARIABLE_${i}`, value: `value-${i}` })),
        },
      ],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      })),
    },
  };
}

function fields(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`f:someFieldName${i}`, { 'f:inner': {}, 'f:other': {} }]));
}

/** How the benchmarks store a resource. */
export function resource(name: string, more: Partial<ResourceStorageOptions> = {}): ResourceStorageOptions {
  return {
    resource: name,
    keyPrefix: `/registry/${name}`,
    namespaced: true,
    selectable: (object) => {
      const { metadata, spec } = object as {
        metadata: { name: string; namespace: string; labels?: Record<string, string> };
        spec?: { nodeName?: string };
      };
      return {
        labels: metadata.labels ?? {},
        fields: { 'metadata.name': metadata.name, 'metadata.namespace': metadata.namespace, 'spec.nodeName': spec?.nodeName ?? '' },
      };
    },
    ...more,
  };
}
