export { changedFields } from './apply/changed-fields.js';
export { type FieldSet, leafPaths } from './apply/field-set.js';
export { type UpdateOfManagedFields, updateManagedFields } from './apply/managed-fields.js';
export { applyServerSide, type ServerSideApply } from './apply/server-side-apply.js';
