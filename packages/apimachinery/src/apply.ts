export { appliedFaults } from './apply/check-applied.js';
export { type Comparison, compare } from './apply/compare.js';
export { type FieldSet, printPaths } from './apply/field-set.js';
export { type ManagedState, managerKey, readManagedFields, writeManagedFields } from './apply/managed-state.js';
export { merge as mergeApplied } from './apply/merge.js';
export type { Versions, VersionView } from './apply/ownership.js';
export { type AppliedResult, applyServerSide, type ServerSideApply } from './apply/server-side-apply.js';
export { emptyObject, structureOf } from './apply/structure.js';
export { type UpdateOfManagedFields, updateManagedFields } from './apply/update-managed-fields.js';
