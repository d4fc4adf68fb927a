/** Encryption at rest, as the flags say. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type HealthCheck, identityName, type ServerMetrics } from '@k/apiserver';
import type { KmsFactory, Transformer } from '@k/encryption';
import type { ValueTransformer } from '@k/storage';
import type { Logger } from 'pino';
import type { Flags } from '../flags/command-line.js';
import { featureEnabled } from '../flags/feature-gates.js';
import { FlagError } from '../flags/flag.js';
import { forFlag } from '../flags/read-file.js';

/** How resources are encrypted. */
export interface EncryptionSetup {
  transformerFor: (resource: string) => ValueTransformer | undefined;
  healthChecks: readonly HealthCheck[];
  /** Looks at the configuration file now instead of at the next minute; does nothing without automatic reload. */
  reload(): Promise<void>;
  /** Zeroes keys. */
  close(): void;
}

/** What both ways of following the file have in common. */
interface Source {
  transformerFor(resource: string): Transformer | undefined;
  readonly kms: Parameters<typeof import('@k/encryption/kms').checkAll>[0];
  close(): void;
}

/**
 * Undefined when no configuration is given.
 *
 * @throws {@link FlagError} with every fault of the configuration; never a key.
 */
export async function setUpEncryption(
  flags: Flags,
  dataDir: string,
  log: Logger,
  metrics: ServerMetrics,
): Promise<EncryptionSetup | undefined> {
  const file = flags.optional('encryption-provider-config');
  const follow = flags.on('encryption-provider-config-automatic-reload');
  if (file === undefined) {
    if (!follow) return undefined;
    throw new FlagError('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  }
  const [{ loadEncryptionConfiguration, openWriteCounts, watchEncryptionConfiguration }, { createEncryptionMetrics }] = await Promise.all([
    import('@k/encryption/reload'),
    import('@k/encryption/metrics'),
  ]);
  const observed = createEncryptionMetrics({ registry: metrics.registry, apiserverId: identityName(hostname()) });
  const child = log.child({ component: 'encryption' });
  let generation = 0;
  /** gRPC is loaded only for configurations that need it. */
  const kms: KmsFactory = async (config) => {
    const { createKmsTransformer } = await import('@k/encryption/kms');
    return createKmsTransformer(config, {
      ...observed.kms(config.name),
      allowV1: featureEnabled(flags, 'KMSv1', { default: false }),
      log: ({ message, ...rest }) => child.warn({ provider: config.name, ...rest }, message),
    });
  };
  const warn = (message: string): void => child.warn(message);
  const counts = forFlag('data-dir', () => openWriteCounts({ file: join(dataDir, 'encryption-writes.json'), warn }));
  const options = { kms, observe: observed.observe, warn, counters: counts.counters };
  let reload = async (): Promise<void> => {};
  const source: Source = await forFlag('encryption-provider-config', async () => {
    if (!follow) {
      const loaded = await loadEncryptionConfiguration(file, options);
      observed.setConfigHash(loaded.hash);
      return loaded.transformer;
    }
    const reloading = await watchEncryptionConfiguration({
      ...options,
      file,
      onReload: (outcome) => {
        observed.onReload(outcome);
        if (outcome.status === 'success') {
          generation++;
          child.info({ hash: outcome.hash }, 'encryption configuration reloaded');
        }
        if (outcome.status === 'failure') child.error({ err: outcome.error }, 'encryption configuration could not be reloaded');
      },
    });
    observed.setConfigHash(reloading.hash);
    reload = async () => void (await reloading.checkNow());
    return reloading;
  });
  return {
    transformerFor: (resource) => valueTransformer(source.transformerFor(resource), () => generation),
    healthChecks: await healthChecks(source, follow),
    reload,
    close: () => {
      source.close();
      counts.close();
    },
  };
}

/** Adapts one resource's transformer to the store, which names keys by text. */
function valueTransformer(found: Transformer | undefined, generation: () => number): ValueTransformer | undefined {
  if (found === undefined) return undefined;
  return {
    encrypt: (data, key) => found.encrypt(data, Buffer.from(key)),
    decrypt: (data, key) => found.decrypt(data, Buffer.from(key)),
    generation,
  };
}

async function healthChecks(source: Source, reload: boolean): Promise<HealthCheck[]> {
  if (!reload && source.kms.length === 0) return [];
  const { kmsHealthChecks } = await import('@k/encryption/kms');
  return kmsHealthChecks(() => source, { reload }).map(({ name, check }) => ({
    name,
    endpoints: ['healthz', 'readyz'],
    check: async () => {
      const fault = await check();
      if (fault !== null) throw fault;
    },
  }));
}
