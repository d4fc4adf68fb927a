export type { Check, CheckFunction, Finding } from './check.js';
export { activeChecks, createEvaluator, type EvaluationResult, evaluatePod, evaluateWorkload, type Violation } from './evaluate.js';
export type * from './pod.js';
export * from './policy.js';
export { DEFAULT_CHECKS } from './registry.js';
export { podTemplateOf } from './workload.js';
