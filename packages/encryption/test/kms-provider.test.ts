import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { EncryptedObjectSchema } from '../src/gen/kms_pb.js';
import { TransformError } from '../src/index.js';
import { type KeyService, type KeyServiceStatus, KmsProvider, keyIdHash } from '../src/kms.js';
import { primitives } from '../src/primitives/node.js';

const data = Buffer.from('{"kind":"Secret"}');
const aad = Buffer.from('/registry/secrets/a/b');
const UUID = '[0-9a-f-]{36}';

/** A key service that answers what a test wants: its cipher is none, the seed is stored reversed. */
class Service implements KeyService {
  answer: KeyServiceStatus = { version: 'v2', healthz: 'ok', keyId: '1' };
  encryptKeyId: string | null = null;
  annotations: Record<string, Uint8Array> = {};
  failure: Error | null = null;
  ciphertext: Uint8Array | null = null;
  decryptCount = 0;
  async status(): Promise<KeyServiceStatus> {
    if (this.failure !== null) throw this.failure;
    return this.answer;
  }
  async encrypt(plaintext: Uint8Array): Promise<{ ciphertext: Uint8Array; keyId: string; annotations: Record<string, Uint8Array> }> {
    if (this.failure !== null) throw this.failure;
    return {
      ciphertext: this.ciphertext ?? Uint8Array.from(plaintext).reverse(),
      keyId: this.encryptKeyId ?? this.answer.keyId,
      annotations: this.annotations,
    };
  }
  async decrypt({ ciphertext }: { ciphertext: Uint8Array }): Promise<Uint8Array> {
    this.decryptCount += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== null) throw this.failure;
    return Uint8Array.from(ciphertext).reverse();
  }
}

function setUp(): { service: Service; provider: KmsProvider; clock: { ms: number } } {
  const service = new Service();
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  return { service, clock, provider: new KmsProvider({ name: 'vault', service, now: () => clock.ms, poll: false }) };
}

