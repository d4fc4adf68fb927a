import { describe, expect, it } from 'vitest';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const config = (resources: unknown): object => ({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources });
const rule = (resources: unknown, providers: unknown = [{ identity: {} }]): object => config([{ resources, providers }]);
const secrets = (...providers: unknown[]): object => rule(['secrets'], providers);
const kms = (fields: object): object => secrets({ kms: { apiVersion: 'v2', name: 'n', endpoint: 'unix:///s', ...fields } });
const AT = 'resources[0].providers[0]';

function messageOf(source: string | object, reload = false): string {
  try {
    parseEncryptionConfiguration(source, { reload });
  } catch (error) {
    expect((error as Error).name).toBe('EncryptionConfigError');
    return (error as Error).message;
  }
  return 'accepted';
}

describe('every message of validation', () => {
  it.each<[string, object, string]>([
    ['no entry', config([]), 'resources: Required value: at least one resources is required'],
    [
      'apiserveripinfo',
      rule(['apiserveripinfo']),
      'resources[0].resources[0]: Invalid value: "apiserveripinfo": resources which do not have REST API/s cannot be encrypted',
    ],
    [
      'serviceipallocations',
      rule(['serviceipallocations']),
      'resources[0].resources[0]: Invalid value: "serviceipallocations": resources which do not have REST API/s cannot be encrypted',
    ],
    [
      'events.k8s.io',
      rule(['*.events.k8s.io']),
      "resources[0].resources[0]: Invalid value: \"*.events.k8s.io\": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    ],
    [
      'all groups',
      rule(['pods.*']),
      'resources[0].resources[0]: Invalid value: "pods.*": encrypting the same resource across groups is not supported',
    ],
    [
      'everything and more',
      rule(['*.*', 'deployments.apps']),
      'resources[0].resources: Invalid value: ["*.*","deployments.apps"]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked',
    ],
    [
      'a group and one of it',
      rule(['*.apps', 'deployments.apps']),
      'resources[0].resources: Invalid value: ["*.apps","deployments.apps"]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked',
    ],
    [
      'twice, and overlapping',
      rule(['*.', '*.', 'pods']),
      '[resources[0].resources: Invalid value: ["*.","*.","pods"]: the same resource cannot be specified multiple times, resources[0].resources: Invalid value: ["*.","*.","pods"]: using overlapping resources such as \'secrets\' and \'*.\' in the same resource list is not allowed as they will be masked]',
    ],
    [
      'an empty provider',
      secrets({}),
      `${AT}: Invalid value: {"AESGCM":null,"AESCBC":null,"Secretbox":null,"Identity":null,"KMS":null}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    ],
    [
      'two providers in one',
      secrets({ identity: {}, secretbox: { keys: [{ name: 'k', secret: KEY }] } }),
      `${AT}: Invalid value: {"AESGCM":null,"AESCBC":null,"Secretbox":{"Keys":[{"Name":"k","Secret":"REDACTED"}]},"Identity":{},"KMS":null}: more than one provider specified in a single element, should split into different list elements`,
    ],
    ['no keys', secrets({ aescbc: { keys: [] } }), `${AT}.aescbc.keys: Required value: at least one keys is required`],
    [
      'a key without anything',
      secrets({ secretbox: { keys: [{}] } }),
      `[${AT}.secretbox.keys[0].name: Required value: name is a mandatory field for a key, ${AT}.secretbox.keys[0].secret: Required value: secret is a mandatory field for a key]`,
    ],
    [
      'a secretbox key of 16 bytes',
      secrets({ secretbox: { keys: [{ name: 'k', secret: Buffer.alloc(16).toString('base64') }] } }),
      `${AT}.secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]`,
    ],
    [
      'an aescbc key of 33 bytes',
      secrets({ aescbc: { keys: [{ name: 'k', secret: Buffer.alloc(33).toString('base64') }] } }),
      `${AT}.aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 33, expected one of [16 24 32]`,
    ],
    [
      'base64 without its padding',
      secrets({ aesgcm: { keys: [{ name: 'k', secret: 'QUJD QUI' }] } }),
      `${AT}.aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
    ],
    ['no name', kms({ name: '' }), `${AT}.kms.name: Required value: name is a mandatory field for a provider`],
    ['no time', kms({ timeout: '0s' }), `${AT}.kms.timeout: Invalid value: 0s: timeout should be a positive value`],
    ['negative time', kms({ timeout: '-90s' }), `${AT}.kms.timeout: Invalid value: -1m30s: timeout should be a positive value`],
    ['no endpoint', kms({ endpoint: '' }), `${AT}.kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms`],
    [
      'an endpoint that is no URL',
      kms({ endpoint: 'unix:///%zz' }),
      `${AT}.kms.endpoint: Invalid value: "unix:///%zz": invalid endpoint for kms provider, error: parse "unix:///%zz": invalid URL escape "%zz"`,
    ],
    [
      'an endpoint without a scheme',
      kms({ endpoint: '/run/s' }),
      `${AT}.kms.endpoint: Invalid value: "/run/s": unsupported scheme "" for KMS provider, only unix is supported`,
    ],
    [
      'an endpoint with control characters',
      kms({ endpoint: 'unix:///a\n' }),
      `${AT}.kms.endpoint: Invalid value: "unix:///a\\n": invalid endpoint for kms provider, error: parse "unix:///a\\n": net/url: invalid control character in URL`,
    ],
    [
      'an endpoint that begins with a colon',
      kms({ endpoint: ':s' }),
      `${AT}.kms.endpoint: Invalid value: ":s": invalid endpoint for kms provider, error: parse ":s": missing protocol scheme`,
    ],
    ['an endpoint in capitals', kms({ endpoint: 'UNIX:///s' }), 'accepted'],
    ['cachesize in v2', kms({ cachesize: 5 }), `${AT}.kms.cachesize: Invalid value: 5: cachesize is not supported in v2`],
    [
      'cachesize 0 in v1',
      kms({ apiVersion: 'v1', cachesize: 0 }),
      `${AT}.kms.cachesize: Invalid value: 0: cachesize should be a positive value, or negative to disable`,
    ],
    ['cachesize -1 in v1', kms({ apiVersion: 'v1', cachesize: -1 }), 'accepted'],
    [
      'v3',
      kms({ apiVersion: 'v3' }),
      `${AT}.kms.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported`,
    ],
    [
      'several faults of a kms, in order',
      kms({ name: 'a:b', timeout: '-1s', endpoint: 'tcp://x', cachesize: 1, apiVersion: 'v9' }),
      `[${AT}.kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':', ${AT}.kms.timeout: Invalid value: -1s: timeout should be a positive value, ${AT}.kms.endpoint: Invalid value: "tcp://x": unsupported scheme "tcp" for KMS provider, only unix is supported, ${AT}.kms.cachesize: Invalid value: 1: cachesize is not supported in v2, ${AT}.kms.apiVersion: Invalid value: "v9": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported]`,
    ],
    [
      'a name twice in v2, across entries',
      config([
        { resources: ['secrets'], providers: [{ kms: { apiVersion: 'v2', name: 'n', endpoint: 'unix:///s' } }] },
        { resources: ['pods'], providers: [{ kms: { apiVersion: 'v2', name: 'n', endpoint: 'unix:///t' } }] },
      ]),
      'resources[1].providers[0].kms.name: Invalid value: "n": duplicate KMS provider name n, names must be unique',
    ],
    ['a key whose base64 ends with a line', secrets({ aesgcm: { keys: [{ name: 'k', secret: `${KEY}\n` }] } }), 'accepted'],
  ])('%s', (_name, source, message) => {
    expect(messageOf(source)).toBe(message);
  });

  it('knows v1 names only with automatic reload', () => {
    const twice = secrets({ kms: { name: 'n', endpoint: 'unix:///s' } }, { kms: { name: 'n', endpoint: 'unix:///s' } });
    expect(messageOf(twice)).toBe('accepted');
    expect(messageOf(twice, true)).toBe(
      'resources[0].providers[1].kms.name: Invalid value: "n": duplicate KMS provider name n, names must be unique',
    );
  });
});

