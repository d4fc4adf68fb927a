/** kube-apiserver's metrics of a configuration that follows its file, the same for each kind of configuration. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { keyIdHash } from '../kms/key-id.js';
import type { ReloadOutcome } from './reloading-encryption.js';

/** What tells the metrics. */
export interface ReloadMetrics {
  /** Hears of every look at the file. */
  onReload(outcome: ReloadOutcome): void;
  /** The configuration in force, at the start. */
  setConfigHash(hash: string): void;
}

/**
 * Registers the metrics of one configuration.
 *
 * @param options.configuration - Kind of configuration, as it stands in the names: `encryption`.
 * @param options.apiserverId - Of this server; shown as a hash. Default ''.
 * @param options.now - Milliseconds since the epoch. Default `Date.now`.
 */
export function createReloadMetrics(options: {
  registry: Registry;
  configuration: string;
  apiserverId?: string;
  now?: () => number;
}): ReloadMetrics {
  const { configuration, now = Date.now } = options;
  const registers = [options.registry];
  const controller = `apiserver_${configuration}_config_controller`;
  const server = { apiserver_id_hash: keyIdHash(options.apiserverId ?? '') };
  const total = new Counter({
    name: `${controller}_automatic_reloads_total`,
    help: `Total number of reloads of the ${configuration} configuration, by outcome.`,
    labelNames: ['status', 'apiserver_id_hash'],
    registers,
  });
  const lastSeconds = new Gauge({
    name: `${controller}_automatic_reload_last_timestamp_seconds`,
    help: `Unix time of the last reload of the ${configuration} configuration, by outcome.`,
    labelNames: ['status', 'apiserver_id_hash'],
    registers,
  });
  const config = new Gauge({
    name: `${controller}_last_config_info`,
    help: `The hash of the ${configuration} configuration in force.`,
    labelNames: ['apiserver_id_hash', 'hash'],
    registers,
  });
  const setConfigHash = (hash: string): void => {
    config.reset();
    config.set({ ...server, hash }, 1);
  };
  return {
    setConfigHash,
    onReload(outcome) {
      if (outcome.status === 'unchanged') return;
      const labels = { ...server, status: outcome.status };
      total.inc(labels);
      lastSeconds.set(labels, now() / 1000);
      if (outcome.status === 'success') setConfigHash(outcome.hash);
    },
  };
}
