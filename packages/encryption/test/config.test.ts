import { describe, expect, it } from 'vitest';
import { EncryptionTransformer, parseDuration, parseEncryptionConfiguration } from '../src/index.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER = Buffer.alloc(32, 2).toString('base64');
const SHORT = Buffer.alloc(31, 1).toString('base64');

function config(resources: unknown): object {
  return { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources };
}
const gcm = (name: string, secret: string): object => ({ aesgcm: { keys: [{ name, secret }] } });
const one = (resources: string[], providers: unknown = [{ identity: {} }]): object => config([{ resources, providers }]);

describe('parseEncryptionConfiguration', () => {
  it('reads YAML, with defaults', () => {
    const parsed = parseEncryptionConfiguration(`
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets, deployments.apps]
    providers:
      - kms: {apiVersion: v2, name: vault, endpoint: unix:///run/kms.sock, timeout: 1m30s}
      - kms: {name: old, endpoint: unix:///run/old.sock}
      - identity: {}
`);
    expect(parsed.resources).toEqual([
      {
        resources: ['secrets', 'deployments.apps'],
        providers: [
          { kms: { apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock', timeoutMs: 90_000 } },
          { kms: { apiVersion: 'v1', name: 'old', endpoint: 'unix:///run/old.sock', timeoutMs: 3000, cachesize: 1000 } },
          { identity: {} },
        ],
      },
    ]);
  });

  it('takes the older name of the kind', () => {
    expect(
      parseEncryptionConfiguration({
        apiVersion: 'v1',
        kind: 'EncryptionConfig',
        resources: [{ resources: ['secrets'], providers: [{ identity: {} }] }],
      }).kind,
    ).toBe('EncryptionConfiguration');
  });

  it.each([
    ['', 'encryption provider configuration file "" is empty'],
    ['a: [', 'yaml: line 1: bad indent'],
    [config([]), 'resources: Required value: at least one resources is required'],
    [one([]), 'resources[0].resources: Required value: at least one resources[0].resources is required'],
    [one(['Secrets']), 'resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters'],
    [
      one(['*']),
      'resources[0].resources[0]: Invalid value: "*": use \'*.\' to encrypt all the resources from core API group or *.* to encrypt all resources',
    ],
    [
      one(['secrets', 'secrets']),
      'resources[0].resources: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times',
    ],
    [
      one(['secrets', '*.']),
      'resources[0].resources: Invalid value: ["secrets","*."]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked',
    ],
    [
      one(['deployments.extensions']),
      'resources[0].resources[0]: Invalid value: "deployments.extensions": \'extensions\' group has been removed and cannot be used for encryption',
    ],
    [one(['secrets'], []), 'resources[0].providers: Required value: at least one resources[0].providers is required'],
    [
      one(['secrets'], [gcm('key2', SHORT)]),
      'resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 31, expected one of [16 24 32]',
    ],
    [
      one(['secrets'], [gcm('k', 'not base64!')]),
      'resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
    ],
    [
      one(['secrets'], [{ kms: { apiVersion: 'v2', name: 'a:b', endpoint: 'unix:///s' } }]),
      'resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain \':\'',
    ],
    [
      one(['secrets'], [{ kms: { apiVersion: 'v2', name: 'a', endpoint: 'http://s' } }]),
      'resources[0].providers[0].kms.endpoint: Invalid value: "http://s": unsupported scheme "http" for KMS provider, only unix is supported',
    ],
    [one(['secrets'], [{ kms: { pandas: 1 } }]), 'strict decoding error: unknown field "resources[0].providers[0].kms.pandas"'],
  ])('refuses %j', (source, message) => {
    expect(() => parseEncryptionConfiguration(source)).toThrow(expect.objectContaining({ name: 'EncryptionConfigError', message }));
  });

  it('never shows a key', () => {
    for (const source of [one(['secrets'], [gcm('k', SHORT)]), one(['secrets'], [{ ...gcm('k', SHORT), identity: {} }])]) {
      try {
        parseEncryptionConfiguration(source);
        expect.unreachable();
      } catch (error) {
        expect(String(error)).not.toContain(SHORT);
      }
    }
  });
});

describe('parseDuration', () => {
  it.each([
    ['3s', 3000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['-1s', -1000],
    ['0', 0],
    ['3', null],
    ['s', null],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('EncryptionTransformer', () => {
  const data = new TextEncoder().encode('{"kind":"Secret"}');
  const from = (source: object): Promise<EncryptionTransformer> => EncryptionTransformer.fromConfig(parseEncryptionConfiguration(source));

  it('writes with the first key and marks what others wrote as stale', async () => {
    const old = await from(one(['secrets'], [gcm('k1', KEY), { identity: {} }]));
    const stored = await old.encryptForResource('secrets', data, '/registry/secrets/a/b');
    expect(Buffer.from(stored).toString('latin1').slice(0, 21)).toBe('k8s:enc:aesgcm:v1:k1:');
    expect(await old.decryptForResource('secrets', stored, '/registry/secrets/a/b')).toMatchObject({
      stale: false,
      provider: 'aesgcm',
      keyName: 'k1',
    });
    const rotated = await from(
      one(
        ['secrets'],
        [
          {
            aesgcm: {
              keys: [
                { name: 'k2', secret: OTHER },
                { name: 'k1', secret: KEY },
              ],
            },
          },
        ],
      ),
    );
    const read = await rotated.decryptForResource('secrets', stored, '/registry/secrets/a/b');
    expect(read).toMatchObject({ stale: true, keyName: 'k1' });
    expect(Buffer.from(read.data)).toEqual(Buffer.from(data));
  });

  it('reads clear values behind identity, and only there', async () => {
    const open = await from(one(['secrets'], [gcm('k1', KEY), { identity: {} }]));
    expect(await open.decryptForResource('secrets', data, 'k')).toMatchObject({ stale: true, provider: 'identity' });
    const closed = await from(one(['secrets'], [gcm('k1', KEY)]));
    await expect(closed.decryptForResource('secrets', data, 'k')).rejects.toThrow('no matching prefix found');
  });

  it('names the missing key', async () => {
    const a = await from(one(['secrets'], [gcm('k1', KEY)]));
    const b = await from(one(['secrets'], [gcm('k9', KEY), { identity: {} }]));
    const stored = await a.encryptForResource('secrets', data, 'k');
    await expect(b.decryptForResource('secrets', stored, 'k')).rejects.toThrow(
      'no matching key was found for the provided AES transformer',
    );
    await expect(b.decryptForResource('pods', stored, 'k')).rejects.toThrow('identity transformer tried to read encrypted data');
  });

  it('chooses the exact rule, then the group, then everything', async () => {
    const transformer = await from(
      config([
        { resources: ['secrets'], providers: [gcm('exact', KEY)] },
        { resources: ['*.apps'], providers: [gcm('group', KEY)] },
        { resources: ['*.*'], providers: [gcm('all', KEY)] },
      ]),
    );
    const keyOf = async (resource: string): Promise<string | undefined> =>
      Buffer.from(await transformer.encryptForResource(resource, data, 'k'))
        .toString('latin1')
        .split(':')[4];
    expect([await keyOf('secrets'), await keyOf('deployments.apps'), await keyOf('configmaps')]).toEqual(['exact', 'group', 'all']);
  });

  it('refuses rules that earlier ones mask', async () => {
    await expect(
      from(
        config([
          { resources: ['*.*'], providers: [{ identity: {} }] },
          { resources: ['secrets'], providers: [{ identity: {} }] },
        ]),
      ),
    ).rejects.toThrow('resource "secrets" is masked by earlier rule "*.*"');
  });

  it('reads nothing after close', async () => {
    const transformer = await from(one(['secrets'], [gcm('k1', KEY)]));
    const stored = await transformer.encryptForResource('secrets', data, 'k');
    transformer.close();
    await expect(transformer.decryptForResource('secrets', stored, 'k')).rejects.toThrow('the transformer was closed, its key is gone');
  });
});
