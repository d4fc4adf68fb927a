/** A cluster's objects in memory, and requests whose outcome can be looked at. */
import { type KubeObject, StatusError } from '@k/apimachinery';
import { type PodSecurityOptions, podSecurity } from '../src/controllers/pod-security.js';
import type { AdmissionRequest, ObjectSource, Operation } from '../src/index.js';

const PREFIX = 'pod-security.kubernetes.io/';

export type Labels = Record<string, string>;

/** `{ enforce: 'baseline' }` with the prefix of the labels. */
export const levels = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).map(([key, value]) => [PREFIX + key, value]));

export const namespaceOf = (labels: Labels = {}, name = 'ns'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: levels(labels) },
});

export const podOf = (spec: object = {}, name = 'p'): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
  }) as KubeObject;

export interface Cluster {
  /** In the cache. */
  namespaces?: KubeObject[];
  /** Not in the cache yet. */
  liveNamespaces?: KubeObject[];
  pods?: KubeObject[] | Error;
  options?: PodSecurityOptions;
  now?: () => number;
}

export interface Ask {
  operation?: Operation;
  /** `pods`, `deployments.apps`. */
  resource?: string;
  kind?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  username?: string;
  object: KubeObject;
  oldObject?: KubeObject;
}

export interface Outcome {
  /** '' = allowed. */
  message: string;
  status: StatusError['status'] | null;
  warnings: string[];
  /** Without the prefix. */
  annotations: Record<string, string>;
  /** `name{label="value",…}` in order. */
  counted: string[];
}

/** Asks the controller once. */
export async function ask(cluster: Cluster, asked: Ask): Promise<Outcome> {
  const outcome: Outcome = { message: '', status: null, warnings: [], annotations: {}, counted: [] };
  const find = (all: KubeObject[] = [], name: string): KubeObject | undefined => all.find(({ metadata }) => metadata?.name === name);
  const objects: ObjectSource = {
    get: (_group, resource, _namespace, name) => (resource === 'namespaces' ? find(cluster.namespaces, name) : undefined),
    getLive: (_group, resource, _namespace, name) =>
      Promise.resolve(resource === 'namespaces' ? find(cluster.liveNamespaces, name) : undefined),
    list() {
      if (cluster.pods instanceof Error) throw cluster.pods;
      return cluster.pods ?? [];
    },
    ready: () => Promise.resolve(),
  };
  const controller = podSecurity(
    {
      objects,
      metrics: {
        observe() {},
        increment(name, labels) {
          const shown = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
          outcome.counted.push(`${name.replace('pod_security_', '')} ${shown.sort().join(' ')}`);
        },
      },
      ...(cluster.now === undefined ? {} : { now: cluster.now }),
    },
    cluster.options,
  );
  const [resource = '', group = ''] = (asked.resource ?? 'pods').split('.');
  const request: AdmissionRequest = {
    uid: 'u',
    operation: asked.operation ?? 'CREATE',
    kind: { group, version: 'v1', kind: asked.kind ?? asked.object.kind ?? '' },
    resource: { group, version: 'v1', resource },
    subresource: asked.subresource ?? '',
    namespace: asked.namespace ?? 'ns',
    name: asked.name ?? asked.object.metadata?.name ?? '',
    user: { username: asked.username ?? 'alice', groups: [] },
    dryRun: false,
    object: asked.object,
    oldObject: asked.oldObject ?? null,
    options: null,
    addAuditAnnotation(key, value) {
      outcome.annotations[key.replace(PREFIX, '')] = value;
    },
    addWarning: (text) => void outcome.warnings.push(text),
  };
  try {
    const response = await controller.validate?.(request);
    if (response?.allowed === false && response.error !== undefined) throw response.error;
  } catch (error) {
    if (!StatusError.is(error)) throw error;
    outcome.message = error.message;
    outcome.status = error.status;
  }
  return outcome;
}
