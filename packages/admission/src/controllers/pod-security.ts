/** PodSecurity: enforces, records and warns of what a namespace's labels ask for. */
import type { KubeObject } from '@k/apimachinery';
import { goQuote, newBadRequest, newForbidden, newInternalError } from '@k/apimachinery';
import {
  type EvaluationResult,
  evaluatePod,
  formatLevelVersion,
  isFullyPrivileged,
  type LevelVersion,
  type Pod,
  PodSecurityError,
  type Policy,
  type PolicyError,
  PRIVILEGED_POLICY,
  podTemplateOf,
  policyFromLabels,
} from '@k/pod-security';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { isSignificantUpdate } from './pod-security-changes.js';
import type { PodSecurityOptions } from './pod-security-configuration.js';
import { validateNamespace } from './pod-security-namespace.js';
import { annotate, PodSecurityCounters, policyErrorsText } from './pod-security-records.js';

export { type PodSecurityOptions, parsePodSecurityConfiguration } from './pod-security-configuration.js';

/** What cannot change a pod's spec. Subresources that are not known here are evaluated, to be on the safe side. */
const SKIPPED_SUBRESOURCES: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
]);
const WORKLOADS: ReadonlySet<string> = new Set([
  'replicationcontrollers.',
  'podtemplates.',
  'replicasets.apps',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
]);

/** The policy of a request's namespace. */
interface NamespacePolicy {
  policy: Policy;
  errors: readonly PolicyError[];
}

/** Evaluates each level and version once. */
function memoized(pod: Pod): (target: LevelVersion) => EvaluationResult {
  const known = new Map<string, EvaluationResult>();
  return (target) => {
    const key = formatLevelVersion(target);
    const result = known.get(key) ?? evaluatePod(pod, target);
    known.set(key, result);
    return result;
  };
}

const violationText = (target: LevelVersion, { detail }: EvaluationResult): string =>
  `violate PodSecurity ${goQuote(formatLevelVersion(target))}: ${detail}`;

