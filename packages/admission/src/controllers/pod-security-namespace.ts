/** PodSecurity for namespaces: labels must mean something, and stricter ones are held against the pods that run already. */
import type { KubeObject } from '@k/apimachinery';
import { goQuote, invalid, newInvalid } from '@k/apimachinery';
import {
  compareLevels,
  evaluatePod,
  formatLevelVersion,
  isEquivalent,
  isFullyPrivileged,
  type LevelVersion,
  type Pod,
  PodSecurityError,
  type Policy,
  policyFromLabels,
} from '@k/pod-security';
import type { AdmissionDependencies, AdmissionRequest } from '../interface.js';

const LABEL = 'pod-security.kubernetes.io/';
const PODS_CHECKED_MAX = 3000;
const CHECK_MS_MAX = 1000;

/** What of the configuration matters here. */
export interface NamespaceRules {
  defaults: Policy;
  namespaces: ReadonlySet<string>;
  runtimeClasses: ReadonlySet<string>;
}

/** Whether a level and version are the same for all pods, or let through at least as much as before. */
function isRelaxed(now: LevelVersion, before: LevelVersion): boolean {
  if (now.level === 'privileged') return true;
  return now.version === before.version && compareLevels(now.level, before.level) <= 0;
}

/** Pods of a controller look alike: the first of each goes before the others, so that a limit misses as few kinds as it can. */
function prioritised(pods: readonly KubeObject[], runtimeClasses: ReadonlySet<string>): KubeObject[] {
  const first: KubeObject[] = [];
  const later: KubeObject[] = [];
  const seen = new Set<string>();
  for (const pod of pods) {
    const runtimeClass = (pod as Pod).spec?.runtimeClassName;
    if (runtimeClass && runtimeClasses.has(runtimeClass)) continue;
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    if (owner === undefined || !seen.has(owner)) first.push(pod);
    else later.push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...later];
}

/** '' = the pod passes. A stored pod that cannot be read is not worth failing a namespace's update for. */
function reasonOf(pod: KubeObject, target: LevelVersion): string {
  try {
    return evaluatePod(pod as Pod, target).reason;
  } catch (error) {
    if (PodSecurityError.is(error, 'POD_SECURITY_MALFORMED_POD')) return '';
    throw error;
  }
}

/** The warnings about pods that a new level would refuse. */
export function podWarnings(pods: readonly KubeObject[], namespace: string, target: LevelVersion, now: () => number): string[] {
  const deadline = now() + CHECK_MS_MAX;
  const groups = new Map<string, string[]>();
  let checkedCount = 0;
  for (const pod of pods.slice(0, PODS_CHECKED_MAX)) {
    checkedCount++;
    const reason = reasonOf(pod, target);
    const name = pod.metadata?.name ?? '';
    const group = groups.get(reason);
    if (group !== undefined) group.push(name);
    else if (reason !== '') groups.set(reason, [name]);
    if (now() > deadline) break;
  }
  const warnings: string[] = [];
  if (checkedCount < pods.length) {
    warnings.push(`new PodSecurity enforce level only checked against the first ${checkedCount} of ${pods.length} existing pods`);
  }
  if (groups.size > 0) {
    warnings.push(
      `existing pods in namespace ${goQuote(namespace)} violate the new PodSecurity enforce level ${goQuote(formatLevelVersion(target))}`,
    );
  }
  const lines = [...groups].map(([reason, names]) => {
    const [first = ''] = names.sort();
    const others = names.length - 1;
    const more = others === 0 ? '' : others === 1 ? ' (and 1 other pod)' : ` (and ${others} other pods)`;
    return `${first}${more}: ${reason}`;
  });
  return [...warnings, ...lines.sort()];
}

/** The warning that the labels of an exempt namespace have no effect; null when they ask for nothing. */
function exemptionWarning(name: string, labels: Readonly<Record<string, string>>, policy: Policy, defaults: Policy): string | null {
  const modes = ['enforce', 'audit', 'warn'] as const;
  if (isFullyPrivileged(policy) || modes.every((mode) => isEquivalent(policy[mode], defaults[mode]))) return null;
  const items = modes
    .filter((mode) => policy[mode].level !== 'privileged')
    .filter((mode) => Object.hasOwn(labels, `${LABEL}${mode}`) || Object.hasOwn(labels, `${LABEL}${mode}-version`))
    .map((mode) => `${mode}=${formatLevelVersion(policy[mode])}`);
  return `namespace ${goQuote(name)} is exempt from Pod Security, and the policy (${items.join(', ')}) will be ignored`;
}

/** Validates the creation or update of a namespace. */
export async function validateNamespace(
  request: AdmissionRequest,
  { defaults, namespaces, runtimeClasses }: NamespaceRules,
  { objects, now = Date.now }: Pick<AdmissionDependencies, 'objects' | 'now'>,
): Promise<undefined> {
  if (request.subresource !== '' || request.object === null) return;
  const name = request.name || request.object.metadata?.name || '';
  const labels = request.object.metadata?.labels ?? {};
  const { policy, errors } = policyFromLabels(labels, defaults);
  const before = request.operation === 'UPDATE' ? policyFromLabels(request.oldObject?.metadata?.labels, defaults) : null;
  // A namespace that is bad already can still be changed elsewhere.
  if (errors.length > 0 && JSON.stringify(errors) !== JSON.stringify(before?.errors ?? [])) {
    throw newInvalid(
      { group: '', kind: 'Namespace' },
      name,
      errors.map(({ field, value, detail }) => invalid(field, value, detail)),
    );
  }
  const isExempt = name !== '' && namespaces.has(name);
  if (before === null && !isExempt) return;
  if (before !== null) {
    const { enforce } = before.policy;
    if (formatLevelVersion(policy.enforce) === formatLevelVersion(enforce) || isRelaxed(policy.enforce, enforce)) return;
  }
  if (isExempt) {
    const warning = exemptionWarning(name, labels, policy, defaults);
    if (warning !== null) request.addWarning(warning);
    return;
  }
  let pods: readonly KubeObject[];
  try {
    await objects.ready('', 'pods');
    pods = objects.list('', 'pods', name);
  } catch {
    request.addWarning('failed to list pods while checking new PodSecurity enforce level');
    return;
  }
  for (const warning of podWarnings(prioritised(pods, runtimeClasses), name, policy.enforce, now)) request.addWarning(warning);
}
