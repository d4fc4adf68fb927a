/** For servers that keep `status.used` of quotas right: what objects count, and what is being charged at the moment. */

export { addInto, parseResourceList, type ReadonlyResourceList, type ResourceList, resourceListFields } from '../resource-list.js';
export type { QuotaEvaluator } from './evaluator.js';
export { QuotaEvaluators } from './evaluators.js';
export { QuotaLedger } from './ledger.js';
export { isCounted, mask } from './quota-state.js';
export { type ScopeRequirement, scopesOf } from './scopes.js';