/** The PodSecurity controller. */
export function podSecurity(
  dependencies: Pick<AdmissionDependencies, 'objects' | 'metrics' | 'now'>,
  options: PodSecurityOptions = {},
): AdmissionController {
  const { objects, metrics } = dependencies;
  const defaults = options.defaults ?? PRIVILEGED_POLICY;
  const namesOf = (names: readonly string[] = []): ReadonlySet<string> => new Set(names.filter((name) => name !== ''));
  const usernames = namesOf(options.exemptions?.usernames);
  const namespaces = namesOf(options.exemptions?.namespaces);
  const runtimeClasses = namesOf(options.exemptions?.runtimeClasses);
  const podCounters = new PodSecurityCounters(metrics, 'pod');
  const workloadCounters = new PodSecurityCounters(metrics, 'controller');

  /** True when the request is exempt; it is written down then. */
  const isExempt = (request: AdmissionRequest, counters: PodSecurityCounters, pod: Pod | null): boolean => {
    const runtimeClass = pod?.spec?.runtimeClassName;
    const reason =
      pod !== null
        ? runtimeClass && runtimeClasses.has(runtimeClass) && 'runtimeClass'
        : namespaces.has(request.namespace)
          ? 'namespace'
          : usernames.has(request.user.username) && 'user';
    if (!reason) return false;
    annotate(request, 'exempt', reason);
    counters.exempted(request);
    return true;
  };

  /** The text of the failure when there is no such namespace. */
  const policyOf = async (name: string): Promise<NamespacePolicy | string> => {
    let namespace: KubeObject | undefined;
    try {
      namespace = objects.get('', 'namespaces', '', name) ?? (await objects.getLive('', 'namespaces', '', name));
    } catch (error) {
      return (error as Error).message;
    }
    return namespace === undefined ? `namespaces ${goQuote(name)} not found` : policyFromLabels(namespace.metadata?.labels, defaults);
  };

  const noteErrors = (request: AdmissionRequest, errors: readonly PolicyError[], counters: PodSecurityCounters): void => {
    if (errors.length === 0) return;
    annotate(request, 'error', `Failed to parse policy: ${policyErrorsText(errors)}`);
    counters.failed(request, { isFatal: false });
  };

  const recordAndWarn = (
    request: AdmissionRequest,
    policy: Policy,
    run: (target: LevelVersion) => EvaluationResult,
    { counters, isDenied }: { counters: PodSecurityCounters; isDenied: boolean },
  ): void => {
    const audit = run(policy.audit);
    if (!audit.allowed) {
      annotate(request, 'audit-violations', `would ${violationText(policy.audit, audit)}`);
      counters.evaluated(request, 'audit', policy.audit, 'deny');
    }
    if (isDenied) return;
    const warn = run(policy.warn);
    if (warn.allowed) return;
    request.addWarning(`would ${violationText(policy.warn, warn)}`);
    counters.evaluated(request, 'warn', policy.warn, 'deny');
  };

  const evaluateForPod = (request: AdmissionRequest, pod: Pod, { policy, errors }: NamespacePolicy): AdmissionResponse | undefined => {
    const { enforce } = policy;
    noteErrors(request, errors, podCounters);
    annotate(request, 'enforce-policy', formatLevelVersion(enforce));
    const run = memoized(pod);
    const result = run(enforce);
    podCounters.evaluated(request, 'enforce', enforce, result.allowed ? 'allow' : 'deny');
    recordAndWarn(request, policy, run, { counters: podCounters, isDenied: !result.allowed });
    if (result.allowed) return undefined;
    const { group, resource } = request.resource;
    const name = request.name || request.object?.metadata?.name || '';
    const reason = `violates PodSecurity ${goQuote(formatLevelVersion(enforce))}: ${result.detail}`;
    return { allowed: false, reason, error: newForbidden({ group, resource }, name, reason) };
  };

  const validatePod = async (request: AdmissionRequest): Promise<AdmissionResponse | undefined> => {
    if (SKIPPED_SUBRESOURCES.has(request.subresource) || request.object === null) return undefined;
    if (isExempt(request, podCounters, null)) return undefined;
    const found = await policyOf(request.namespace);
    if (typeof found === 'string') {
      const failure = newInternalError(`failed to lookup namespace ${goQuote(request.namespace)}`);
      annotate(request, 'error', `${failure.message}: ${found}`);
      podCounters.failed(request, { isFatal: true });
      throw failure;
    }
    if (found.errors.length === 0 && isFullyPrivileged(found.policy)) {
      annotate(request, 'enforce-policy', 'privileged:latest');
      podCounters.evaluated(request, 'enforce', found.policy.enforce, 'allow');
      return undefined;
    }
    const pod = request.object as Pod;
    if (request.operation === 'UPDATE' && request.oldObject !== null && !isSignificantUpdate(pod, request.oldObject as Pod))
      return undefined;
    if (isExempt(request, podCounters, pod)) return undefined;
    try {
      return evaluateForPod(request, pod, found);
    } catch (error) {
      if (!PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) throw error;
      annotate(request, 'error', `failed to decode pod: ${error.message}`);
      podCounters.failed(request, { isFatal: true });
      throw newBadRequest('failed to decode pod');
    }
  };

  const validateWorkload = async (request: AdmissionRequest): Promise<undefined> => {
    if (request.subresource !== '' || request.object === null) return;
    if (isExempt(request, workloadCounters, null)) return;
    const failed = (text: string): void => {
      annotate(request, 'error', text);
      workloadCounters.failed(request, { isFatal: true });
    };
    const found = await policyOf(request.namespace);
    if (typeof found === 'string') {
      failed(`failed to lookup namespace ${goQuote(request.namespace)}: ${found}`);
      return;
    }
    const { policy, errors } = found;
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
    const template = podTemplateOf({ ...request.object, kind: request.kind.kind });
    if (template === undefined || isExempt(request, workloadCounters, template.pod)) return;
    noteErrors(request, errors, workloadCounters);
    try {
      recordAndWarn(request, policy, memoized(template.pod), { counters: workloadCounters, isDenied: false });
    } catch (error) {
      if (!PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) throw error;
      failed(`failed to decode object: ${error.message}`);
    }
  };

  return {
    name: 'PodSecurity',
    supportsOperation: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(request) {
      const { group, resource } = request.resource;
      if (group === '' && resource === 'pods') return validatePod(request);
      if (group === '' && resource === 'namespaces')
        return validateNamespace(request, { defaults, namespaces, runtimeClasses }, dependencies);
      return WORKLOADS.has(`${resource}.${group}`) ? validateWorkload(request) : undefined;
    },
  };
}
