/** PodSecurity: enforces, records and warns of what a namespace's labels ask for. */

import type { KubeObject } from '@k/apimachinery';
import { newInternalError, newInvalid } from '@k/apimachinery';
import {
  compareLevels,
  type EvaluationResult,
  evaluatePod,
  formatLevelVersion,
  isEquivalent,
  isFullyPrivileged,
  type LevelVersion,
  type Pod,
  type Policy,
  type PolicyError,
  PRIVILEGED_POLICY,
  podTemplateOf,
  policyFromLabels,
} from '@k/pod-security';
import type { AdmissionController, AdmissionDependencies, AdmissionRequest, AdmissionResponse } from '../interface.js';
import { forbiddenFor } from '../response.js';

const PREFIX = 'pod-security.kubernetes.io/';
const PODS_CHECKED_MAX = 3000;
const CHECK_MS_MAX = 1000;
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

/** `PodSecurityConfiguration`. */
export interface PodSecurityOptions {
  defaults?: Policy;
  exemptions?: { usernames?: readonly string[]; namespaces?: readonly string[]; runtimeClasses?: readonly string[] };
}

/** Images of the old and the new pod differ where they matter. */
function isSignificant(pod: Pod, old: Pod): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const now = pod.spec?.[list] ?? [];
    const before = old.spec?.[list] ?? [];
    if (now.length !== before.length || now.some((container, i) => container.image !== before[i]?.image)) return true;
  }
  const before = new Map((old.spec?.ephemeralContainers ?? []).map(({ name, image }) => [name, image]));
  return (pod.spec?.ephemeralContainers ?? []).some(({ name, image }) => !before.has(name) || before.get(name) !== image);
}

const errorText = ({ field, value, detail }: PolicyError): string => `${field}: Invalid value: ${JSON.stringify(value)}: ${detail}`;
const aggregate = (errors: readonly PolicyError[]): string =>
  errors.length === 1 ? errorText(errors[0] as PolicyError) : `[${errors.map(errorText).join(', ')}]`;

