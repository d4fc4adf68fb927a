/** Runs the checks of a level and version over a pod. */
import type { Check, Finding } from './check.js';
import { Plans } from './plan.js';
import type { Pod } from './pod.js';
import { PodReader } from './pod-reader.js';
import type { Level, LevelVersion } from './policy.js';
import { DEFAULT_CHECKS } from './registry.js';

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
  violations: readonly Violation[];
}

/** Evaluates one pod; see {@link evaluatePod}. */
export type Evaluator = (pod: Pod, target: LevelVersion) => EvaluationResult;

/** The one result of all pods that pass. */
export const ALLOWED: EvaluationResult = Object.freeze({ allowed: true, reason: '', detail: '', violations: Object.freeze([]) });

/**
 * Makes an evaluator of a list of checks, e.g. of {@link DEFAULT_CHECKS} with some left out or added.
 *
 * @throws {RangeError} when the list makes no sense: an id twice, revisions out of order, an override of a restricted check.
 */
export function createEvaluator(checks: readonly Check[]): Evaluator {
  const plans = new Plans(checks);
  const shared = new PodReader();
  let isReading = false;
  return (pod, { level, version }) => {
    const plan = plans.at(level, version);
    if (plan.length === 0) return ALLOWED;
    // A check may itself evaluate a pod; the view of the first must not change under it.
    const isOuter = !isReading;
    isReading = true;
    try {
      const view = (isOuter ? shared : new PodReader()).read(pod);
      let violations: Violation[] | null = null;
      let reason = '';
      let detail = '';
      for (let i = 0; i < plan.length; i++) {
        const check = plan[i] as (typeof plan)[number];
        const finding = check.run(view);
        if (finding === null) continue;
        const why = finding.reason || 'unknown forbidden reason';
        const text = finding.detail === '' ? why : `${why} (${finding.detail})`;
        reason = violations === null ? why : `${reason}, ${why}`;
        detail = violations === null ? text : `${detail}, ${text}`;
        (violations ??= []).push({
          check: check.id,
          level: check.level,
          reason: finding.reason,
          detail: finding.detail,
          fields: finding.fields,
        });
      }
      return violations === null ? ALLOWED : { allowed: false, reason, detail, violations };
    } finally {
      if (isOuter) isReading = false;
    }
  };
}

/**
 * Evaluates a pod (or a pod template) against a level as of a version, as kube-apiserver does with the pod that it is about
 * to store. What the API server adds before (an `emptyDir` to a volume without a source, host ports of the host network) is
 * not added here; see {@link withApiDefaults}.
 *
 * Null counts as absent. The pod is not changed.
 *
 * @returns A frozen result that all allowed pods share, or a new one.
 * @throws {PodSecurityError} `POD_SECURITY_MALFORMED_POD` when a field that a check looks at has a type that the API would
 * refuse. Never at level `privileged`, which looks at nothing.
 * @throws {RangeError} naming a level or version that is none.
 * @example evaluatePod(pod, { level: 'restricted', version: 'latest' }).detail
 */
export const evaluatePod: Evaluator = createEvaluator(DEFAULT_CHECKS);
