/** Advice about objects of the built-in kinds: texts for `Warning` headers, by `resource` or `resource.group`. */
import type { KubeObject } from '@k/apimachinery';
import type { ClaimSpec } from './claims.js';
import { cidrWarnings, ipWarnings } from './ip-warnings.js';
import { isDns1123Label } from './names.js';
import { nodeLabelAdvice } from './node-labels.js';
import type { PodTemplateSpec } from './pod-types.js';
import { podWarnings } from './pod-warnings.js';
import type { ServiceSpec } from './service-spec.js';
import { claimSpecWarnings, claimWarnings, storageCapacityWarnings, storageClassWarnings, volumeWarnings } from './storage-warnings.js';
import { keyPairWarnings } from './tls-pair.js';

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

/** Whether a kind that counts its generations has a new one. */
const isChanged = (object: KubeObject, old: KubeObject | null): boolean =>
  old === null || object.metadata?.generation !== old.metadata?.generation;

/** Kinds that hold a pod template at `spec.template`. */
function owner(hostNames: boolean, ...more: WarningRule[]): WarningRule {
  return (object, old) => {
    const { template } = specOf(object);
    return [
      ...(hostNames ? hostNameWarnings(object, old, 'Pod names and hostnames') : []),
      ...(isChanged(object, old) ? templateWarnings(template as PodTemplateSpec | undefined, 'spec.template') : []),
      ...more.flatMap((rule) => rule(object, old)),
    ];
  };
}

const revisionLimit: WarningRule = (object) =>
  Number(specOf(object)['revisionHistoryLimit'] ?? 0) < 0
    ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
    : [];

const claimTemplates: WarningRule = (object) =>
  ((specOf(object)['volumeClaimTemplates'] ?? []) as { spec?: ClaimSpec }[]).flatMap(({ spec = {} }, i) =>
    claimSpecWarnings(spec, `spec.volumeClaimTemplates[${i}]`),
  );

interface JobSpec {
  completionMode?: string;
  completions?: number;
  parallelism?: number;
  template?: PodTemplateSpec;
}

/** Above both of these, the list of indexes that are done may outgrow the job. */
const COMPLETIONS_SOFT_MAX = 100_000;
const PARALLELISM_SOFT_MAX = 10_000;

function jobWarnings({ completionMode, completions = 0, parallelism = 0, template }: JobSpec, at: string): string[] {
  const isLarge = completions > COMPLETIONS_SOFT_MAX && parallelism > PARALLELISM_SOFT_MAX;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(completionMode === 'Indexed' && isLarge ? [`${at}: ${text}`] : []), ...templateWarnings(template, `${at}.template`)];
}

const job: WarningRule = (object, old) => [
  ...hostNameWarnings(object, old, 'Pod names and hostnames'),
  ...(isChanged(object, old) ? jobWarnings(specOf(object), 'spec') : []),
];

const cronJob: WarningRule = (object, old) => {
  const { schedule = '', jobTemplate } = specOf(object) as { schedule?: string; jobTemplate?: { spec?: JobSpec } };
  const zone =
    'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
  return [
    ...hostNameWarnings(object, old, 'Pod names and hostnames'),
    ...(isChanged(object, old) ? jobWarnings(jobTemplate?.spec ?? {}, 'spec.jobTemplate.spec') : []),
    ...(schedule.includes('TZ') ? [zone] : []),
  ];
};

const HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
const MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';

