export type { BootstrapBinding, BootstrapMetadata, BootstrapRole, RbacSubject } from './bootstrap/notation.js';
export { type AggregatedRole, aggregateRules, type BootstrapPolicy, bootstrapPolicy } from './bootstrap/policy.js';
