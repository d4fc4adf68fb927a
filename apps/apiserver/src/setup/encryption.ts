/** Encryption at rest, as the flags say. */
import type { HealthCheck } from '@k/apiserver';
import type { EncryptionTransformer } from '@k/encryption';
import type { ValueTransformer } from '@k/storage';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag, readFlagFile } from '../flags/read-file.js';

/** How resources are encrypted. */
export interface EncryptionSetup {
  transformerFor: (resource: string) => ValueTransformer | undefined;
  healthChecks: readonly HealthCheck[];
  /** Zeroes keys. */
  close(): void;
}

/**
 * Undefined when no configuration is given.
 *
 * @throws {@link FlagError} with every fault of the configuration; never a key.
 */
export async function setUpEncryption(flags: Flags, log: Logger): Promise<EncryptionSetup | undefined> {
  const text = readFlagFile(flags, 'encryption-provider-config');
  if (text === undefined) {
    if (!flags.on('encryption-provider-config-automatic-reload')) return undefined;
    throw new FlagError('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  }
  const file = flags.text('encryption-provider-config');
  const { EncryptionTransformer: Transformer, parseEncryptionConfiguration } = await import('@k/encryption');
  const configuration = forFlag('encryption-provider-config', () => parseEncryptionConfiguration(text, { file }));
  const usesKms = configuration.resources.some(({ providers }) => providers.some(({ kms }) => kms !== undefined));
  const kms = usesKms ? await import('@k/encryption/kms') : undefined;
  const providers: { checkHealth(): Promise<Error | null> }[] = [];
  const transformer = await forFlag('encryption-provider-config', () =>
    Transformer.fromConfig(configuration, {
      warn: (message) => log.warn({ component: 'encryption' }, message),
      ...(kms === undefined
        ? {}
        : {
            kms: async (config) => {
              const provider = await kms.createKmsTransformer(config, {
                log: ({ message, ...rest }) => log.warn({ component: 'encryption', provider: config.name, ...rest }, message),
              });
              providers.push(provider);
              return provider;
            },
          }),
    }),
  );
  return {
    transformerFor: (resource) => valueTransformer(transformer, resource),
    healthChecks: usesKms ? [{ name: 'kms-providers', endpoints: ['healthz', 'readyz', 'livez'], check: () => checkAll(providers) }] : [],
    close: () => transformer.close(),
  };
}

/** Adapts one resource's transformer to the store, which names keys by text. */
function valueTransformer(transformer: EncryptionTransformer, resource: string): ValueTransformer | undefined {
  const found = transformer.transformerFor(resource);
  if (found === undefined) return undefined;
  return {
    encrypt: (data, key) => found.encrypt(data, Buffer.from(key)),
    decrypt: (data, key) => found.decrypt(data, Buffer.from(key)),
  };
}

async function checkAll(providers: readonly { checkHealth(): Promise<Error | null> }[]): Promise<void> {
  for (const provider of providers) {
    const fault = await provider.checkHealth();
    if (fault !== null) throw fault;
  }
}
