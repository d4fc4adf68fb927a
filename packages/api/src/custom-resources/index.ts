export { API_APPROVED, isProtectedGroup } from './api-approval.js';
export { type CrdCondition, type CrdNames, type CrdObject, conditionStatus } from './crd-object.js';
export { customResourceDefinition } from './custom-definition.js';
export { CLEANUP_FINALIZER } from './definition-strategy.js';