describe('decoding', () => {
  const yaml = (text: string): string => `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n${text}`;
  it.each([
    [
      'a field twice, in YAML',
      yaml('- resources: [secrets]\n  providers:\n  - identity: {}\n  resources: [pods]\n'),
      'strict decoding error: yaml: unmarshal errors:\n  line 7: key "resources" already set in map',
    ],
    [
      'a field twice, in JSON',
      '{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": [{"resources": ["secrets"], "providers": [{"identity": {}}], "providers": [{"identity": {}}]}]}',
      'strict decoding error: duplicate field "resources[0].providers"',
    ],
    [
      'several unknown fields',
      yaml('- resources: [secrets]\n  providers:\n  - identity: {}\n    aesgmc: {}\n  more: 1\n'),
      'strict decoding error: unknown field "resources[0].more", unknown field "resources[0].providers[0].aesgmc"',
    ],
    [
      'another kind',
      'apiVersion: apiserver.config.k8s.io/v1\nkind: Other\n',
      'no kind "Other" is registered for version "apiserver.config.k8s.io/v1"',
    ],
    [
      'another version',
      'apiVersion: apiserver.config.k8s.io/v2\nkind: EncryptionConfiguration\n',
      'no kind "EncryptionConfiguration" is registered for version "apiserver.config.k8s.io/v2"',
    ],
    ['a list', '[]', 'the document must be an object'],
    ['no version', 'kind: EncryptionConfiguration\n', "Object 'apiVersion' is missing"],
    [
      'a number for a key',
      yaml('- resources: [secrets]\n  providers:\n  - aesgcm: {keys: [{name: k, secret: 12345}]}\n'),
      `${AT}.aesgcm.keys[0].secret must be a string`,
    ],
    [
      'a duration without its unit',
      yaml('- resources: [secrets]\n  providers:\n  - kms: {timeout: "3"}\n'),
      'time: missing unit in duration "3"',
    ],
    [
      'a duration with another unit',
      yaml('- resources: [secrets]\n  providers:\n  - kms: {timeout: 3d}\n'),
      'time: unknown unit "d" in duration "3d"',
    ],
    [
      'identity without its object',
      yaml('- resources: [secrets]\n  providers:\n  - identity:\n'),
      `${AT}: Invalid value: {"AESGCM":null,"AESCBC":null,"Secretbox":null,"Identity":null,"KMS":null}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    ],
    [
      'aliases that unfold without end',
      `a: &a [x, x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]\n`).join('')}`,
      'yaml: document contains excessive aliasing',
    ],
  ])('%s', (_name, source, message) => {
    expect(messageOf(source)).toBe(message);
  });

  it('reads the older name as the present one', () => {
    const legacy = parseEncryptionConfiguration(
      'kind: EncryptionConfig\napiVersion: v1\nresources:\n- resources: ["*.apps"]\n  providers: [{identity: {}}]\n',
    );
    expect(legacy).toEqual({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['*.apps'], providers: [{ identity: {} }] }],
    });
  });
});

