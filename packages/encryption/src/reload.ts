export { type LoadedEncryption, loadEncryptionConfiguration } from './reload/load.js';
export {
  ReloadingEncryption,
  type ReloadOutcome,
  type WatchEncryptionOptions,
  watchEncryptionConfiguration,
} from './reload/reloading-encryption.js';
export { openWriteCounts, type WriteCounts, type WriteCountsOptions } from './reload/write-counts-file.js';
