import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { EncryptionTransformer, parseEncryptionConfiguration, type TransformResult } from '../src/index.js';

const secret = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const configuration = (provider: string): string => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - ${provider}: {keys: [{name: k1, secret: ${secret(3)}}]}
      - identity: {}
`;
const KEY = '/registry/secrets/default/a';

let code = '';
beforeAll(async () => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `
        import { EncryptionTransformer, parseEncryptionConfiguration } from './src/index.ts';
        globalThis.open = async (yaml) => EncryptionTransformer.fromConfig(parseEncryptionConfiguration(yaml));`,
      resolveDir: join(import.meta.dirname, '..'),
    },
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'browser',
    conditions: ['@k/source', 'browser'],
  });
  code = outputFiles[0]?.text ?? '';
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((path) => path.endsWith('primitives/noble.ts'))).toBe(true);
  expect(inputs.filter((path) => /grpc|primitives\/node|prom-client|aws-sdk|commander/.test(path))).toEqual([]);
});

/** What a page has, and nothing of Node. */
function page(): { open: (yaml: string) => Promise<EncryptionTransformer> } {
  const globals = { crypto: globalThis.crypto, TextEncoder, TextDecoder, atob, btoa };
  const context = createContext(globals) as unknown as { open: (yaml: string) => Promise<EncryptionTransformer> };
  runInContext(code, context as object);
  return context;
}

describe('in a browser', () => {
  it.each(['aesgcm', 'aescbc', 'secretbox'])('%s: reads what Node wrote, and the other way round', async (provider) => {
    const browser = await page().open(configuration(provider));
    const node = await EncryptionTransformer.fromConfig(parseEncryptionConfiguration(configuration(provider)));
    for (const length of [0, 1, 15, 16, 17, 1000]) {
      const data = Uint8Array.from({ length }, (_, i) => i);
      const stored = [await browser.encryptForResource('secrets', data, KEY), await node.encryptForResource('secrets', data, KEY)];
      for (const value of stored) {
        for (const reader of [browser, node]) {
          const read: TransformResult = await reader.decryptForResource('secrets', Uint8Array.from(value), KEY);
          expect({ ...read, data: Buffer.from(read.data).toString('hex') }).toEqual({
            data: Buffer.from(data).toString('hex'),
            stale: false,
            provider,
            keyName: 'k1',
          });
        }
      }
    }
  });

  it('refuses as Node does', async () => {
    const browser = await page().open(configuration('aesgcm'));
    const stored = await browser.encryptForResource('secrets', Uint8Array.of(1, 2, 3), KEY);
    await expect(browser.decryptForResource('secrets', stored, '/registry/secrets/default/b')).rejects.toMatchObject({
      name: 'TransformError',
      message: 'cipher: message authentication failed',
      provider: 'aesgcm',
      keyName: 'k1',
    });
    await expect(page().open(configuration('aesgcm').replace(secret(3), 'AAAA'))).rejects.toMatchObject({
      name: 'EncryptionConfigError',
      message:
        'resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [16 24 32]',
    });
  });
});
