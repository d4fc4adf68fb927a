/** Admission policies, for whoever validates, checks or evaluates them. */
export { AdmissionExpressions } from '../cel/admission-expressions.js';
export { policyExpressions } from './check-policy.js';
