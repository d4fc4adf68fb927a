import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KmsConfiguration } from '../src/config/types.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { connectKeyService, createKmsTransformer, KmsProvider, keyIdHash } from '../src/kms.js';
import { type KeyUse, type KmsPlugin, localKeyService, rotateLocalKey, startKmsPlugin } from '../src/kms-plugin.js';
import { bundle } from './bundle.js';
import { cli } from './cli-io.js';

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

describe('the plugin', () => {
  it('serves in the abstract namespace', async () => {
    const name = `k-encryption-test-${process.pid}`;
    const abstract = await startKmsPlugin({ socket: `@${name}`, service: localKeyService({ file: join(dir, 'keys') }) });
    const service = connectKeyService(`unix:///@${name}`, 3000);
    expect(await service.status()).toMatchObject({ version: 'v2', healthz: 'ok' });
    service.close?.();
    await abstract.close();
  });

  it('fails in time when nobody listens', async () => {
    const service = connectKeyService(`unix://${join(dir, 'nobody')}`, 200);
    await expect(service.status()).rejects.toThrow('rpc error: code = DeadlineExceeded desc = context deadline exceeded');
    service.close?.();
  });

  it('replaces an old socket, and nothing else', async () => {
    writeFileSync(join(dir, 'file'), 'mine');
    await expect(startKmsPlugin({ socket: join(dir, 'file'), service: localKeyService({ file: join(dir, 'keys') }) })).rejects.toThrow(
      `"${join(dir, 'file')}" is no socket, it is not replaced`,
    );
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('mine');
    expect(statSync(join(dir, 's')).mode & 0o777).toBe(0o600);
  });

  it('tells callers and the trail of refusals', async () => {
    const service = connectKeyService(`unix://${join(dir, 's')}`, 3000);
    const { ciphertext, keyId } = await service.encrypt(data, 'uid-1');
    await expect(service.decrypt({ ciphertext, keyId: 'other', uid: 'uid-2', annotations: {} })).rejects.toThrow(
      `rpc error: code = Unknown desc = no key of this plugin has the id with the hash ${keyIdHash('other')}`,
    );
    await expect(service.decrypt({ ciphertext: ciphertext.subarray(1), keyId, uid: 'uid-3', annotations: {} })).rejects.toThrow(
      'rpc error: code = Unknown desc = the data key was not encrypted with this key, or was changed',
    );
    expect(uses.map(({ durationMs: _, ...use }) => use)).toEqual([
      { operation: 'encrypt', uid: 'uid-1', keyIdHash: keyIdHash(keyId), outcome: 'ok' },
      {
        operation: 'decrypt',
        uid: 'uid-2',
        keyIdHash: keyIdHash('other'),
        outcome: 'error',
        error: `no key of this plugin has the id with the hash ${keyIdHash('other')}`,
      },
      {
        operation: 'decrypt',
        uid: 'uid-3',
        keyIdHash: keyIdHash(keyId),
        outcome: 'error',
        error: 'the data key was not encrypted with this key, or was changed',
      },
    ]);
    service.close?.();
  });

  it('runs from the command line, with a trail of JSON lines, and ends when told', async () => {
    const abort = new AbortController();
    const socket = join(dir, 'cli');
    const args = [
      '--socket',
      `unix://${socket}`,
      '--key-file',
      join(dir, 'cli-keys'),
      '--audit-log',
      join(dir, 'trail'),
      '--rotate-after-days',
      '90',
    ];
    const running = cli(['kms-plugin', ...args], { signal: abort.signal });
    const service = connectKeyService(`unix://${socket}`, 5000);
    const { keyId } = await service.encrypt(data, 'uid-1');
    const rotated = await cli(['rotate-key', '--key-file', join(dir, 'cli-keys')]);
    const next = await service.status();
    expect(rotated.stdout).toBe(`${keyIdHash(next.keyId)}\n`);
    expect(next.keyId).not.toBe(keyId);
    service.close?.();
    abort.abort();
    expect(await running).toEqual({ code: 0, stdout: '', stderr: `serving KMS v2 at unix://${socket}\n` });
    const lines = readFileSync(join(dir, 'trail'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as KeyUse & { time: string });
    expect(lines.map(({ operation, uid, keyIdHash: hash, outcome }) => [operation, uid, hash, outcome])).toEqual([
      ['rotate', '', keyIdHash(keyId), 'ok'],
      ['encrypt', 'uid-1', keyIdHash(keyId), 'ok'],
    ]);
    expect(lines[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(statSync(join(dir, 'trail')).mode & 0o777).toBe(0o600);
    expect(existsSync(socket)).toBe(false);
  });
});

describe('the local key file', () => {
  it('is refused when others may read it, or when it is something else', async () => {
    const file = join(dir, 'other');
    const service = localKeyService({ file });
    writeFileSync(file, '{"keys":[]}', { mode: 0o644 });
    await expect(service.status()).rejects.toThrow(`key file "${file}" has mode 644: others may use it, make it 600`);
    chmodSync(file, 0o600);
    await expect(service.status()).rejects.toThrow(`key file "${file}" has no list "keys" of {id, createdAt, key} with 32-byte keys`);
    writeFileSync(file, 'secret');
    await expect(service.status()).rejects.toThrow(`key file "${file}" is not JSON`);
  });

  it('loses no key when several processes rotate it at once', async () => {
    const file = join(dir, 'shared');
    const program = join(dir, 'rotate.mjs');
    await bundle(
      `import { addKey } from './src/kms-plugin/key-file.ts'; for (let i = 0; i < 5; i++) addKey(${JSON.stringify(file)});`,
      program,
    );
    const children = [1, 2, 3].map(() => spawn(process.execPath, [program], { stdio: 'inherit' }));
    expect(await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))))).toEqual([0, 0, 0]);
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: { id: string }[] };
    expect(new Set(keys.map(({ id }) => id)).size).toBe(15);
  });

  it('is readable by its owner alone, and the audit trail holds no key', async () => {
    await provider();
    expect(statSync(join(dir, 'keys')).mode & 0o777).toBe(0o600);
    const { keys } = JSON.parse(readFileSync(join(dir, 'keys'), 'utf8')) as { keys: { id: string; key: string }[] };
    expect(JSON.stringify(uses)).not.toContain(keys[0]?.key);
    expect(JSON.stringify(uses)).not.toContain(keys[0]?.id);
  });

  it('rotates by age', async () => {
    let nowMs = Date.now();
    const rotations: KeyUse[] = [];
    const service = localKeyService({
      file: join(dir, 'aged'),
      rotateAfterDays: 90,
      now: () => nowMs,
      audit: (use) => rotations.push(use),
    });
    const first = (await service.status()).keyId;
    nowMs += 89 * 86_400_000;
    expect((await service.status()).keyId).toBe(first);
    nowMs += 2 * 86_400_000;
    const second = (await service.status()).keyId;
    expect(second).not.toBe(first);
    expect(rotations.map(({ operation, keyIdHash: hash }) => [operation, hash])).toEqual([
      ['rotate', keyIdHash(first)],
      ['rotate', keyIdHash(second)],
    ]);
  });
});
