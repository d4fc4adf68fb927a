import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KmsConfiguration } from '../src/index.js';
import { kmsCloseGraceMs, kmsHealthChecks } from '../src/kms.js';
import { loadEncryptionConfiguration, type ReloadingEncryption, type ReloadOutcome, watchEncryptionConfiguration } from '../src/reload.js';
import type { HealthCheckedTransformer } from '../src/transformer.js';

const KEY = '/registry/secrets/a/b';
const data = new TextEncoder().encode('value');
const keyNamed = (name: string, fill: number): string => `{name: ${name}, secret: ${Buffer.alloc(32, fill).toString('base64')}}`;
const configuration = (...providers: string[]): string =>
  `{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{resources: [secrets], providers: [${providers.join(', ')}]}]}`;
const gcm = (...keys: string[]): string => `{aesgcm: {keys: [${keys.join(', ')}]}}`;
const kms = (name: string, timeout = '10ms'): string => `{kms: {apiVersion: v2, name: ${name}, endpoint: unix:///s, timeout: ${timeout}}}`;
const K1 = keyNamed('k1', 1);
const K2 = keyNamed('k2', 2);

let dir = '';
let file = '';
const open: ReloadingEncryption[] = [];
const outcomes: ReloadOutcome[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'reload-'));
  file = join(dir, 'config.yaml');
  outcomes.length = 0;
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  rmSync(dir, { recursive: true });
});

async function watch(options: Partial<Parameters<typeof watchEncryptionConfiguration>[0]> = {}): Promise<ReloadingEncryption> {
  const made = await watchEncryptionConfiguration({ file, onReload: (outcome) => outcomes.push(outcome), ...options });
  open.push(made);
  return made;
}

/** A key service that tests can make ill, instead of a plugin. */
function fakeKms(health: { error: Error | null }, closed: string[]): (config: KmsConfiguration) => HealthCheckedTransformer {
  return ({ name }) => ({
    encrypt: (value) => value,
    decrypt: (value) => ({ data: value, stale: false, provider: 'kms', keyName: name }),
    checkHealth: async () => health.error,
    close: () => void closed.push(name),
  });
}

describe('loadEncryptionConfiguration', () => {
  it.each([
    [
      null,
      (path: string) =>
        `error while parsing file: error while loading file: error reading encryption provider configuration file "${path}": open ${path}: no such file or directory`,
    ],
    ['', (path: string) => `error while parsing file: error while loading file: encryption provider configuration file "${path}" is empty`],
    [
      '{}',
      (path: string) =>
        `error while parsing file: error decoding encryption provider configuration file "${path}": Object 'Kind' is missing`,
    ],
    [
      configuration('{kms: {pandas: 1}}'),
      (path: string) =>
        `error while parsing file: error decoding encryption provider configuration file "${path}": strict decoding error: unknown field "resources[0].providers[0].kms.pandas"`,
    ],
    [
      configuration(),
      () => 'error while parsing file: resources[0].providers: Required value: at least one resources[0].providers is required',
    ],
  ])('%j', async (text, message) => {
    if (text !== null) writeFileSync(file, text);
    await expect(async () => loadEncryptionConfiguration(file)).rejects.toThrow(
      expect.objectContaining({ name: 'EncryptionConfigError', message: message(file) }),
    );
  });
});

