import type { KmsConfiguration } from './config/types.js';
import { EncryptionConfigError } from './errors.js';
import { type CallObserver, connectKeyService } from './kms/client.js';
import { KmsProvider, type KmsProviderOptions } from './kms/provider.js';

export { type CallObserver, connectKeyService } from './kms/client.js';
export type { EncryptedKey, KeyService, KeyServiceStatus } from './kms/key-service.js';
export { KmsProvider, type KmsProviderOptions, keyIdHash } from './kms/provider.js';

/**
 * Makes and starts the provider of a `kms` entry: the `kms` option of `EncryptionTransformer.fromConfig`.
 *
 * @throws {EncryptionConfigError} for KMS v1, which is off as in kube-apiserver.
 */
export async function createKmsTransformer(
  config: KmsConfiguration,
  options: Pick<KmsProviderOptions, 'log'> & { observe?: CallObserver } = {},
): Promise<KmsProvider> {
  if (config.apiVersion === 'v1') {
    throw new EncryptionConfigError(
      'error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  }
  const provider = new KmsProvider({
    name: config.name,
    service: connectKeyService(config.endpoint, config.timeoutMs, options.observe),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  await provider.start();
  return provider;
}
