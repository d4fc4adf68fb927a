/** Advice about objects of the built-in kinds: texts for `Warning` headers, by `resource` or `resource.group`. */
import type { KubeObject } from '@k/apimachinery';
import { deepEqual } from './field-errors.js';
import { isDns1123Label } from './names.js';
import type { PodTemplateSpec } from './pod-types.js';
import { podWarnings } from './pod-warnings.js';
import type { ServiceSpec } from './service-spec.js';

/** Texts about a new object (`old` is null) or a change. */
export type WarningRule = (object: KubeObject, old: KubeObject | null) => string[];

type Fields = Record<string, unknown>;

function specOf(object: KubeObject | null): Fields {
  return (object?.['spec'] ?? {}) as Fields;
}

/** Names of pods' owners end up in host names, which hold less than names do. */
function hostNameWarnings(object: KubeObject, old: KubeObject | null, where: string): string[] {
  if (old !== null) return [];
  const messages = isDns1123Label(object.metadata?.name ?? '');
  if (messages.length === 0) return [];
  const text = `metadata.name: this is used in ${where}, which can result in surprising behavior; a DNS label is recommended`;
  return [`${text}: [${messages.join(' ')}]`];
}

const templateWarnings = (template: PodTemplateSpec | undefined, at: string): string[] =>
  template === undefined ? [] : podWarnings(template.spec ?? {}, template.metadata?.annotations ?? {}, at);

/** Kinds that hold a pod template at `spec.template`. */
function owner(hostNames: boolean, ...more: WarningRule[]): WarningRule {
  return (object, old) => {
    const { template } = specOf(object);
    const changed = old === null || !deepEqual(specOf(object), specOf(old));
    return [
      ...(hostNames ? hostNameWarnings(object, old, 'Pod names and hostnames') : []),
      ...(changed ? templateWarnings(template as PodTemplateSpec | undefined, 'spec.template') : []),
      ...more.flatMap((rule) => rule(object, old)),
    ];
  };
}

const revisionLimit: WarningRule = (object) =>
  Number(specOf(object)['revisionHistoryLimit'] ?? 0) < 0
    ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
    : [];

const cronJob: WarningRule = (object, old) => {
  const { schedule = '', jobTemplate } = specOf(object) as { schedule?: string; jobTemplate?: { spec?: { template?: PodTemplateSpec } } };
  const changed = old === null || !deepEqual(specOf(object), specOf(old));
  const zone =
    'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
  return [
    ...hostNameWarnings(object, old, 'Pod names and hostnames'),
    ...(changed ? templateWarnings(jobTemplate?.spec?.template, 'spec.jobTemplate.spec.template') : []),
    ...(schedule.includes('TZ') ? [zone] : []),
  ];
};

const HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
const MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';

const service: WarningRule = (object) => {
  const spec = specOf(object) as ServiceSpec & { loadBalancerIP?: string };
  const { type, externalIPs = [], externalName = '', trafficDistribution } = spec;
  const headless = type === 'ClusterIP' && spec.clusterIP === 'None';
  const out: string[] = [];
  if (object.metadata?.annotations?.[HINTS_ANNOTATION] !== undefined) {
    out.push(`annotation ${HINTS_ANNOTATION} is deprecated, please use ${MODE_ANNOTATION} instead`);
  }
  if (headless) {
    if ((spec.loadBalancerIP ?? '') !== '') out.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  } else if (externalIPs.length > 0 && type !== 'ExternalName') {
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  if (type === 'ExternalName' && externalIPs.length > 0) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && externalName !== '') out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (trafficDistribution === 'PreferClose') out.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return out;
};

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const ingress: WarningRule = (object, old) =>
  old === null && object.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined
    ? [`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`]
    : [];

const SECRETS_ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';

const serviceAccount: WarningRule = (object, old) => {
  const has = (account: KubeObject | null): boolean => account?.metadata?.annotations?.[SECRETS_ANNOTATION] !== undefined;
  if (!has(object) || has(old)) return [];
  const advice = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets';
  return [`metadata.annotations[${SECRETS_ANNOTATION}]: ${advice}`];
};

const pod: WarningRule = (object, old) => [
  ...hostNameWarnings(object, old, "the Pod's hostname"),
  ...podWarnings(specOf(object), object.metadata?.annotations ?? {}, ''),
];

/** Warnings by `resource` or `resource.group`. */
export const WARNINGS: Readonly<Record<string, WarningRule>> = {
  pods: pod,
  podtemplates: (object) => templateWarnings(object['template'] as PodTemplateSpec | undefined, 'template'),
  replicationcontrollers: owner(true),
  services: service,
  serviceaccounts: serviceAccount,
  'deployments.apps': owner(true),
  'replicasets.apps': owner(true),
  'statefulsets.apps': owner(false, revisionLimit),
  'daemonsets.apps': owner(false),
  'jobs.batch': owner(true),
  'cronjobs.batch': cronJob,
  'ingresses.networking.k8s.io': ingress,
};
