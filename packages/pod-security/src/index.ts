export type { Check, CheckFunction, Finding, Revision } from './check.js';
export { withApiDefaults } from './defaults.js';
export { PodSecurityError, type PodSecurityErrorCode, type PodSecurityErrorData } from './errors.js';
export { createEvaluator, type EvaluationResult, type Evaluator, evaluatePod, type Violation } from './evaluate.js';
export { applyChange, type Change, formatChange, formatFieldPath, type PathPart, parseFieldPath, valueAt } from './field-path.js';
export { type Fix, type FixResult, fixWorkload, suggestFix } from './fix.js';
export { type ActiveCheck, activeChecks } from './plan.js';
export type * from './pod.js';
export * from './policy.js';
export { DEFAULT_CHECKS } from './registry.js';
export type * from './view.js';
export {
  evaluateWorkload,
  type ListedObject,
  listedObjects,
  podTemplateOf,
  WORKLOAD_KINDS,
  type WorkloadKind,
  type WorkloadOptions,
} from './workload.js';
