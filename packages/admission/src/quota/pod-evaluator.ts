/** Pods: their number, and what they request and are limited to. */
import { type KubeObject, Quantity } from '@k/apimachinery';
import type { AdmissionRequest } from '../interface.js';
import type { AffinityTerms, PodContainer, PodSpec } from '../pod-fields.js';
import { hasPodLevelResources, isPodBestEffort, podChargedResources } from '../pod-resources.js';
import { isPod } from '../request-match.js';
import { parseResourceList, type ReadonlyResourceList, type ResourceList } from '../resource-list.js';
import { isExtendedResource, isHugePages, isNativeResource } from '../resource-names.js';
import type { QuotaEvaluator } from './evaluator.js';
import { matchesValue, type ScopeRequirement } from './scopes.js';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const NAMES: ReadonlySet<string> = new Set([
  'pods',
  'count/pods',
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
]);
/** A quota on one of these obliges every container to say what it needs. */
const OBLIGING: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const ONE = Quantity.of(1n);

const specOf = (pod: KubeObject): PodSpec => (pod['spec'] ?? {}) as PodSpec;

function isPodName(name: string): boolean {
  if (NAMES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && !isNativeResource(name);
}

/** What requests and limits are called in quotas. */
function computeUsage(requests: ReadonlyResourceList, limits: ReadonlyResourceList): ResourceList {
  const usage: ResourceList = new Map();
  for (const [name, amount] of requests) {
    if (COMPUTE.includes(name) || isHugePages(name)) {
      usage.set(name, amount);
      usage.set(`requests.${name}`, amount);
    } else if (isExtendedResource(name)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) if (COMPUTE.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

/** Ended pods hold nothing, nor do those whose node has not removed them in time. */
function isCharged(pod: KubeObject, nowMs: number): boolean {
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

const isTerminating = ({ activeDeadlineSeconds }: PodSpec): boolean => activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;

function isAcrossNamespaces({ affinity }: PodSpec): boolean {
  const terms = (given: AffinityTerms | undefined) => [
    ...(given?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(given?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ];
  return [...terms(affinity?.podAffinity), ...terms(affinity?.podAntiAffinity)].some(
    (term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined,
  );
}

function matchesScope(scope: ScopeRequirement, pod: KubeObject): boolean {
  const spec = specOf(pod);
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(spec);
    case 'NotTerminating':
      return !isTerminating(spec);
    case 'BestEffort':
      return isPodBestEffort(spec);
    case 'NotBestEffort':
      return !isPodBestEffort(spec);
    case 'PriorityClass':
      return matchesValue(scope, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return isAcrossNamespaces(spec);
    default:
      return false;
  }
}

function missing(names: readonly string[], pod: KubeObject): string | null {
  const spec = specOf(pod);
  const obliged = names.filter((name) => OBLIGING.has(name)).sort();
  if (obliged.length === 0 || hasPodLevelResources(spec)) return null;
  const containers: PodContainer[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const said = containers.map(({ resources }) =>
    computeUsage(parseResourceList(resources?.requests), parseResourceList(resources?.limits)),
  );
  const parts = obliged.flatMap((name) => {
    const silent = new Set(containers.filter((_container, i) => !said[i]?.has(name)).map((container) => container.name));
    return silent.size === 0 ? [] : [`${name} for: ${[...silent].sort().join(',')}`];
  });
  return parts.length === 0 ? null : `must specify ${parts.join('; ')}`;
}

function handles(request: AdmissionRequest): boolean {
  if (request.operation === 'UPDATE') {
    if (isPod(request, 'resize')) return true;
    if (!isPod(request) || request.object === null || request.oldObject === null) return false;
    return isTerminating(specOf(request.object)) !== isTerminating(specOf(request.oldObject));
  }
  return request.operation === 'CREATE' && isPod(request);
}

/** @param now - Milliseconds since the epoch. */
export function podEvaluator(now: () => number): QuotaEvaluator {
  return {
    group: '',
    resource: 'pods',
    hasScopes: true,
    handles,
    matchingNames: (names) => [...names].filter(isPodName),
    usage(pod) {
      const usage: ResourceList = new Map([['count/pods', ONE]]);
      if (!isCharged(pod, now())) return usage;
      usage.set('pods', ONE);
      const compute = computeUsage(podChargedResources(pod, 'requests'), podChargedResources(pod, 'limits'));
      for (const [name, amount] of compute) usage.set(name, amount);
      return usage;
    },
    matchesScope,
    missing,
  };
}
