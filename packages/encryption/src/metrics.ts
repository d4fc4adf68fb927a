/** kube-apiserver's metrics of encryption, on a prom-client registry. */
import { Counter, exponentialBuckets, Gauge, Histogram, type Registry } from 'prom-client';
import { RpcError } from './grpc/unary-client.js';
import { keyIdHash } from './kms/key-id.js';
import type { CreateKmsTransformerOptions } from './kms.js';
import type { TransformObserver } from './prefix-transformer.js';
import { createReloadMetrics, type ReloadMetrics } from './reload/reload-metrics.js';

export { createReloadMetrics, type ReloadMetrics } from './reload/reload-metrics.js';

const KEY_LABELS_MAX = 100;

/** What to hand where; `onReload` is an option of `watchEncryptionConfiguration`. */
export interface EncryptionMetrics extends ReloadMetrics {
  /** The `observe` option of `EncryptionTransformer.fromConfig`. */
  observe(resource: string, use: Parameters<TransformObserver>[0]): void;
  /** The `observe` and `observer` options of `createKmsTransformer`, for the provider with this name. */
  kms(providerName: string): Required<Pick<CreateKmsTransformerOptions, 'observe' | 'observer'>>;
}

/**
 * Registers the metrics.
 *
 * @param options.apiserverId - Of this server; shown as a hash. Default ''.
 * @param options.now - Milliseconds since the epoch. Default `Date.now`.
 */
export function createEncryptionMetrics(options: { registry: Registry; apiserverId?: string; now?: () => number }): EncryptionMetrics {
  const { now = Date.now } = options;
  const registers = [options.registry];
  const server = { apiserver_id_hash: keyIdHash(options.apiserverId ?? '') };
  const latencyBuckets = exponentialBuckets(5e-6, 2, 25);
  const storage = {
    duration: new Histogram({
      name: 'apiserver_storage_transformation_duration_seconds',
      help: 'Latencies in seconds of value transformation operations.',
      labelNames: ['transformation_type', 'transformer_prefix'],
      buckets: latencyBuckets,
      registers,
    }),
    operations: new Counter({
      name: 'apiserver_storage_transformation_operations_total',
      help: 'Total number of transformations.',
      labelNames: ['resource', 'transformation_type', 'transformer_prefix', 'status'],
      registers,
    }),
    misses: new Counter({
      name: 'apiserver_storage_envelope_transformation_cache_misses_total',
      help: 'Total number of data keys that were not in memory.',
      registers,
    }),
    generated: new Histogram({
      name: 'apiserver_storage_data_key_generation_duration_seconds',
      help: 'Latencies in seconds of data key generation.',
      buckets: exponentialBuckets(5e-6, 2, 14),
      registers,
    }),
    failures: new Counter({
      name: 'apiserver_storage_data_key_generation_failures_total',
      help: 'Total number of data keys that could not be generated.',
      registers,
    }),
  };
  const reloads = createReloadMetrics({ ...options, configuration: 'encryption' });
  const kms = kmsMetrics(registers, server, now);
  return {
    ...reloads,
    observe(resource, { direction, prefix, seconds, error }) {
      const labels = { transformation_type: direction, transformer_prefix: prefix };
      storage.operations.inc({ ...labels, resource, status: error === undefined ? 'OK' : statusOf(error) });
      if (error === undefined) storage.duration.observe(labels, seconds);
    },
    kms: (name) => {
      const { observe, observer } = kms(name);
      return {
        observe,
        observer: {
          ...observer,
          onCacheMiss: () => storage.misses.inc(),
          onSeedGenerated: ({ seconds, isFailure }) => (isFailure ? storage.failures.inc() : storage.generated.observe(seconds)),
        },
      };
    },
  };
}

/** The gRPC status at the root of an error. */
function statusOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof RpcError) return at.status;
  return 'unknown-non-grpc';
}

function kmsMetrics(registers: Registry[], server: { apiserver_id_hash: string }, now: () => number): EncryptionMetrics['kms'] {
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name: `apiserver_envelope_encryption_${name}`, help, labelNames, registers });
  const keyLabels = ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash'];
  const fill = gauge('dek_cache_fill_percent', 'Share of the memory of data keys that is in use.', []);
  const sourceCache = gauge('dek_source_cache_size', 'Number of data key sources in memory.', ['provider_name']);
  const lastUse = gauge('key_id_hash_last_timestamp_seconds', 'Unix time of the last use of a key.', keyLabels);
  const lastStatus = gauge(
    'key_id_hash_status_last_timestamp_seconds',
    'Unix time at which a status last named a key.',
    keyLabels.slice(1),
  );
  const uses = new Counter({
    name: 'apiserver_envelope_encryption_key_id_hash_total',
    help: 'Number of uses of a key.',
    labelNames: keyLabels,
    registers,
  });
  const invalid = new Counter({
    name: 'apiserver_envelope_encryption_invalid_key_id_from_status_total',
    help: 'Number of statuses with a key id that cannot be used.',
    labelNames: ['provider_name', 'error'],
    registers,
  });
  const calls = new Histogram({
    name: 'apiserver_envelope_encryption_kms_operations_latency_seconds',
    help: 'Latencies in seconds of calls to key services.',
    labelNames: ['provider_name', 'method_name', 'grpc_status_code'],
    buckets: exponentialBuckets(0.0001, 2, 20),
    registers,
  });
  const arrivals = new Histogram({
    name: 'apiserver_envelope_encryption_dek_cache_inter_arrival_time_seconds',
    help: 'Time in seconds between values that need a data key.',
    labelNames: ['transformation_type'],
    buckets: exponentialBuckets(60, 2, 10),
    registers,
  });
  const arrivedMs = new Map<string, number>();
  // Keys come and go for as long as the server runs: the series of the longest unused ones are given up.
  const useSeries = new Map<string, Record<string, string>>();
  const statusSeries = new Map<string, Record<string, string>>();
  const touch = (
    series: typeof useSeries,
    labels: Record<string, string>,
    metrics: { remove(labels: Record<string, string>): void }[],
  ): void => {
    const id = JSON.stringify(labels);
    series.delete(id);
    series.set(id, labels);
    if (series.size <= KEY_LABELS_MAX) return;
    const [oldest, old] = series.entries().next().value as [string, Record<string, string>];
    series.delete(oldest);
    for (const metric of metrics) metric.remove(old);
  };

  return (name) => ({
    observe: ({ method, code, seconds }) => calls.observe({ provider_name: name, method_name: method, grpc_status_code: code }, seconds),
    observer: {
      onKeyUse({ direction, keyIdHash: hash }) {
        const labels = { transformation_type: direction, provider_name: name, key_id_hash: hash, ...server };
        touch(useSeries, labels, [uses, lastUse]);
        uses.inc(labels);
        lastUse.set(labels, now() / 1000);
      },
      onStatusKey(hash) {
        const labels = { provider_name: name, key_id_hash: hash, ...server };
        touch(statusSeries, labels, [lastStatus]);
        lastStatus.set(labels, now() / 1000);
      },
      onInvalidKeyId: (error) => invalid.inc({ provider_name: name, error }),
      onSeedCache: (size) => sourceCache.set({ provider_name: name }, size),
      onCacheFill: (share) => fill.set(share),
      onArrival(direction) {
        const last = arrivedMs.get(direction);
        if (last !== undefined) arrivals.observe({ transformation_type: direction }, (now() - last) / 1000);
        arrivedMs.set(direction, now());
      },
    },
  });
}