describe('the state of a KMS v2 provider', () => {
  it('says why a new data key was refused', async () => {
    const { service, provider } = setUp();
    service.encryptKeyId = '2';
    const hash = (id: string): string => keyIdHash(id);
    expect((await provider.probe())?.message).toMatch(
      new RegExp(
        `^kmsv2 Provider vault is not healthy, error: failed to rotate DEK uid="${UUID}", useSeed=true, errState=got unexpected nil transformer, errGen=<nil>, statusKeyIDHash="${hash('1')}", encryptKeyIDHash="${hash('2')}", stateKeyIDHash="", expirationTimestamp=0001-01-01T00:00:00Z$`,
      ),
    );
    service.encryptKeyId = null;
    expect(await provider.probe()).toBeNull();
    service.answer = { ...service.answer, keyId: '3' };
    service.ciphertext = new Uint8Array(1025);
    expect((await provider.probe())?.message).toMatch(
      new RegExp(
        `errState=<nil>, errGen=failed to validate encrypted DEK source: encrypted DEK source is 1025 bytes, which exceeds the max size of 1024, statusKeyIDHash="${hash('3')}", encryptKeyIDHash="", stateKeyIDHash="${hash('1')}", expirationTimestamp=2026-01-01T00:03:00Z$`,
      ),
    );
    // The old data key goes on.
    expect(await provider.decrypt(provider.encrypt(data, aad), aad)).toMatchObject({ stale: false });
  });

  it.each([
    [{ healthz: 'bad' }, 'got unexpected healthz status: bad'],
    [{ version: 'v1' }, 'expected KMSv2 API version v2, got v1'],
    [{ version: 'v2beta1' }, 'KMSv2 API version should not change after the initial status response version v2, got v2beta1'],
    [{ keyId: '' }, 'got invalid KMSv2 KeyID hash "": keyID is empty'],
    [
      { keyId: 'x'.repeat(1025), healthz: 'bad' },
      `[got unexpected healthz status: bad, got invalid KMSv2 KeyID hash "${keyIdHash('x'.repeat(1025))}": keyID is 1025 bytes, which exceeds the max size of 1024]`,
    ],
  ])('is unhealthy with %j', async (change, message) => {
    const { service, provider } = setUp();
    expect(await provider.probe()).toBeNull();
    service.answer = { ...service.answer, ...change };
    expect((await provider.probe())?.message).toBe(`kmsv2 Provider vault is not healthy, error: ${message}`);
  });

  it('remembers health 20 s, and its lack 3 s with the bare error of the call', async () => {
    const { service, provider, clock } = setUp();
    expect(await provider.checkHealth()).toBeNull();
    service.failure = new Error('rpc error: code = Unavailable desc = gone');
    clock.ms += 19_999;
    expect(await provider.checkHealth()).toBeNull();
    clock.ms += 1;
    expect((await provider.checkHealth())?.message).toBe(
      'failed to perform status section of the healthz check for KMS Provider vault, error: rpc error: code = Unavailable desc = gone',
    );
    service.failure = null;
    clock.ms += 2999;
    expect((await provider.checkHealth())?.message).toBe('rpc error: code = Unavailable desc = gone');
    clock.ms += 1;
    expect(await provider.checkHealth()).toBeNull();
  });

  it('an expired data key lives again when the status names its key', async () => {
    const { provider, clock } = setUp();
    await provider.probe();
    clock.ms += 180_001;
    expect(() => provider.encrypt(data, aad)).toThrow(
      `encryptedDEKSource with keyID hash "${keyIdHash('1')}" expired at 2026-01-01T00:03:00Z (current time is 2026-01-01T00:03:00Z)`,
    );
    await provider.probe();
    expect(provider.encrypt(data, aad).length).toBeGreaterThan(data.length);
  });

  it('asks for a data key once, however many values wait for it', async () => {
    const { service, provider } = setUp();
    await provider.probe();
    const stored = Array.from({ length: 10 }, () => provider.encrypt(data, aad));
    const other = new KmsProvider({ name: 'vault', service, poll: false });
    await other.probe();
    const read = await Promise.all(stored.map((value) => other.decrypt(value, aad)));
    expect(read.map((each) => Buffer.from(each.data).toString())).toEqual(stored.map(() => data.toString()));
    expect(service.decryptCount).toBe(1);
    service.failure = new Error('rpc error: code = Unknown desc = sealed');
    const third = new KmsProvider({ name: 'vault', service, poll: false });
    service.failure = null;
    await third.probe();
    service.failure = new Error('rpc error: code = Unknown desc = sealed');
    await expect(third.decrypt(stored[0] as Uint8Array, aad)).rejects.toThrow(
      'failed to decrypt DEK, error: rpc error: code = Unknown desc = sealed',
    );
  });

  it('neither reads nor writes once closed', async () => {
    const { provider } = setUp();
    await provider.probe();
    const stored = provider.encrypt(data, aad);
    provider.close();
    expect(() => provider.encrypt(data, aad)).toThrow('got unexpected nil transformer');
    expect(() => provider.decrypt(stored, aad)).toThrow('got unexpected nil transformer');
  });
});

