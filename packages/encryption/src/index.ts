export { type ParseOptions, parseDuration, parseEncryptionConfiguration } from './config/parse.js';
export type * from './config/types.js';
// For packages that build on this one.
export { decodeBase64, splitResource, validateEncryptionConfiguration } from './config/validate.js';
export {
  EncryptionTransformer,
  type EncryptionTransformerOptions,
  isHealthChecked,
  type KmsEntry,
  type KmsFactory,
  type Writer,
} from './encryption-transformer.js';
export { EncryptionConfigError, TransformError } from './errors.js';
export { type PrefixEntry, type PrefixTransformerOptions, prefixTransformer, type TransformObserver } from './prefix-transformer.js';
export { aesCbcTransformer } from './providers/aes-cbc.js';
export { type AesGcmOptions, aesGcmTransformer } from './providers/aes-gcm.js';
export { identityTransformer } from './providers/identity.js';
export { secretboxTransformer } from './providers/secretbox.js';
export {
  GCM_WRITES_MAX,
  GCM_WRITES_WARN,
  WRITES_RESERVED,
  type WriteCounter,
  WriteCounters,
  type WriteCountersOptions,
} from './providers/write-counters.js';
export { inspectStoredValue, type StoredHeader } from './stored-value.js';
export type { HealthCheckedTransformer, Transformer, TransformResult } from './transformer.js';
