import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { RpcError } from '../src/kms.js';
import { createEncryptionMetrics } from '../src/metrics.js';

const secret = Buffer.alloc(32, 1).toString('base64');
const ID = 'sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90';

function setUp(now = 5000) {
  const registry = new Registry();
  return { registry, metrics: createEncryptionMetrics({ registry, apiserverId: 'alice', now: () => now }) };
}

/** Samples of one metric as `{labels} value` lines, sorted. */
async function samples(registry: Registry, name: string): Promise<string[]> {
  const text = await registry.getSingleMetricAsString(name);
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && !line.includes('_bucket') && !line.startsWith(`${name}_sum`))
    .map((line) => line.slice(name.length))
    .sort();
}

describe('metrics', () => {
  it('count transformations at both levels, by resource and outcome', async () => {
    const { registry, metrics } = setUp();
    const configuration = parseEncryptionConfiguration({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [
        { resources: ['secrets', '*.apps'], providers: [{ aesgcm: { keys: [{ name: 'key1', secret }] } }, { identity: {} }] },
        { resources: ['configmaps'], providers: [{ identity: {} }] },
      ],
    });
    const transformer = await EncryptionTransformer.fromConfig(configuration, { observe: metrics.observe });
    const stored = await transformer.encryptForResource('secrets', Buffer.from('a'), 'k');
    await transformer.decryptForResource('secrets', stored, 'k');
    await transformer.decryptForResource('secrets', Buffer.from('clear'), 'k');
    await expect(transformer.decryptForResource('deployments.apps', stored, 'other')).rejects.toThrow();
    await transformer.encryptForResource('configmaps', Buffer.from('a'), 'k');
    await expect(transformer.decryptForResource('configmaps', stored, 'k')).rejects.toThrow('no matching prefix found');
    await transformer.encryptForResource('pods', Buffer.from('a'), 'k');
    const name = 'apiserver_storage_transformation_operations_total';
    expect(await samples(registry, name)).toEqual(
      [
        '{transformation_type="to_storage",transformer_prefix="key1:",resource="secrets",status="OK"} 1',
        '{transformation_type="to_storage",transformer_prefix="k8s:enc:aesgcm:v1:",resource="secrets",status="OK"} 1',
        '{transformation_type="from_storage",transformer_prefix="key1:",resource="secrets",status="OK"} 1',
        '{transformation_type="from_storage",transformer_prefix="k8s:enc:aesgcm:v1:",resource="secrets",status="OK"} 1',
        '{transformation_type="from_storage",transformer_prefix="identity",resource="secrets",status="OK"} 1',
        '{transformation_type="from_storage",transformer_prefix="key1:",resource="deployments.apps",status="unknown-non-grpc"} 1',
        '{transformation_type="from_storage",transformer_prefix="k8s:enc:aesgcm:v1:",resource="deployments.apps",status="unknown-non-grpc"} 1',
        '{transformation_type="to_storage",transformer_prefix="",resource="configmaps",status="OK"} 1',
        '{transformation_type="from_storage",transformer_prefix="unknown",resource="configmaps",status="unknown-non-grpc"} 1',
      ].sort(),
    );
    // Durations of failures would say nothing.
    expect(await samples(registry, 'apiserver_storage_transformation_duration_seconds')).toEqual([
      '_count{transformation_type="from_storage",transformer_prefix="identity"} 1',
      '_count{transformation_type="from_storage",transformer_prefix="k8s:enc:aesgcm:v1:"} 1',
      '_count{transformation_type="from_storage",transformer_prefix="key1:"} 1',
      '_count{transformation_type="to_storage",transformer_prefix=""} 1',
      '_count{transformation_type="to_storage",transformer_prefix="k8s:enc:aesgcm:v1:"} 1',
      '_count{transformation_type="to_storage",transformer_prefix="key1:"} 1',
    ]);
  });

  it('know the status of a failed call to a key service', async () => {
    const { registry, metrics } = setUp();
    const error = new Error('outer', { cause: new RpcError('Unavailable', 'gone') });
    metrics.observe('secrets', { direction: 'from_storage', prefix: 'p', seconds: 1, error });
    expect(await samples(registry, 'apiserver_storage_transformation_operations_total')).toEqual([
      '{transformation_type="from_storage",transformer_prefix="p",resource="secrets",status="Unavailable"} 1',
    ]);
  });

  it('tell of keys and calls, for a hundred keys at most', async () => {
    const { registry, metrics } = setUp();
    const { observe, observer } = metrics.kms('vault');
    observe({ method: '/v2.KeyManagementService/Status', code: 'OK', seconds: 0.1 });
    for (let i = 0; i < 150; i++) observer.onKeyUse?.({ direction: 'to_storage', keyIdHash: `sha256:${i}` });
    observer.onStatusKey?.('sha256:7');
    observer.onInvalidKeyId?.('too_long');
    observer.onSeedCache?.(3);
    observer.onCacheMiss?.();
    observer.onSeedGenerated?.({ seconds: 0.1, isFailure: true });
    const prefix = 'apiserver_envelope_encryption';
    const uses = await samples(registry, `${prefix}_key_id_hash_total`);
    expect(uses).toHaveLength(100);
    expect(uses).toContain(`{transformation_type="to_storage",provider_name="vault",key_id_hash="sha256:149",apiserver_id_hash="${ID}"} 1`);
    expect(await samples(registry, `${prefix}_key_id_hash_status_last_timestamp_seconds`)).toEqual([
      `{provider_name="vault",key_id_hash="sha256:7",apiserver_id_hash="${ID}"} 5`,
    ]);
    expect(await samples(registry, `${prefix}_invalid_key_id_from_status_total`)).toEqual(['{provider_name="vault",error="too_long"} 1']);
    expect(await samples(registry, `${prefix}_dek_source_cache_size`)).toEqual(['{provider_name="vault"} 3']);
    expect(await samples(registry, `${prefix}_kms_operations_latency_seconds`)).toEqual([
      '_count{provider_name="vault",method_name="/v2.KeyManagementService/Status",grpc_status_code="OK"} 1',
    ]);
    expect(await samples(registry, 'apiserver_storage_envelope_transformation_cache_misses_total')).toEqual([' 1']);
    expect(await samples(registry, 'apiserver_storage_data_key_generation_failures_total')).toEqual([' 1']);
  });

  it('tell of reloads and of the configuration in force', async () => {
    const { registry, metrics } = setUp();
    metrics.setConfigHash('sha256:a');
    metrics.onReload({ status: 'failure', error: new Error('x') });
    metrics.onReload({ status: 'success', hash: 'sha256:b' });
    metrics.onReload({ status: 'unchanged' });
    const prefix = 'apiserver_encryption_config_controller';
    expect(await samples(registry, `${prefix}_last_config_info`)).toEqual([`{apiserver_id_hash="${ID}",hash="sha256:b"} 1`]);
    expect(await samples(registry, `${prefix}_automatic_reloads_total`)).toEqual([
      `{apiserver_id_hash="${ID}",status="failure"} 1`,
      `{apiserver_id_hash="${ID}",status="success"} 1`,
    ]);
    expect(await samples(registry, `${prefix}_automatic_reload_last_timestamp_seconds`)).toEqual([
      `{apiserver_id_hash="${ID}",status="failure"} 5`,
      `{apiserver_id_hash="${ID}",status="success"} 5`,
    ]);
  });
});
