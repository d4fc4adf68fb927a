import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectKeyService, KmsProvider } from '../src/kms.js';
import { type AwsKeyServiceOptions, awsKeyService } from '../src/kms-plugin/aws.js';
import { startKmsPlugin } from '../src/kms-plugin.js';
import { ACCESS_KEY_ID, AwsKmsStandIn, REGION, SECRET_ACCESS_KEY } from './aws-kms-stand-in.js';

const data = Buffer.from('value');
const aad = Buffer.from('/registry/secrets/a/b');

let aws: AwsKmsStandIn;
let endpoint = '';
let nowMs = 0;
const ends: (() => void | Promise<void>)[] = [];
beforeEach(async () => {
  aws = new AwsKmsStandIn();
  endpoint = await aws.start();
  nowMs = Date.now();
  aws.createKey('one');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await aws.stop();
});

function keys(options: Partial<AwsKeyServiceOptions> = {}, secretAccessKey = SECRET_ACCESS_KEY) {
  const service = awsKeyService({
    keyId: 'one',
    config: { region: REGION, endpoint, credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey }, maxAttempts: 1 },
    now: () => nowMs,
    ...options,
  });
  ends.push(() => service.close?.());
  return service;
}

async function providerOver(options: Partial<AwsKeyServiceOptions> = {}): Promise<KmsProvider> {
  const provider = new KmsProvider({ name: 'aws', service: keys(options), poll: false, now: () => nowMs });
  expect(await provider.probe()).toBeNull();
  return provider;
}

describe('keys in AWS KMS', () => {
  it('encrypts data keys for a whole API server, through the plugin', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'aws-'));
    const socket = join(dir, 's');
    const plugin = await startKmsPlugin({ socket, service: keys({ encryptionContext: { cluster: 'a' } }) });
    ends.push(
      () => plugin.close(),
      () => rmSync(dir, { recursive: true }),
    );
    const stored: Uint8Array[] = [];
    for (let start = 0; start < 2; start++) {
      const provider = new KmsProvider({ name: 'aws', service: connectKeyService(`unix://${socket}`, 3000), poll: false });
      expect(await provider.probe()).toBeNull();
      for (let i = 0; i < 10; i++) stored.push(provider.encrypt(data, aad));
      for (const value of stored) expect(Buffer.from((await provider.decrypt(value, aad)).data)).toEqual(data);
      provider.close();
    }
    expect(aws.calls.filter((name) => name === 'Encrypt')).toHaveLength(2);
    expect(aws.calls.filter((name) => name === 'Decrypt')).toHaveLength(1);
  });

  it('takes a rotation of the key as a new key id; old values stay readable and are stale', async () => {
    const provider = await providerOver();
    const before = provider.encrypt(data, aad);
    aws.rotate('one', new Date('2026-05-01T00:00:00Z'));
    nowMs += 60_000;
    expect(await provider.probe()).toBeNull();
    expect(await provider.decrypt(before, aad)).toMatchObject({ stale: true });
    const after = provider.encrypt(data, aad);
    // Another server, with nothing in memory.
    const fresh = await providerOver();
    expect(await fresh.decrypt(before, aad)).toMatchObject({ stale: true });
    expect(await fresh.decrypt(after, aad)).toMatchObject({ stale: false });
  });

  it('follows an alias to another key, and still reads what the first one encrypted', async () => {
    aws.createKey('two');
    aws.aliases.set('alias/cluster', 'one');
    const provider = await providerOver({ keyId: 'alias/cluster' });
    const before = provider.encrypt(data, aad);
    aws.aliases.set('alias/cluster', 'two');
    const fresh = await providerOver({ keyId: 'alias/cluster' });
    expect(await fresh.decrypt(before, aad)).toMatchObject({ stale: true, provider: 'kms', keyName: 'aws' });
  });

  it('is unhealthy while the key is disabled', async () => {
    const key = aws.keys.get('one') as { state: string };
    key.state = 'Disabled';
    const service = keys();
    expect((await service.status()).healthz).toBe("the key's state is Disabled");
    key.state = 'Enabled';
    expect((await service.status()).healthz).toBe('ok');
  });

  it('works without the permission to list rotations', async () => {
    aws.denied.add('ListKeyRotations');
    const provider = await providerOver();
    expect(await provider.decrypt(provider.encrypt(data, aad), aad)).toMatchObject({ stale: false });
  });

  it('asks AWS for the status at most every half minute', async () => {
    const service = keys();
    await service.status();
    await service.encrypt(data, 'uid');
    await service.status();
    expect(aws.calls.filter((name) => name === 'DescribeKey')).toHaveLength(1);
    nowMs += 30_000;
    await service.status();
    expect(aws.calls.filter((name) => name === 'DescribeKey')).toHaveLength(2);
  });

  it('passes on what AWS refuses', async () => {
    await expect(keys({ keyId: 'none' }).status()).rejects.toThrow("Key 'none' does not exist");
    await expect(keys({}, 'another secret').status()).rejects.toThrow(expect.objectContaining({ name: 'InvalidSignatureException' }));
    const { ciphertext, keyId, annotations } = await keys({ encryptionContext: { cluster: 'a' } }).encrypt(data, '');
    const request = { ciphertext, keyId, annotations, uid: '' };
    expect(Buffer.from(await keys({ encryptionContext: { cluster: 'a' } }).decrypt(request))).toEqual(data);
    await expect(keys({ encryptionContext: { cluster: 'b' } }).decrypt(request)).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidCiphertextException' }),
    );
  });
});
