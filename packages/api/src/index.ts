export { createBuiltInCatalogue } from './built-in-catalogue.js';
export * from './catalogue.js';
export * from './definition.js';
export { DISCOVERY_ROWS, type DiscoveryRow } from './discovery/rows.js';
export { convertEvent } from './kinds/events.js';
export { type PruneResult, pruneAndDefault } from './prune-and-default.js';
export { definitionName, schemaOf } from './schemas/notation.js';
export { age, GENERIC_TABLE, scaleTable } from './tables.js';
export * from './validate-metadata.js';
