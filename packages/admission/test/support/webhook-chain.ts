import type { KubeObject } from '@k/apimachinery';
import {
  AdmissionChain,
  type AdmissionDependencies,
  type AdmissionOutcome,
  type AdmissionRequestOptions,
  type BuiltInSelection,
  createAdmissionRequest,
  MemoryObjects,
  memoryDependencies,
  PLUGIN_ORDER,
} from '../../src/index.js';

export const GROUP = 'admissionregistration.k8s.io';
export const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' };
export const RULE: Record<'operations' | 'apiGroups' | 'apiVersions' | 'resources', string[]> = {
  operations: ['*'],
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources: ['*'],
};

/** A chain of the two webhook controllers alone, over objects in memory. */
export interface WebhookChain {
  objects: MemoryObjects;
  chain: AdmissionChain;
  configure(kind: 'mutating' | 'validating', name: string, webhooks: object[]): void;
  run(options?: Partial<AdmissionRequestOptions>): Promise<AdmissionOutcome>;
}

/** A ConfigMap as a client creates it. */
export function configMap(data: Record<string, string> = {}, metadata: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'ns', ...metadata }, data };
}

export function createWebhookChain(options: Partial<AdmissionDependencies> = {}, selection: BuiltInSelection = {}): WebhookChain {
  const objects = new MemoryObjects();
  objects.set('', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns', labels: { team: 'a' } } });
  const disable = PLUGIN_ORDER.filter((name) => !name.endsWith('AdmissionWebhook'));
  const chain = new AdmissionChain().withBuiltInControllers(memoryDependencies(objects, options), { disable, ...selection });
  return {
    objects,
    chain,
    configure(kind, name, webhooks) {
      const defaults = { rules: [RULE], admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', timeoutSeconds: 10 };
      const resource = `${kind}webhookconfigurations`;
      const all = webhooks.map((webhook) => ({ ...defaults, ...webhook }));
      objects.set(GROUP, resource, { apiVersion: `${GROUP}/v1`, metadata: { name }, webhooks: all } as KubeObject);
    },
    run: (given = {}) => chain.admit(createAdmissionRequest({ operation: 'CREATE', resource: CONFIG_MAPS, object: configMap(), ...given })),
  };
}
