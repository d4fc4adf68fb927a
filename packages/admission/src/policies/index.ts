/** Admission policies, for whoever validates, checks or evaluates them. */
export { AdmissionExpressions } from '../cel/admission-expressions.js';
export { policyExpressions } from './check-policy.js';
export { evaluatePolicy, type PolicyQuestion } from './evaluate-policy.js';
export { type ExpressionWarning, typeCheckPolicy } from './type-check.js';