const service: WarningRule = (object) => {
  const spec = specOf(object) as ServiceSpec & { loadBalancerIP?: string };
  const { type, clusterIPs = [], externalIPs = [], externalName = '', loadBalancerIP = '', trafficDistribution } = spec;
  const headless = type === 'ClusterIP' && spec.clusterIP === 'None';
  const out: string[] = [];
  if (object.metadata?.annotations?.[HINTS_ANNOTATION] !== undefined) {
    out.push(`annotation ${HINTS_ANNOTATION} is deprecated, please use ${MODE_ANNOTATION} instead`);
  }
  out.push(...clusterIPs.flatMap((ip, i) => ipWarnings(ip, `spec.clusterIPs[${i}]`)));
  if (headless) {
    if (loadBalancerIP !== '') out.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  out.push(...externalIPs.flatMap((ip, i) => ipWarnings(ip, `spec.externalIPs[${i}]`)));
  if (!headless && externalIPs.length > 0 && type !== 'ExternalName') {
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  if (loadBalancerIP !== '') out.push(...ipWarnings(loadBalancerIP, 'spec.loadBalancerIP'));
  out.push(...(spec.loadBalancerSourceRanges ?? []).flatMap((cidr, i) => cidrWarnings(cidr, `spec.loadBalancerSourceRanges[${i}]`)));
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

/** Pods change too often for advice on changes. */
const pod: WarningRule = (object, old) =>
  old !== null
    ? []
    : [...hostNameWarnings(object, old, "the Pod's hostname"), ...podWarnings(specOf(object), object.metadata?.annotations ?? {}, '')];

const podTemplate: WarningRule = (object, old) =>
  isChanged(object, old) ? templateWarnings(object['template'] as PodTemplateSpec | undefined, 'template') : [];

const secret: WarningRule = (object) => {
  if (object['type'] !== 'kubernetes.io/tls') return [];
  const data = (object['data'] ?? {}) as Record<string, string>;
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('latin1');
  return keyPairWarnings(text('tls.crt'), text('tls.key'));
};

const node: WarningRule = (object) => {
  const {
    configSource,
    externalID = '',
    podCIDRs = [],
  } = specOf(object) as { configSource?: object; externalID?: string; podCIDRs?: string[] };
  return [
    ...(configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...(externalID === '' ? [] : ['spec.externalID: this field is deprecated, and is unused by Kubernetes']),
    ...podCIDRs.flatMap((cidr, i) => cidrWarnings(cidr, `spec.podCIDRs[${i}]`)),
  ];
};

const runtimeClass: WarningRule = (object) => {
  const selector = (object['scheduling'] as { nodeSelector?: Record<string, string> } | undefined)?.nodeSelector ?? {};
  return Object.keys(selector).flatMap((key) => {
    const advice = nodeLabelAdvice(key);
    return advice === undefined ? [] : [`scheduling.nodeSelector: ${advice}`];
  });
};

interface Peer {
  ipBlock?: { cidr?: string; except?: string[] };
}

const networkPolicy: WarningRule = (object) => {
  const { ingress = [], egress = [] } = specOf(object) as { ingress?: { from?: Peer[] }[]; egress?: { to?: Peer[] }[] };
  const peers = (list: Peer[] | undefined, at: string): string[] =>
    (list ?? []).flatMap(({ ipBlock }, i) => [
      ...cidrWarnings(ipBlock?.cidr ?? '', `${at}[${i}].ipBlock.cidr`),
      ...(ipBlock?.except ?? []).flatMap((cidr, j) => cidrWarnings(cidr, `${at}[${i}].ipBlock.except[${j}]`)),
    ]);
  return [
    ...ingress.flatMap(({ from }, i) => peers(from, `spec.ingress[${i}].from`)),
    ...egress.flatMap(({ to }, i) => peers(to, `spec.egress[${i}].to`)),
  ];
};

interface Subset {
  addresses?: { ip?: string }[];
  notReadyAddresses?: { ip?: string }[];
}

/** What the cluster's own controllers write needs no advice. */
const endpoints: WarningRule = (object) => {
  if (object.metadata?.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return ((object['subsets'] ?? []) as Subset[]).flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip = '' }, j) => ipWarnings(ip, `subsets[${i}].${list}[${j}].ip`)),
    ),
  );
};

const slice: WarningRule = (object) => {
  const { addressType, endpoints: list = [] } = object as KubeObject & { addressType?: string; endpoints?: { addresses?: string[] }[] };
  if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated'];
  if (object.metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io') return [];
  return list.flatMap(({ addresses = [] }, i) => addresses.flatMap((ip, j) => ipWarnings(ip, `endpoints[${i}].addresses[${j}]`)));
};

/** Warnings by `resource` or `resource.group`. */
export const WARNINGS: Readonly<Record<string, WarningRule>> = {
  pods: pod,
  podtemplates: podTemplate,
  replicationcontrollers: owner(true),
  services: service,
  serviceaccounts: serviceAccount,
  secrets: secret,
  nodes: node,
  endpoints,
  persistentvolumes: volumeWarnings,
  persistentvolumeclaims: claimWarnings,
  'deployments.apps': owner(true),
  'replicasets.apps': owner(true),
  'statefulsets.apps': owner(false, claimTemplates, revisionLimit),
  'daemonsets.apps': owner(false),
  'jobs.batch': job,
  'cronjobs.batch': cronJob,
  'ingresses.networking.k8s.io': ingress,
  'networkpolicies.networking.k8s.io': networkPolicy,
  'endpointslices.discovery.k8s.io': slice,
  'runtimeclasses.node.k8s.io': runtimeClass,
  'storageclasses.storage.k8s.io': storageClassWarnings,
  'csistoragecapacities.storage.k8s.io': storageCapacityWarnings,
};
