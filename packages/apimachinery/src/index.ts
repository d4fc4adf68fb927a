export * from './field-error.js';
export * from './field-selector.js';
export * from './label-selector.js';
export * from './object.js';
export * from './quantity.js';
export * from './schema.js';
export * from './status.js';
export * from './strict-json.js';
