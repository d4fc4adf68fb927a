export { type LoadedEncryption, loadEncryptionConfiguration } from './reload/load.js';
export {
  ReloadingEncryption,
  type ReloadOutcome,
  type WatchEncryptionOptions,
  watchEncryptionConfiguration,
} from './reload/reloading-encryption.js';
