export { findMember, type JsonMember } from './cache/json-member.js';
export type { EmbeddedStoreOptions } from './embedded/options.js';
export { openEmbeddedStore } from './embedded/store.js';
export * from './errors.js';
export { createStorageFactory, type StorageFactoryOptions } from './factory.js';
export * from './key-value-store.js';
export * from './resource-storage.js';