describe('rules that mask others', () => {
  const build = async (...lists: string[][]): Promise<string> => {
    const source = config(lists.map((resources) => ({ resources, providers: [{ identity: {} }] })));
    try {
      await EncryptionTransformer.fromConfig(parseEncryptionConfiguration(source));
      return 'accepted';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const masked = (resource: string, rule: string): string =>
    `error while building transformers: resource "${resource}" is masked by earlier rule "${rule}"`;

  it.each<[string[][], string]>([
    [[['*.'], ['secrets']], masked('secrets', '*.')],
    [[['*.apps'], ['pods'], ['deployments.apps']], masked('deployments.apps', '*.apps')],
    [[['*.*'], ['*.apps']], masked('*.apps', '*.*')],
    [[['*.*'], ['*.*']], masked('*.*', '*.*')],
    [[['*.apps'], ['*.apps']], masked('*.apps', '*.apps')],
    [[['*.apps'], ['*.*'], ['jobs.batch']], masked('jobs.batch', '*.*')],
    [[['secrets'], ['*.'], ['*.*']], 'accepted'],
    [[['secrets'], ['secrets']], 'accepted'],
  ])('%j', async (lists, expected) => {
    expect(await build(...lists)).toBe(expected);
  });

  it('joins the providers of a resource that several entries name', async () => {
    const keyed = (name: string, fill: number): object => ({
      aesgcm: { keys: [{ name, secret: Buffer.alloc(32, fill).toString('base64') }] },
    });
    const one = await EncryptionTransformer.fromConfig(parseEncryptionConfiguration(secrets(keyed('b', 2))));
    const both = await EncryptionTransformer.fromConfig(
      parseEncryptionConfiguration(
        config([
          { resources: ['secrets'], providers: [keyed('a', 1)] },
          { resources: ['pods', 'secrets'], providers: [keyed('b', 2)] },
        ]),
      ),
    );
    const stored = await one.encryptForResource('secrets', Buffer.from('x'), 'k');
    expect(await both.decryptForResource('secrets', stored, 'k')).toMatchObject({ stale: true, keyName: 'b' });
    expect(both.writerFor('secrets')).toEqual({ provider: 'aesgcm', keyName: 'a' });
    expect(both.writerFor('pods')).toEqual({ provider: 'aesgcm', keyName: 'b' });
  });
});

describe("the guide's own examples", () => {
  it('says which key has 31 bytes', () => {
    const guide = `
kind: EncryptionConfig
apiVersion: v1
resources:
  - resources:
    - secrets
    providers:
    # Try key1 first
    - aescbc:
        keys:
        - name: key1
          secret: K7XSxhxZZ7Y5QZ0ckZjW8qY4b2X+J5GvP9N2bXxYqT8=
    # Then try key2 (for rotation)
    - aescbc:
        keys:
        - name: key2
          secret: dGVzdGtleWRhdGF0ZXN0a2V5ZGF0YXRlc3RrZXlkYQ==
    # Finally, try identity (for migration from unencrypted)
    - identity: {}

  - resources:
    - configmaps
    providers:
    - identity: {}  # Don't encrypt ConfigMaps
`;
    expect(messageOf(guide)).toBe(
      'resources[0].providers[1].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 31, expected one of [16 24 32]',
    );
  });

  it.each(['aescbc', 'aesgcm'])('encrypts and decrypts with %s', async (provider) => {
    const guide = `
kind: EncryptionConfig
apiVersion: v1
resources:
  - resources:
    - secrets
    providers:
    - ${provider}:
        keys:
        - name: key1
          secret: K7XSxhxZZ7Y5QZ0ckZjW8qY4b2X+J5GvP9N2bXxYqT8=
`;
    const transformer = await EncryptionTransformer.fromConfig(parseEncryptionConfiguration(guide));
    const plaintext = Buffer.from('my-secret-data');
    const ciphertext = await transformer.encryptForResource('secrets', plaintext, '/registry/secrets/default/my-secret');
    expect(Buffer.from(ciphertext).toString('latin1')).toMatch(new RegExp(`^k8s:enc:${provider}:v1:key1:`));
    const decrypted = await transformer.decryptForResource('secrets', ciphertext, '/registry/secrets/default/my-secret');
    expect(Buffer.from(decrypted.data)).toEqual(plaintext);
  });
});
