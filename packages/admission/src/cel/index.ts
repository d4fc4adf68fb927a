/** Kubernetes' dialect of CEL, for other parts of the server that evaluate expressions. */
export type { Declarations } from './check/checker.js';
export { baseSignatures } from './check/signatures.js';
export {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  optionalOf,
  STRING,
  structOf,
  TIMESTAMP,
} from './check/types.js';
export { type CompiledClaimExpression, compileClaimExpression } from './claim-expressions.js';
export { estimateCost, type ValueBound } from './cost.js';
export { deviceSelectorFault, type SelectorFault } from './device-selectors.js';
export { CelBudgetError, CelCompileError, CelEvaluationError } from './errors.js';
export { celName } from './escaped-name.js';
export { type CelExpression, resultFault, sharedCompiler } from './expression.js';
export type { CelBudget, CelProgram } from './program.js';
export { type ConditionFault, compileReviewConditions, type ReviewConditions } from './review-conditions.js';
export { toCelValue } from './values.js';