describe('values of a KMS v2 provider', () => {
  async function primed() {
    const made = setUp();
    made.service.annotations = { 'a.example.com': Buffer.from('note') };
    expect(await made.provider.probe()).toBeNull();
    return { ...made, stored: made.provider.encrypt(data, aad) };
  }
  const change = (stored: Uint8Array, edit: (object: ReturnType<typeof decode>) => void): Uint8Array => {
    const object = decode(stored);
    edit(object);
    return toBinary(EncryptedObjectSchema, object);
  };
  const decode = (stored: Uint8Array) => fromBinary(EncryptedObjectSchema, stored);

  it('carry what decrypts them', async () => {
    const { stored } = await primed();
    const { keyID, annotations, encryptedDEKSourceType, encryptedData } = decode(stored);
    expect({ keyID, encryptedDEKSourceType, note: Buffer.from(annotations['a.example.com'] ?? []).toString() }).toEqual({
      keyID: '1',
      encryptedDEKSourceType: 1,
      note: 'note',
    });
    expect(encryptedData.length).toBe(32 + 12 + data.length + 16);
  });

  it('of the older type are read, as stale', async () => {
    const { provider, stored, service } = await primed();
    const dek = Buffer.alloc(32, 7);
    const nonce = Buffer.alloc(12, 1);
    const old = change(stored, (object) => {
      object.encryptedDEKSourceType = 0;
      object.encryptedDEKSource = Uint8Array.from(dek).reverse();
      object.encryptedData = primitives.aesGcmSeal(dek, nonce, data, aad, nonce);
    });
    const read = await provider.decrypt(old, aad);
    expect({ ...read, data: Buffer.from(read.data).toString() }).toEqual({
      data: data.toString(),
      stale: true,
      provider: 'kms',
      keyName: 'vault',
    });
    expect(service.decryptCount).toBe(1);
  });

  it.each<[string, (object: ReturnType<typeof decode>) => void, string]>([
    ['type', (object) => (object.encryptedDEKSourceType = 2), 'unknown encryptedDEKSourceType: 2'],
    ['data', (object) => (object.encryptedData = new Uint8Array(0)), 'encrypted data is empty'],
    [
      'source',
      (object) => (object.encryptedDEKSource = new Uint8Array(0)),
      'failed to validate encrypted DEK source: encrypted DEK source is empty',
    ],
    ['key id', (object) => (object.keyID = ''), 'failed to validate key id: keyID is empty'],
    [
      'annotation',
      (object) => (object.annotations = { bad: new Uint8Array(0) }),
      'failed to validate annotations: annotations: Invalid value: "bad": should be a domain with at least two segments separated by dots',
    ],
    [
      'annotation in capitals',
      (object) => (object.annotations = { 'A.example': new Uint8Array(0) }),
      "failed to validate annotations: annotations: Invalid value: \"A.example\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    [
      'large annotations',
      (object) => (object.annotations = { 'a.b': new Uint8Array(32_768) }),
      'failed to validate annotations: total size of annotations is 32771, which exceeds the max size of 32768',
    ],
    ['short data', (object) => (object.encryptedData = new Uint8Array(31)), 'the stored data was shorter than the required size'],
    ['no nonce', (object) => (object.encryptedData = new Uint8Array(40)), 'the stored data was shorter than the required size'],
    ['other data', (object) => (object.encryptedData = new Uint8Array(80)), 'cipher: message authentication failed'],
  ])('with another %s are refused', async (_name, edit, message) => {
    const { provider, stored } = await primed();
    const bad = change(stored, edit);
    await expect((async () => provider.decrypt(bad, aad))()).rejects.toThrow(
      expect.objectContaining({ name: 'TransformError', message, provider: 'kms', keyName: 'vault' }),
    );
  });

  it('with a seed that is too short are refused', async () => {
    const { provider, stored } = await primed();
    const bad = change(stored, (object) => (object.encryptedDEKSource = new Uint8Array(16)));
    await expect((async () => provider.decrypt(bad, aad))()).rejects.toThrow('invalid seed length 16 used for key generation');
  });

  it('5,000 mutations: an error, or the very same value', async () => {
    const { provider, stored } = await primed();
    let random = 99;
    const next = (bound: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % bound;
    };
    let wrong = 0;
    let accepted = 0;
    for (let i = 0; i < 5_000; i++) {
      const copy = Uint8Array.from(stored);
      const at = next(copy.length);
      copy[at] = (copy[at] as number) ^ (1 + next(255));
      try {
        const read = await provider.decrypt(copy, aad);
        accepted += 1;
        if (!Buffer.from(read.data).equals(data)) wrong += 1;
      } catch (error) {
        if (!(error instanceof TransformError)) throw error;
      }
    }
    expect(wrong).toBe(0);
    // The key id and the annotations are not authenticated, as upstream: this service does not look at them.
    expect(accepted).toBeLessThan(5_000 * (40 / stored.length));
  });
});
