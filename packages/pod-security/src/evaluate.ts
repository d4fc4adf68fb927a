/** Runs the checks of a level and version over a pod. */
import type { Check, CheckFunction, Finding } from './check.js';
import { type Pod, viewPod } from './pod.js';
import { type Level, type LevelVersion, minorOf } from './policy.js';
import { DEFAULT_CHECKS } from './registry.js';
import { podTemplateOf } from './workload.js';

/** One failed check. */
export interface Violation extends Finding {
  /** The check's id, e.g. `runAsNonRoot`. */
  check: string;
  level: Exclude<Level, 'privileged'>;
}

/** What an evaluation found. */
export interface EvaluationResult {
  allowed: boolean;
  /** All reasons: `host namespaces, hostPort`. '' when allowed. */
  reason: string;
  /** All reasons with their details, as kube-apiserver prints them. '' when allowed. */
  detail: string;
  /** In the order of the texts. */
  violations: Violation[];
}

const ALLOWED: EvaluationResult = Object.freeze({ allowed: true, reason: '', detail: '', violations: [] as Violation[] });

interface ActiveCheck {
  id: string;
  level: Exclude<Level, 'privileged'>;
  run: CheckFunction;
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

function revisionAt(check: Check, minor: number): Check['revisions'][number] | undefined {
  return check.revisions.findLast(({ since }) => since <= minor);
}

/** The checks that apply at a level and version, in the order of messages. */
export function activeChecks(checks: readonly Check[], { level, version }: LevelVersion): ActiveCheck[] {
  if (level === 'privileged') return [];
  const minor = minorOf(version);
  const pick = (of: Check['level']): (ActiveCheck & { overrides: readonly string[] })[] =>
    checks
      .filter((check) => check.level === of)
      .flatMap((check) => {
        const revision = revisionAt(check, minor);
        return revision === undefined ? [] : [{ id: check.id, level: of, run: revision.run, overrides: revision.overrides ?? [] }];
      })
      .sort(byId);
  const baseline = pick('baseline');
  if (level === 'baseline') return baseline;
  const restricted = pick('restricted');
  const overridden = new Set(restricted.flatMap(({ overrides }) => overrides));
  return [...baseline.filter(({ id }) => !overridden.has(id)), ...restricted];
}

/** Evaluates with a fixed set of checks; what applies at each level and version is worked out once. */
export function createEvaluator(checks: readonly Check[]): (pod: Pod, target: LevelVersion) => EvaluationResult {
  const known = new Map<string, ActiveCheck[]>();
  return (pod, target) => {
    if (target.level === 'privileged') return ALLOWED;
    const key = `${target.level}:${target.version}`;
    let active = known.get(key);
    if (active === undefined) {
      active = activeChecks(checks, target);
      if (known.size < 256) known.set(key, active);
    }
    const view = viewPod(pod);
    const violations: Violation[] = [];
    for (const { id, level, run } of active) {
      const finding = run(view);
      if (finding !== null) violations.push({ check: id, level, ...finding });
    }
    if (violations.length === 0) return ALLOWED;
    const reasons = violations.map(({ reason }) => reason || 'unknown forbidden reason');
    return {
      allowed: false,
      reason: reasons.join(', '),
      detail: violations.map(({ detail }, i) => (detail === '' ? reasons[i] : `${reasons[i]} (${detail})`)).join(', '),
      violations,
    };
  };
}

const evaluateWithDefaults = createEvaluator(DEFAULT_CHECKS);

/**
 * Evaluates a pod (or a pod template) against a level as of a version.
 *
 * @example evaluatePod(pod, { level: 'restricted', version: 'latest' }).detail
 */
export function evaluatePod(pod: Pod, target: LevelVersion): EvaluationResult {
  return evaluateWithDefaults(pod, target);
}

/**
 * Evaluates the pods that an object makes: a Pod itself, or the template of a Deployment, CronJob and so on. Paths of
 * the violations count from the object's root.
 *
 * @returns null for objects that make no pods.
 */
export function evaluateWorkload(object: object, target: LevelVersion): EvaluationResult | null {
  const template = podTemplateOf(object);
  if (template === undefined) return null;
  const result = evaluateWithDefaults(template.pod, target);
  if (result.allowed || template.path === '') return result;
  return {
    ...result,
    violations: result.violations.map((violation) => ({
      ...violation,
      fields: violation.fields.map((field) => `${template.path}.${field}`),
    })),
  };
}
