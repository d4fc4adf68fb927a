import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KmsConfiguration } from '../src/config/types.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { createKmsTransformer, KmsProvider } from '../src/kms.js';
import { type KeyUse, type KmsPlugin, localKeyService, rotateLocalKey, startKmsPlugin } from '../src/kms-plugin.js';

const data = new TextEncoder().encode('{"kind":"Secret"}');
const aad = new TextEncoder().encode('/registry/secrets/a/b');

let dir = '';
let plugin: KmsPlugin | null = null;
const providers: KmsProvider[] = [];
const uses: KeyUse[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-'));
  uses.length = 0;
  plugin = await startKmsPlugin({
    socket: join(dir, 's'),
    service: localKeyService({ file: join(dir, 'keys') }),
    audit: (use) => uses.push(use),
  });
});
afterEach(async () => {
  for (const provider of providers.splice(0)) provider.close();
  await plugin?.close();
  rmSync(dir, { recursive: true });
});

async function provider(): Promise<KmsProvider> {
  const config: KmsConfiguration = { apiVersion: 'v2', name: 'vault', endpoint: `unix://${join(dir, 's')}`, timeoutMs: 3000 };
  const made = (await createKmsTransformer(config)) as KmsProvider;
  providers.push(made);
  return made;
}

describe('KMS v2 over a unix socket', () => {
  it('encrypts many values with one call, and reads them after a restart with one more', async () => {
    const first = await provider();
    const stored = Array.from({ length: 20 }, () => first.encrypt(data, aad));
    expect(uses.map(({ operation }) => operation)).toEqual(['encrypt']);
    const second = await provider();
    for (const value of stored) {
      const read = await second.decrypt(value, aad);
      expect(Buffer.from(read.data)).toEqual(Buffer.from(data));
      expect(read).toMatchObject({ stale: false, provider: 'kms', keyName: 'vault' });
    }
    expect(uses.map(({ operation }) => operation)).toEqual(['encrypt', 'encrypt', 'decrypt']);
  });

  it('takes a rotated key at the next probe; old values are stale and stay readable', async () => {
    const own = await provider();
    const before = own.encrypt(data, aad);
    rotateLocalKey(join(dir, 'keys'));
    expect(await own.probe()).toBeNull();
    expect(await own.decrypt(before, aad)).toMatchObject({ stale: true });
    expect(await own.decrypt(own.encrypt(data, aad), aad)).toMatchObject({ stale: false });
    expect(new Set(uses.map(({ keyIdHash }) => keyIdHash)).size).toBe(2);
  });

  it('refuses values bound to another key and values that were changed', async () => {
    const own = await provider();
    const stored = own.encrypt(data, aad);
    expect(() => own.decrypt(stored, new TextEncoder().encode('/registry/secrets/a/c'))).toThrow('cipher: message authentication failed');
    expect(() => own.decrypt(stored.subarray(0, 20), aad)).toThrow(
      expect.objectContaining({ name: 'TransformError', provider: 'kms', keyName: 'vault' }),
    );
  });

  it('starts without its plugin and is unhealthy until it comes', async () => {
    await plugin?.close();
    plugin = null;
    const made = new KmsProvider({
      name: 'vault',
      poll: false,
      service: {
        status: async () => ({ version: 'v2', healthz: 'sealed', keyId: '' }),
        encrypt: async () => expect.unreachable(),
        decrypt: async () => expect.unreachable(),
      },
    });
    await made.start();
    expect((await made.checkHealth())?.message).toBe(
      'kmsv2 Provider vault is not healthy, error: [got unexpected healthz status: sealed, got invalid KMSv2 KeyID hash "": keyID is empty]',
    );
    expect(() => made.encrypt(data, aad)).toThrow('got unexpected nil transformer');
  });

  it('stops writing three minutes after the last good status', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const service = localKeyService({ file: join(dir, 'keys') });
    const made = new KmsProvider({ name: 'vault', service, now: () => now, poll: false });
    await made.start();
    now += 3 * 60_000;
    const stored = made.encrypt(data, aad);
    now += 1000;
    expect(() => made.encrypt(data, aad)).toThrow(
      /^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at 2026-01-01T00:03:00Z \(current time is 2026-01-01T00:03:01Z\)$/,
    );
    expect(await made.decrypt(stored, aad)).toMatchObject({ stale: false });
  });

  it('is chosen by the configuration', async () => {
    const configuration = parseEncryptionConfiguration({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [
        {
          resources: ['secrets'],
          providers: [{ kms: { apiVersion: 'v2', name: 'vault', endpoint: `unix://${join(dir, 's')}` } }, { identity: {} }],
        },
      ],
    });
    const transformer = await EncryptionTransformer.fromConfig(configuration, { kms: createKmsTransformer });
    const stored = await transformer.encryptForResource('secrets', data, '/registry/secrets/a/b');
    expect(Buffer.from(stored).toString('latin1').slice(0, 21)).toBe('k8s:enc:kms:v2:vault:');
    expect(await transformer.decryptForResource('secrets', stored, '/registry/secrets/a/b')).toMatchObject({
      stale: false,
      provider: 'kms',
    });
    transformer.close();
  });
});

describe('the local key file', () => {
  it('is readable by its owner alone, and the audit trail holds no key', async () => {
    await provider();
    expect(statSync(join(dir, 'keys')).mode & 0o777).toBe(0o600);
    const { keys } = JSON.parse(readFileSync(join(dir, 'keys'), 'utf8')) as { keys: { id: string; key: string }[] };
    expect(JSON.stringify(uses)).not.toContain(keys[0]?.key);
    expect(JSON.stringify(uses)).not.toContain(keys[0]?.id);
  });

  it('rotates by age', async () => {
    const service = localKeyService({ file: join(dir, 'aged'), rotateAfterDays: 0 });
    const first = (await service.status()).keyId;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await service.status()).keyId).not.toBe(first);
  });
});
