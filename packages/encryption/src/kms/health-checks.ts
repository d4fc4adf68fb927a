import { type EncryptionTransformer, isHealthChecked, type KmsEntry } from '../encryption-transformer.js';
import { aggregate } from '../errors.js';

/** One check of `/healthz` and `/readyz` (not of `/livez`: restarting a server does not mend its key service). */
export interface EncryptionHealthCheck {
  /** `kms-provider-0`, `kms-provider-1`, … or `kms-providers`. */
  name: string;
  /** `null` = healthy. */
  check(): Promise<Error | null>;
}

/**
 * The health checks of a configuration, named as upstream names them: one for all with automatic reload or when there
 * are v2 providers only, else one per `kms` entry.
 *
 * @param transformer - Asked anew at every check, so that a reloaded one is seen.
 */
export function kmsHealthChecks(
  transformer: () => Pick<EncryptionTransformer, 'kms'>,
  options: { reload: boolean },
): EncryptionHealthCheck[] {
  const entries = transformer().kms;
  const isV2Only = entries.length > 0 && entries.every(({ config }) => config.apiVersion === 'v2');
  if (options.reload || isV2Only) return [{ name: 'kms-providers', check: () => checkAll(transformer().kms) }];
  return entries.map((entry, i) => ({ name: `kms-provider-${i}`, check: () => checkOne(entry) }));
}

async function checkOne({ transformer }: KmsEntry): Promise<Error | null> {
  return isHealthChecked(transformer) ? transformer.checkHealth() : null;
}

/** Every provider at once; the faults in the order of the configuration. */
export async function checkAll(entries: readonly KmsEntry[]): Promise<Error | null> {
  const errors = await Promise.all(entries.map(checkOne));
  const faults = errors.flatMap((error, i) => (error === null ? [] : [`kms-provider-${i}: ${error.message}`]));
  return faults.length === 0 ? null : new Error(aggregate(faults));
}

/** Milliseconds for which a dropped configuration may still have calls under way: twice all its timeouts. */
export function kmsCloseGraceMs(entries: readonly Pick<KmsEntry, 'config'>[]): number {
  return 2 * entries.reduce((sum, { config }) => sum + config.timeoutMs * (config.apiVersion === 'v1' ? 2 : 1), 0);
}
