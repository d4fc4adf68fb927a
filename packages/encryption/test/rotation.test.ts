import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EncryptionTransformer, inspectStoredValue, parseEncryptionConfiguration, TransformError } from '../src/index.js';
import { createKmsTransformer } from '../src/kms.js';
import { type KmsPlugin, localKeyService, startKmsPlugin } from '../src/kms-plugin.js';

const RUNS = process.env['SLOW'] === '1' ? 2000 : 150;
const key = (name: string, bytes = 32): object => ({
  name,
  secret: Buffer.from(Array.from({ length: bytes }, (_, i) => (name.charCodeAt(0) * 31 + name.length * 7 + i) % 256)).toString('base64'),
});

let dir = '';
let plugin: KmsPlugin;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rotation-'));
  plugin = await startKmsPlugin({ socket: join(dir, 's'), service: localKeyService({ file: join(dir, 'keys') }) });
});
afterAll(async () => {
  await plugin.close();
  rmSync(dir, { recursive: true });
});

const open = (providers: object[]): Promise<EncryptionTransformer> =>
  EncryptionTransformer.fromConfig(
    parseEncryptionConfiguration({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers }],
    }),
    { kms: (config) => createKmsTransformer(config, { poll: false }) },
  );

/** The life of a cluster's secrets: each step puts a provider or a key first and keeps all that came before. */
function steps(): object[][] {
  const identity = { identity: {} };
  const kms = { kms: { apiVersion: 'v2', name: 'vault', endpoint: `unix://${join(dir, 's')}` } };
  const cbc = { aescbc: { keys: [key('a', 16)] } };
  const cbcTwo = { aescbc: { keys: [key('b'), key('a', 16)] } };
  const gcm = { aesgcm: { keys: [key('c', 24)] } };
  const gcmTwo = { aesgcm: { keys: [key('d'), key('c', 24)] } };
  const box = { secretbox: { keys: [key('e')] } };
  return [
    [identity],
    [cbc, identity],
    [cbcTwo, identity],
    [gcm, cbcTwo, identity],
    [gcmTwo, cbcTwo, identity],
    [box, gcmTwo, cbcTwo, identity],
    [kms, box, gcmTwo, cbcTwo, identity],
    [identity, kms, box, gcmTwo, cbcTwo],
  ];
}

describe('rotation', () => {
  it('every step reads what every earlier one wrote, and knows that it is stale', async () => {
    const written: { value: Uint8Array; at: string; by: string }[] = [];
    for (const [i, providers] of steps().entries()) {
      const transformer = await open(providers);
      const at = `/registry/secrets/a/${i}`;
      const value = await transformer.encryptForResource('secrets', Buffer.from(`value ${i}`), at);
      const { provider, keyName } = inspectStoredValue(value);
      const by = `${provider} ${keyName}`;
      const writer = transformer.writerFor('secrets');
      expect(`${writer?.provider} ${writer?.keyName}`).toBe(by);
      written.push({ value, at, by });
      for (const [n, earlier] of written.entries()) {
        const read = await transformer.decryptForResource('secrets', earlier.value, earlier.at);
        expect([Buffer.from(read.data).toString(), `${read.provider} ${read.keyName}`, read.stale]).toEqual([
          `value ${n}`,
          earlier.by,
          earlier.by !== by,
        ]);
      }
      transformer.close();
    }
  });

  it('without the key that wrote it, a value names what is missing', async () => {
    const all = await Promise.all(steps().map(open));
    const [, cbc, , gcm, , box, kms] = all;
    const bare = await open([{ identity: {} }]);
    for (const [writer, provider] of [
      [cbc, 'aescbc'],
      [gcm, 'aesgcm'],
      [box, 'secretbox'],
      [kms, 'kms'],
    ] as [EncryptionTransformer, string][]) {
      const value = await writer.encryptForResource('secrets', Buffer.from('x'), 'k');
      await expect(bare.decryptForResource('secrets', value, 'k')).rejects.toThrow('no matching prefix found');
      if (provider === 'kms') continue;
      const other = await open([{ [provider]: { keys: [key('z')] } }]);
      await expect(other.decryptForResource('secrets', value, 'k')).rejects.toThrow(
        expect.objectContaining({
          message: `no matching key was found for the provided ${provider === 'secretbox' ? 'Secretbox' : 'AES'} transformer`,
          provider,
        }),
      );
    }
    for (const each of all) each.close();
  });

  it('two keys of one name: both are tried, and a failure of both says both', async () => {
    const same = (fill: number): object => ({ name: 'k', secret: Buffer.alloc(32, fill).toString('base64') });
    const old = await open([{ aesgcm: { keys: [same(1)] } }]);
    const value = await old.encryptForResource('secrets', Buffer.from('x'), 'k');
    const both = await open([{ aesgcm: { keys: [same(2), same(1)] } }]);
    expect(await both.decryptForResource('secrets', value, 'k')).toMatchObject({ stale: true, keyName: 'k' });
    const neither = await open([{ aesgcm: { keys: [same(2)] } }, { aesgcm: { keys: [same(3)] } }]);
    await expect(neither.decryptForResource('secrets', value, 'k')).rejects.toThrow(
      expect.objectContaining({ message: 'cipher: message authentication failed', provider: 'aesgcm', keyName: 'k' }),
    );
  });
});

describe('properties', () => {
  it('whatever is written is read back, under its own key of the store alone', async () => {
    const transformers = await Promise.all(steps().map(open));
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ minLength: 1, maxLength: 40 }),
        fc.nat({ max: transformers.length - 1 }),
        async (data, at, which) => {
          const transformer = transformers[which] as EncryptionTransformer;
          // Clear text that looks encrypted cannot be told from what is.
          fc.pre(!Buffer.from(data).toString('latin1').startsWith('k8s:enc:'));
          const stored = await transformer.encryptForResource('secrets', data, at);
          const read = await transformer.decryptForResource('secrets', stored, at);
          expect(Buffer.from(read.data)).toEqual(Buffer.from(data));
          expect(read.stale).toBe(false);
          const { provider } = transformer.writerFor('secrets') as { provider: string };
          if (provider !== 'aesgcm' && provider !== 'kms') return;
          await expect(transformer.decryptForResource('secrets', stored, `${at}x`)).rejects.toBeInstanceOf(TransformError);
        },
      ),
      { numRuns: RUNS },
    );
    for (const each of transformers) each.close();
  });

  it('foreign bytes are an error or, without any prefix of ours, clear text', async () => {
    const transformer = await open(steps()[6] as object[]);
    const prefixes = [
      'k8s:enc:',
      'k8s:enc:aesgcm:v1:d:',
      'k8s:enc:aescbc:v1:b:',
      'k8s:enc:secretbox:v1:e:',
      'k8s:enc:kms:v2:vault:',
      'k8s:enc:kms:v1:x:',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 200 }), async (prefix, rest) => {
        // Nothing authenticates AES-CBC: one in 256 random texts has a padding that fits.
        fc.pre(!prefix.includes('aescbc') || rest.length % 16 !== 0);
        const stored = Buffer.concat([Buffer.from(prefix), rest]);
        await expect(transformer.decryptForResource('secrets', stored, 'k')).rejects.toBeInstanceOf(TransformError);
      }),
      { numRuns: RUNS },
    );
    transformer.close();
  });
});