/** The PodSecurity controller. */
export function podSecurity({ objects, metrics }: AdmissionDependencies, options: PodSecurityOptions = {}): AdmissionController {
  const defaults = options.defaults ?? PRIVILEGED_POLICY;
  const exempt = {
    usernames: new Set(options.exemptions?.usernames),
    namespaces: new Set(options.exemptions?.namespaces),
    runtimeClasses: new Set(options.exemptions?.runtimeClasses),
  };

  const count = (request: AdmissionRequest, name: string, resource: string, labels: Record<string, string>): void =>
    metrics?.increment(name, {
      ...labels,
      request_operation: request.operation.toLowerCase(),
      resource,
      subresource: request.subresource,
    });
  const evaluated = (request: AdmissionRequest, resource: string, mode: string, target: LevelVersion, allowed: boolean): void =>
    count(request, 'pod_security_evaluations_total', resource, {
      decision: allowed ? 'allow' : 'deny',
      policy_level: target.level,
      policy_version: target.level === 'privileged' ? 'latest' : target.version,
      mode,
    });

  const namespaceOf = async (name: string): Promise<KubeObject | undefined> =>
    objects.get('', 'namespaces', '', name) ?? objects.getLive('', 'namespaces', '', name);

  const exemption = (request: AdmissionRequest): string | null => {
    if (exempt.namespaces.has(request.namespace)) return 'namespace';
    return exempt.usernames.has(request.user.username) ? 'user' : null;
  };

  /** Evaluates each level and version once. */
  const evaluator = (pod: Pod): ((target: LevelVersion) => EvaluationResult) => {
    const known = new Map<string, EvaluationResult>();
    return (target) => {
      const key = formatLevelVersion(target);
      let result = known.get(key);
      if (result === undefined) {
        result = evaluatePod(pod, target);
        known.set(key, result);
      }
      return result;
    };
  };

  const recordAndWarn = (
    request: AdmissionRequest,
    resource: string,
    policy: Policy,
    run: (target: LevelVersion) => EvaluationResult,
    isDenied: boolean,
  ): void => {
    const audit = run(policy.audit);
    if (!audit.allowed) {
      request.addAuditAnnotation(
        `${PREFIX}audit-violations`,
        `would violate PodSecurity "${formatLevelVersion(policy.audit)}": ${audit.detail}`,
      );
      evaluated(request, resource, 'audit', policy.audit, false);
    }
    if (isDenied) return;
    const warn = run(policy.warn);
    if (!warn.allowed) {
      request.addWarning(`would violate PodSecurity "${formatLevelVersion(policy.warn)}": ${warn.detail}`);
      evaluated(request, resource, 'warn', policy.warn, false);
    }
  };

  const validatePod = async (request: AdmissionRequest): Promise<AdmissionResponse | undefined> => {
    if (SKIPPED_SUBRESOURCES.has(request.subresource) || request.object === null) return undefined;
    const why = exemption(request);
    const exempted = (reason: string): undefined => {
      request.addAuditAnnotation(`${PREFIX}exempt`, reason);
      count(request, 'pod_security_exemptions_total', 'pod', {});
      return undefined;
    };
    if (why !== null) return exempted(why);
    const namespace = await namespaceOf(request.namespace);
    if (namespace === undefined) {
      const message = `failed to lookup namespace ${JSON.stringify(request.namespace)}`;
      request.addAuditAnnotation(`${PREFIX}error`, message);
      count(request, 'pod_security_errors_total', 'pod', { fatal: 'true' });
      throw newInternalError(message);
    }
    const { policy, errors } = policyFromLabels(namespace.metadata?.labels, defaults);
    if (errors.length === 0 && isFullyPrivileged(policy)) {
      request.addAuditAnnotation(`${PREFIX}enforce-policy`, 'privileged:latest');
      evaluated(request, 'pod', 'enforce', policy.enforce, true);
      return undefined;
    }
    const pod = request.object as Pod;
    if (request.operation === 'UPDATE' && request.oldObject !== null && !isSignificant(pod, request.oldObject as Pod)) return undefined;
    if (pod.spec?.runtimeClassName !== undefined && exempt.runtimeClasses.has(pod.spec.runtimeClassName)) return exempted('runtimeClass');
    if (errors.length > 0) {
      request.addAuditAnnotation(`${PREFIX}error`, `Failed to parse policy: ${aggregate(errors)}`);
      count(request, 'pod_security_errors_total', 'pod', { fatal: 'false' });
    }
    request.addAuditAnnotation(`${PREFIX}enforce-policy`, formatLevelVersion(policy.enforce));
    const run = evaluator(pod);
    const result = run(policy.enforce);
    evaluated(request, 'pod', 'enforce', policy.enforce, result.allowed);
    recordAndWarn(request, 'pod', policy, run, !result.allowed);
    if (result.allowed) return undefined;
    return {
      allowed: false,
      reason: '',
      error: forbiddenFor(request, `violates PodSecurity "${formatLevelVersion(policy.enforce)}": ${result.detail}`),
    };
  };

  const validateWorkload = async (request: AdmissionRequest): Promise<undefined> => {
    if (request.subresource !== '' || request.object === null) return undefined;
    const why = exemption(request);
    const exempted = (reason: string): undefined => {
      request.addAuditAnnotation(`${PREFIX}exempt`, reason);
      count(request, 'pod_security_exemptions_total', 'controller', {});
      return undefined;
    };
    if (why !== null) return exempted(why);
    const namespace = await namespaceOf(request.namespace);
    if (namespace === undefined) {
      request.addAuditAnnotation(`${PREFIX}error`, `failed to lookup namespace ${JSON.stringify(request.namespace)}`);
      count(request, 'pod_security_errors_total', 'controller', { fatal: 'true' });
      return undefined;
    }
    const { policy, errors } = policyFromLabels(namespace.metadata?.labels, defaults);
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return undefined;
    const template = podTemplateOf({ ...request.object, kind: request.kind.kind });
    if (template === undefined) return undefined;
    const { runtimeClassName } = template.pod.spec ?? {};
    if (runtimeClassName !== undefined && exempt.runtimeClasses.has(runtimeClassName)) return exempted('runtimeClass');
    if (errors.length > 0) {
      request.addAuditAnnotation(`${PREFIX}error`, `Failed to parse policy: ${aggregate(errors)}`);
      count(request, 'pod_security_errors_total', 'controller', { fatal: 'false' });
    }
    recordAndWarn(request, 'controller', policy, evaluator(template.pod), false);
    return undefined;
  };

  /** Warnings about pods that a stricter level would refuse. */
  const warnOfPods = (request: AdmissionRequest, namespace: string, target: LevelVersion): void => {
    const started = Date.now();
    const pods: KubeObject[] = [];
    const later: KubeObject[] = [];
    const seen = new Set<string>();
    for (const pod of objects.list('', 'pods', namespace)) {
      const runtimeClass = (pod as Pod).spec?.runtimeClassName;
      if (runtimeClass !== undefined && exempt.runtimeClasses.has(runtimeClass)) continue;
      const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;
      if (owner !== undefined && seen.has(owner)) later.push(pod);
      else pods.push(pod);
      if (owner !== undefined) seen.add(owner);
    }
    pods.push(...later);
    const groups = new Map<string, string[]>();
    let checked = 0;
    for (const pod of pods.slice(0, PODS_CHECKED_MAX)) {
      checked++;
      const result = evaluatePod(pod as Pod, target);
      if (!result.allowed) groups.set(result.reason, [...(groups.get(result.reason) ?? []), pod.metadata?.name ?? '']);
      if (Date.now() - started > CHECK_MS_MAX) break;
    }
    if (checked < pods.length) {
      request.addWarning(`new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`);
    }
    if (groups.size === 0) return;
    request.addWarning(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level "${formatLevelVersion(target)}"`,
    );
    const lines = [...groups].map(([reason, names]) => {
      const [first = ''] = names.sort();
      const others = names.length - 1;
      const more = others === 0 ? '' : others === 1 ? ' (and 1 other pod)' : ` (and ${others} other pods)`;
      return `${first}${more}: ${reason}`;
    });
    for (const line of lines.sort()) request.addWarning(line);
  };

  const warnOfExemption = (request: AdmissionRequest, policy: Policy): void => {
    if (isFullyPrivileged(policy)) return;
    if (
      isEquivalent(policy.enforce, defaults.enforce) &&
      isEquivalent(policy.audit, defaults.audit) &&
      isEquivalent(policy.warn, defaults.warn)
    )
      return;
    const labels = request.object?.metadata?.labels ?? {};
    const items = (['enforce', 'audit', 'warn'] as const)
      .filter((mode) => policy[mode].level !== 'privileged' && (`${PREFIX}${mode}` in labels || `${PREFIX}${mode}-version` in labels))
      .map((mode) => `${mode}=${formatLevelVersion(policy[mode])}`);
    request.addWarning(
      `namespace ${JSON.stringify(request.name)} is exempt from Pod Security, and the policy (${items.join(', ')}) will be ignored`,
    );
  };

  const validateNamespace = async (request: AdmissionRequest): Promise<undefined> => {
    if (request.subresource !== '' || request.object === null) return undefined;
    const name = request.object.metadata?.name ?? request.name;
    const { policy, errors } = policyFromLabels(request.object.metadata?.labels, defaults);
    const refuse = (): never => {
      throw newInvalid(
        { group: '', kind: 'Namespace' },
        name,
        errors.map(({ field, value, detail }) => ({ type: 'FieldValueInvalid', field, badValue: value, detail })),
      );
    };
    const isExempt = exempt.namespaces.has(name);
    if (request.operation === 'CREATE') {
      if (errors.length > 0) refuse();
      if (isExempt) warnOfExemption(request, policy);
      return undefined;
    }
    const before = policyFromLabels(request.oldObject?.metadata?.labels, defaults);
    if (errors.length > 0 && (before.errors.length === 0 || JSON.stringify(errors) !== JSON.stringify(before.errors))) refuse();
    const { enforce } = policy;
    const old = before.policy.enforce;
    const isSame = formatLevelVersion(enforce) === formatLevelVersion(old);
    if (isSame || enforce.level === 'privileged' || (enforce.version === old.version && compareLevels(enforce.level, old.level) < 1))
      return undefined;
    if (isExempt) warnOfExemption(request, policy);
    else {
      await objects.ready('', 'pods');
      warnOfPods(request, name, enforce);
    }
    return undefined;
  };

  return {
    name: 'PodSecurity',
    supportsOperation: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(request) {
      const { group, resource } = request.resource;
      if (group === '' && resource === 'pods') return validatePod(request);
      if (group === '' && resource === 'namespaces') return validateNamespace(request);
      return WORKLOADS.has(`${resource}.${group}`) ? validateWorkload(request) : undefined;
    },
  };
}
