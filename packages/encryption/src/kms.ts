import type { KmsConfiguration } from './config/types.js';
import { EncryptionConfigError } from './errors.js';
import type { CallObserver } from './grpc/unary-client.js';
import { connectKeyServiceV1 } from './kms/client-v1.js';
import { connectKeyService } from './kms/client-v2.js';
import { KmsProvider, type KmsProviderObserver, type KmsProviderOptions } from './kms/provider.js';
import { KmsV1Provider, type KmsV1ProviderObserver } from './kms/provider-v1.js';
import type { HealthCheckedTransformer } from './transformer.js';

export { type CallObserver, RpcError } from './grpc/unary-client.js';
export { connectKeyServiceV1, type KeyServiceV1 } from './kms/client-v1.js';
export { connectKeyService } from './kms/client-v2.js';
export { checkAll, type EncryptionHealthCheck, kmsCloseGraceMs, kmsHealthChecks } from './kms/health-checks.js';
export { keyIdHash } from './kms/key-id.js';
export type { EncryptedKey, KeyService, KeyServiceStatus } from './kms/key-service.js';
export { KmsProvider, type KmsProviderObserver, type KmsProviderOptions } from './kms/provider.js';
export { KmsV1Provider, type KmsV1ProviderObserver, type KmsV1ProviderOptions } from './kms/provider-v1.js';

/** How {@link createKmsTransformer} connects. */
export interface CreateKmsTransformerOptions {
  log?: NonNullable<KmsProviderOptions['log']>;
  /** Hears of every call to the plugin. */
  observe?: CallObserver;
  /** Hears what the provider does. */
  observer?: KmsProviderObserver & KmsV1ProviderObserver;
  /** Allows `apiVersion: v1`, as `--feature-gates=KMSv1=true` does. Default false. */
  allowV1?: boolean;
  /** Polls the status in the background. Default true. */
  poll?: boolean;
}

/**
 * Makes and starts the provider of a `kms` entry: the `kms` option of `EncryptionTransformer.fromConfig`.
 *
 * @throws {EncryptionConfigError} for KMS v1, unless it is allowed.
 */
export async function createKmsTransformer(
  config: KmsConfiguration,
  options: CreateKmsTransformerOptions = {},
): Promise<HealthCheckedTransformer> {
  const { observer, log, poll, observe } = options;
  if (config.apiVersion === 'v1') {
    if (options.allowV1 !== true) {
      throw new EncryptionConfigError(
        'error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
      );
    }
    return new KmsV1Provider({
      name: config.name,
      service: connectKeyServiceV1(config.endpoint, config.timeoutMs, observe),
      ...(config.cachesize === undefined ? {} : { cacheSize: config.cachesize }),
      ...(observer === undefined ? {} : { observer }),
    });
  }
  const provider = new KmsProvider({
    name: config.name,
    service: connectKeyService(config.endpoint, config.timeoutMs, observe),
    ...(log === undefined ? {} : { log }),
    ...(observer === undefined ? {} : { observer }),
    ...(poll === undefined ? {} : { poll }),
  });
  await provider.start();
  return provider;
}
