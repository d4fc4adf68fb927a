import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  VersionRequestSchema,
  VersionResponseSchema,
} from '../src/gen/kms-v1_pb.js';
import { EncryptionTransformer, parseEncryptionConfiguration } from '../src/index.js';
import { createKmsTransformer, type KmsV1Provider } from '../src/kms.js';
import { primitives } from '../src/primitives/node.js';

const data = Buffer.from('{"kind":"Secret"}');
const aad = Buffer.from('/registry/secrets/a/b');
const kek = randomBytes(32);

let dir = '';
let server: Server;
let version = 'v1beta1';
let failure: string | null = null;
const calls: string[] = [];

const seal = (plain: Uint8Array): Buffer => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};
const open = (sealed: Uint8Array): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', kek, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
};

function method<I extends DescMessage, O extends DescMessage>(
  name: string,
  input: I,
  output: O,
  work: (request: MessageShape<I>) => MessageInitShape<O>,
) {
  return {
    definition: {
      path: `/v1beta1.KeyManagementService/${name}`,
      requestStream: false as const,
      responseStream: false as const,
      requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
      requestSerialize: (value: MessageShape<I>) => Buffer.from(toBinary(input, value)),
      responseSerialize: (value: MessageInitShape<O>) => Buffer.from(toBinary(output, create(output, value))),
      responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
    },
    handler: (call: { request: MessageShape<I> }, respond: (error: object | null, value?: MessageInitShape<O>) => void) => {
      calls.push(name);
      if (failure !== null) respond({ code: 2, details: failure });
      else respond(null, work(call.request));
    },
  };
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms1-'));
  version = 'v1beta1';
  failure = null;
  calls.length = 0;
  server = new Server();
  const methods = {
    Version: method('Version', VersionRequestSchema, VersionResponseSchema, () => ({ version, runtimeName: 'test', runtimeVersion: '1' })),
    Encrypt: method('Encrypt', EncryptRequestSchema, EncryptResponseSchema, ({ plain }) => ({ cipher: seal(plain) })),
    Decrypt: method('Decrypt', DecryptRequestSchema, DecryptResponseSchema, ({ cipher }) => ({ plain: open(cipher) })),
  };
  server.addService(
    Object.fromEntries(Object.entries(methods).map(([name, { definition }]) => [name, definition])),
    Object.fromEntries(Object.entries(methods).map(([name, { handler }]) => [name, handler])),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${join(dir, 's')}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
});
afterEach(() => {
  server.forceShutdown();
  rmSync(dir, { recursive: true });
});

const providerOf = async (cachesize?: number): Promise<KmsV1Provider> =>
  (await createKmsTransformer(
    {
      apiVersion: 'v1',
      name: 'old',
      endpoint: `unix://${join(dir, 's')}`,
      timeoutMs: 3000,
      ...(cachesize === undefined ? {} : { cachesize }),
    },
    { allowV1: true },
  )) as KmsV1Provider;

describe('KMS v1', () => {
  it('is off unless it is allowed', async () => {
    const configuration = parseEncryptionConfiguration({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [{ kms: { name: 'old', endpoint: 'unix:///s' } }] }],
    });
    await expect(EncryptionTransformer.fromConfig(configuration, { kms: createKmsTransformer })).rejects.toThrow(
      'error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    );
  });

  it('asks the plugin for every write, and once for each value that it has not in memory', async () => {
    const first = await providerOf();
    const stored = [await first.encrypt(data, aad), await first.encrypt(data, aad)];
    expect(calls).toEqual(['Version', 'Encrypt', 'Encrypt']);
    for (const value of stored) expect(Buffer.from((await first.decrypt(value, aad)).data)).toEqual(data);
    expect(calls).toHaveLength(3);
    const second = await providerOf();
    for (let round = 0; round < 3; round++) {
      expect(await second.decrypt(stored[0] as Uint8Array, aad)).toMatchObject({ stale: false, provider: 'kms', keyName: 'old' });
    }
    expect(calls.slice(3)).toEqual(['Version', 'Decrypt']);
    const none = await providerOf(-1);
    for (let round = 0; round < 2; round++) await none.decrypt(stored[0] as Uint8Array, aad);
    expect(calls.slice(5)).toEqual(['Version', 'Decrypt', 'Decrypt']);
    for (const provider of [first, second, none]) provider.close();
  });

  it('frames the encrypted data key with its length, and reads the cipher of long ago', async () => {
    const provider = await providerOf();
    const stored = Buffer.from(await provider.encrypt(data, aad));
    const length = stored.readUInt16BE(0);
    expect(length).toBe(60);
    const dek = open(stored.subarray(2, 62));
    const decipher = createDecipheriv('aes-256-gcm', dek, stored.subarray(62, 74));
    decipher.setAAD(aad);
    decipher.setAuthTag(stored.subarray(-16));
    expect(Buffer.concat([decipher.update(stored.subarray(74, -16)), decipher.final()])).toEqual(data);

    const padded = Buffer.concat([data, Buffer.alloc(15, 15)]);
    const iv = randomBytes(16);
    const old = Buffer.concat([stored.subarray(0, 62), iv, primitives.aesCbcEncrypt(dek, iv, padded)]);
    const read = await provider.decrypt(old, aad);
    expect(read.stale).toBe(true);
    expect(Buffer.from(read.data)).toEqual(data);
    provider.close();
  });

  it('says what is wrong with a value or with the plugin', async () => {
    const provider = await providerOf();
    const stored = await provider.encrypt(data, aad);
    const frame = 'invalid data encountered by envelope transformer: failed to read uint16 length prefixed data';
    for (const bad of [Buffer.of(), Buffer.of(1), Buffer.of(0, 9, 1, 2)]) await expect(provider.decrypt(bad, aad)).rejects.toThrow(frame);
    await expect(provider.decrypt(stored, Buffer.from('/other'))).rejects.toThrow(
      expect.objectContaining({
        message: '[cipher: message authentication failed, the stored data is not a multiple of the block size]',
        provider: 'kms',
        keyName: 'old',
      }),
    );
    expect(await provider.checkHealth()).toBeNull();
    failure = 'sealed';
    await expect(provider.encrypt(data, aad)).rejects.toThrow('rpc error: code = Unknown desc = sealed');
    provider.close();
    failure = null;
    version = 'v2';
    const other = await providerOf();
    await expect(other.encrypt(data, aad)).rejects.toThrow('KMS provider api version v2 is not supported, only v1beta1 is supported now');
    expect((await other.checkHealth())?.message).toBe(
      'failed to perform encrypt section of the healthz check for KMS Provider old, error: KMS provider api version v2 is not supported, only v1beta1 is supported now',
    );
    other.close();
  });
});
