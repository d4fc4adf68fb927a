import type { Pod } from './pod.js';

/** Where the pods of a kind are described. '' = the object is the pod. */
const TEMPLATE_PATHS: Readonly<Record<string, string>> = {
  Pod: '',
  PodTemplate: 'template',
  ReplicationController: 'spec.template',
  ReplicaSet: 'spec.template',
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  DaemonSet: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

/** The pod that an object is or makes, and where it stands in the object; undefined for objects without pods. */
export function podTemplateOf(object: object): { pod: Pod; path: string } | undefined {
  const { kind } = object as { kind?: unknown };
  const path = typeof kind === 'string' && Object.hasOwn(TEMPLATE_PATHS, kind) ? TEMPLATE_PATHS[kind] : undefined;
  if (path === undefined) return undefined;
  let value: unknown = object;
  for (const key of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'object' && value !== null ? { pod: value as Pod, path } : undefined;
}
