export type { EncryptedKey, KeyService, KeyServiceStatus } from './kms/key-service.js';
export { type KeyUse, type KeyUseTrail, openKeyUseTrail } from './kms-plugin/key-use.js';
export { type LocalKeyServiceOptions, localKeyService, rotateLocalKey } from './kms-plugin/local-key-service.js';
export { type KmsPlugin, type KmsPluginOptions, startKmsPlugin } from './kms-plugin/server.js';
