import { EncryptionTransformer, parseEncryptionConfiguration } from '@k/encryption';

/** The quick start of the README. */
export async function quickStart(secret: string): Promise<{ stored: Uint8Array; text: string; stale: boolean }> {
  const transformer = await EncryptionTransformer.fromConfig(
    parseEncryptionConfiguration(`
      apiVersion: apiserver.config.k8s.io/v1
      kind: EncryptionConfiguration
      resources:
        - resources: [secrets]
          providers:
            - aesgcm: {keys: [{name: key1, secret: ${secret}}]}
            - identity: {}
    `),
  );
  const key = '/registry/secrets/default/password';
  const stored = await transformer.encryptForResource('secrets', new TextEncoder().encode('s3cret'), key);
  const { data, stale } = await transformer.decryptForResource('secrets', stored, key);
  return { stored, text: new TextDecoder().decode(data), stale };
}
