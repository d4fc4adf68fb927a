/** Kubernetes' dialect of CEL, for other parts of the server that evaluate expressions. */
export { CelBudgetError, CelCompileError, CelEvaluationError } from './errors.js';
export { registerFunctions } from './functions.js';
export { type CelBudget, CelProgram } from './program.js';
export { type ConditionFault, compileReviewConditions, type ReviewConditions } from './review-conditions.js';
export { toCelValue } from './values.js';