describe('watchEncryptionConfiguration', () => {
  it('swaps every resource at once; transformers that were handed out stay good', async () => {
    writeFileSync(file, configuration(gcm(K1), '{identity: {}}'));
    const reloading = await watch();
    const secrets = reloading.transformerFor('secrets');
    const aad = new TextEncoder().encode(KEY);
    const before = await secrets.encrypt(data, aad);
    expect(await reloading.checkNow()).toEqual({ status: 'unchanged' });
    writeFileSync(file, configuration(gcm(K2, K1), '{identity: {}}'));
    const hash = `sha256:${createHash('sha256')
      .update(configuration(gcm(K2, K1), '{identity: {}}'))
      .digest('hex')}`;
    expect(await reloading.checkNow()).toEqual({ status: 'success', hash });
    expect(reloading.hash).toBe(hash);
    expect(await secrets.decrypt(before, aad)).toMatchObject({ stale: true, keyName: 'k1' });
    const after = await reloading.encryptForResource('secrets', data, KEY);
    expect(await secrets.decrypt(after, aad)).toMatchObject({ stale: false, keyName: 'k2' });
    // No rule: clear text, and a refusal to hand out what a cipher wrote.
    expect(await reloading.encryptForResource('pods', data, KEY)).toEqual(data);
    await expect(reloading.decryptForResource('pods', after, KEY)).rejects.toThrow('identity transformer tried to read encrypted data');
    expect(outcomes).toEqual([{ status: 'success', hash }]);
  });

  it('keeps what it has when the new file is bad, and takes it when it is mended', async () => {
    writeFileSync(file, configuration(gcm(K1)));
    const reloading = await watch();
    const stored = await reloading.encryptForResource('secrets', data, KEY);
    writeFileSync(file, configuration(gcm()));
    expect(await reloading.checkNow()).toMatchObject({
      status: 'failure',
      error: { message: 'error while parsing file: resources[0].providers[0].aesgcm.keys: Required value: at least one keys is required' },
    });
    expect(await reloading.decryptForResource('secrets', stored, KEY)).toMatchObject({ stale: false, keyName: 'k1' });
    writeFileSync(file, configuration(gcm(K2, K1)));
    expect((await reloading.checkNow()).status).toBe('success');
    expect(outcomes.map(({ status }) => status)).toEqual(['failure', 'success']);
  });

  it('waits for the health of new key services, and drops the old ones when their calls are over', async () => {
    const health: { error: Error | null } = { error: null };
    const closed: string[] = [];
    writeFileSync(file, configuration(kms('one')));
    const reloading = await watch({ kms: fakeKms(health, closed), healthWaitMs: 150 });
    expect(reloading.kms.map(({ config }) => config.name)).toEqual(['one']);
    health.error = new Error('sealed');
    writeFileSync(file, configuration(kms('two')));
    expect(await reloading.checkNow()).toMatchObject({
      status: 'failure',
      error: { message: 'health check for new transformers failed, polling error context deadline exceeded: kms-provider-0: sealed' },
    });
    expect(closed).toEqual(['two']);
    expect(reloading.kms.map(({ config }) => config.name)).toEqual(['one']);

    const running = reloading.checkNow();
    health.error = null;
    expect((await running).status).toBe('success');
    expect(reloading.kms.map(({ config }) => config.name)).toEqual(['two']);
    expect(closed).toEqual(['two']);
    await expect.poll(() => closed).toEqual(['two', 'one']);
  });

  it('follows the file by itself, without losing a request', async () => {
    writeFileSync(file, configuration(gcm(K1)));
    const reloading = await watch({ pollMs: 20 });
    let isDone = false;
    const names = new Set<string>();
    const requests = async (): Promise<void> => {
      while (!isDone) {
        const stored = await reloading.encryptForResource('secrets', data, KEY);
        names.add((await reloading.decryptForResource('secrets', stored, KEY)).keyName);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const clients = [requests(), requests()];
    for (const keys of [
      [K2, K1],
      [K1, K2],
      [keyNamed('k3', 3), K1, K2],
    ]) {
      writeFileSync(file, configuration(gcm(...keys)));
      const count = outcomes.length;
      await expect.poll(() => outcomes.length).toBe(count + 1);
    }
    isDone = true;
    await Promise.all(clients);
    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
    expect([...names].sort()).toEqual(['k1', 'k2', 'k3']);
  });

  it('asks for unique names of v1 providers too', async () => {
    writeFileSync(file, configuration('{kms: {name: a, endpoint: unix:///s}}', '{kms: {name: a, endpoint: unix:///s}}'));
    await expect(watch()).rejects.toThrow('duplicate KMS provider name a, names must be unique');
  });
});

describe('health checks of key services', () => {
  const entry = (apiVersion: string, error: Error | null = null, timeoutMs = 3000) => ({
    config: { apiVersion, name: 'n', endpoint: 'unix:///s', timeoutMs },
    transformer: fakeKms({ error }, [])({ apiVersion, name: 'n', endpoint: '', timeoutMs }),
  });

  it.each([
    ['v2 alone', ['v2', 'v2'], false, ['kms-providers']],
    ['with v1', ['v1', 'v2'], false, ['kms-provider-0', 'kms-provider-1']],
    ['with automatic reload', ['v1', 'v2'], true, ['kms-providers']],
    ['none', [], false, []],
    ['none, with automatic reload', [], true, ['kms-providers']],
  ])('%s', (_name, versions, reload, names) => {
    const entries = versions.map((version) => entry(version));
    expect(kmsHealthChecks(() => ({ kms: entries }), { reload }).map(({ name }) => name)).toEqual(names);
  });

  it('says which providers are ill', async () => {
    const entries = [entry('v2'), entry('v2', new Error('a')), entry('v2', new Error('b'))];
    const [check] = kmsHealthChecks(() => ({ kms: entries }), { reload: false });
    expect((await check?.check())?.message).toBe('[kms-provider-1: a, kms-provider-2: b]');
    const single = kmsHealthChecks(() => ({ kms: [entry('v1', new Error('c'))] }), { reload: false });
    expect((await single[0]?.check())?.message).toBe('c');
  });

  it.each([
    [
      [
        ['v2', 3],
        ['v2', 5],
      ],
      16,
    ],
    [
      [
        ['v1', 10],
        ['v2', 3],
      ],
      46,
    ],
    [[], 0],
  ] as [[string, number][], number][])('grace of %j is %d s', (entries, seconds) => {
    expect(kmsCloseGraceMs(entries.map(([version, timeout]) => entry(version, null, timeout * 1000)))).toBe(seconds * 1000);
  });
});
