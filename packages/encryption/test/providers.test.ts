import { describe, expect, it } from 'vitest';
import {
  aesCbcTransformer,
  aesGcmTransformer,
  GCM_WRITES_MAX,
  identityTransformer,
  secretboxTransformer,
  TransformError,
  WriteCounters,
} from '../src/index.js';
import { openExtended } from '../src/kms/extended-nonce.js';
import { primitives as noble } from '../src/primitives/noble.js';
import { primitives as node } from '../src/primitives/node.js';
import type { Transformer, TransformResult } from '../src/transformer.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const key = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + 3);

const PROVIDERS: [string, () => Transformer, number][] = [
  ['aesgcm', () => aesGcmTransformer(key(32), { keyName: 'k' }), 28],
  ['aescbc', () => aesCbcTransformer(key(32), { keyName: 'k' }), 32],
  ['secretbox', () => secretboxTransformer(key(32), { keyName: 'k' }), 40],
];

describe('values that kube-apiserver wrote', () => {
  it('reads AES-GCM', async () => {
    const payload = fromHex('9f27c8fcea8a58c467d8e437dbf2d85955f9b4bd912f4ef967d788a0cb07797dac0a3f0a0845605ca85ac8562b4ae1');
    const result = await aesGcmTransformer(bytes('snorlax_awesomes')).decrypt(payload, bytes('bamboo'));
    expect(text(result.data)).toBe('pandas are the best');
  });

  it('reads KMS v2 data under a seed', () => {
    const seed = fromHex('5d40323a820ff95561675e3b95e81867c5fdd561d35a88a2d08b08aa9d4fcf5c');
    const payload = fromHex(
      '2442759e33945fbad709db577a0f037fd8a709fc76979b8942209debcecb9d57efe3d6ff6a1ef6ee9a5003b9833b3043cec1e47b35175b151107a8d2416b0e296bbf66b5d102fcefdf9a78f293d271',
    );
    expect(text(openExtended(seed, payload, bytes('bamboo'), 'p'))).toBe('pandas are the best');
  });
});

describe.each(PROVIDERS)('%s', (provider, make, overhead) => {
  it('reads back what it wrote, at every length up to three blocks', async () => {
    const transformer = make();
    for (let length = 0; length <= 48; length++) {
      const data = key(length);
      const stored = await transformer.encrypt(data, bytes('/registry/a'));
      expect(stored.length).toBe(provider === 'aescbc' ? 16 + (Math.floor(length / 16) + 1) * 16 : length + overhead);
      const { data: read, ...rest } = await transformer.decrypt(stored, bytes('/registry/a'));
      expect(Uint8Array.from(read)).toEqual(data);
      expect(rest).toEqual({ stale: false, provider, keyName: 'k' });
    }
  });

  it('never writes the same bytes twice', async () => {
    const transformer = make();
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i++) seen.add(Buffer.from(await transformer.encrypt(bytes('same'), bytes('k'))).toString('hex'));
    expect(seen.size).toBe(1000);
  });

  it('refuses truncated values with an error that names provider and key', async () => {
    const transformer = make();
    const stored = await transformer.encrypt(bytes('value'), bytes('k'));
    for (let length = 0; length < stored.length; length++) {
      expect(() => transformer.decrypt(stored.subarray(0, length), bytes('k'))).toThrow(
        expect.objectContaining({ name: 'TransformError', provider, keyName: 'k' }),
      );
    }
  });
});

describe('authenticated values', () => {
  it('do not open under another key of the store', async () => {
    const transformer = aesGcmTransformer(key(32));
    const stored = await transformer.encrypt(bytes('value'), bytes('/registry/secrets/a/b'));
    expect(() => transformer.decrypt(stored, bytes('/registry/secrets/a/c'))).toThrow(
      new TransformError('cipher: message authentication failed', 'aesgcm'),
    );
  });

  it.each(PROVIDERS.filter(([name]) => name !== 'aescbc'))('%s: 50,000 mutations are all rejected', async (_provider, make) => {
    const transformer = make();
    const stored = await transformer.encrypt(key(64), bytes('k'));
    let random = 12345;
    const next = (bound: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % bound;
    };
    let accepted = 0;
    for (let i = 0; i < 50_000; i++) {
      const copy = stored.slice();
      const at = next(copy.length);
      copy[at] = (copy[at] as number) ^ (1 + next(255));
      try {
        await transformer.decrypt(copy, bytes('k'));
        accepted++;
      } catch (error) {
        if (!(error instanceof TransformError)) throw error;
      }
    }
    expect(accepted).toBe(0);
  });
});

describe('aescbc padding', () => {
  const open = (plain: Uint8Array): TransformResult | Promise<TransformResult> => {
    const iv = key(16);
    const blocks = node.aesCbcEncrypt(key(32), iv, plain);
    return aesCbcTransformer(key(32)).decrypt(Uint8Array.from([...iv, ...blocks]), bytes(''));
  };

  it('says what is wrong with it', () => {
    expect(() => open(new Uint8Array(16))).toThrow('invalid PKCS7 data (empty or not padded)');
    expect(() => open(new Uint8Array(16).fill(17))).toThrow('invalid PKCS7 data (empty or not padded)');
    expect(() => open(Uint8Array.from([...key(14), 9, 2]))).toThrow('invalid padding on input');
    expect(() => aesCbcTransformer(key(32)).decrypt(key(16), bytes(''))).toThrow('invalid PKCS7 data (empty or not padded)');
    expect(() => aesCbcTransformer(key(32)).decrypt(key(33), bytes(''))).toThrow('the stored data is not a multiple of the block size');
  });
});

describe('identity', () => {
  it('takes clear values and refuses what a cipher wrote', () => {
    expect(identityTransformer().decrypt(bytes('{}'), bytes(''))).toEqual({
      data: bytes('{}'),
      stale: false,
      provider: 'identity',
      keyName: '',
    });
    expect(() => identityTransformer().decrypt(bytes('k8s:enc:aesgcm:v1:x'), bytes(''))).toThrow(
      'identity transformer tried to read encrypted data',
    );
  });
});

describe('the write limit of a key', () => {
  const fingerprint = Object.keys(
    (() => {
      const counters = new WriteCounters();
      counters.of(key(32));
      return counters.snapshot();
    })(),
  )[0] as string;

  it('refuses at the bound', () => {
    const counters = new WriteCounters({ written: { [fingerprint]: GCM_WRITES_MAX } });
    const transformer = aesGcmTransformer(key(32), { keyName: 'old', counter: counters.of(key(32)) });
    expect(() => transformer.encrypt(bytes('a'), bytes('k'))).toThrow(
      'key "old" has encrypted 4294967296 values and must be rotated: put a new key before it',
    );
  });

  it('warns once half-way, whoever writes under the key', () => {
    const warnings: string[] = [];
    const counters = new WriteCounters({ written: { [fingerprint]: 2 ** 31 - 2 }, warn: (message) => warnings.push(message) });
    const first = aesGcmTransformer(key(32), { keyName: 'old', counter: counters.of(key(32)) });
    const second = aesGcmTransformer(key(32), { keyName: 'same', counter: counters.of(key(32)) });
    first.encrypt(bytes('a'), bytes('k'));
    expect(warnings).toEqual([]);
    second.encrypt(bytes('a'), bytes('k'));
    first.encrypt(bytes('a'), bytes('k'));
    expect(warnings).toEqual(['key "same" has encrypted 2147483648 values; rotate it before 4294967296']);
    expect(counters.snapshot()).toEqual({ [fingerprint]: 2 ** 31 + 1 });
  });
});

describe('a dropped key', () => {
  it.each([aesGcmTransformer, aesCbcTransformer, secretboxTransformer])('leaves the bytes of the caller alone', (make) => {
    const own = Buffer.from(key(32));
    make(own).close?.();
    expect(own).toEqual(Buffer.from(key(32)));
  });

  it.each(PROVIDERS)('%s neither writes nor reads', async (provider, make) => {
    const transformer = make();
    const stored = await transformer.encrypt(bytes('a'), bytes('k'));
    transformer.close?.();
    const error = expect.objectContaining({ provider, keyName: 'k', message: 'the transformer was closed, its key is gone' });
    expect(() => transformer.encrypt(bytes('a'), bytes('k'))).toThrow(error);
    expect(() => transformer.decrypt(stored, bytes('k'))).toThrow(error);
  });
});

describe('node:crypto and noble', () => {
  it('write the same bytes', () => {
    const [nonce, iv, data, aad] = [key(12), key(16), key(64), bytes('aad')];
    expect(Buffer.from(noble.aesGcmSeal(key(32), nonce, data, aad))).toEqual(Buffer.from(node.aesGcmSeal(key(32), nonce, data, aad)));
    expect(Buffer.from(noble.aesCbcEncrypt(key(16), iv, data))).toEqual(Buffer.from(node.aesCbcEncrypt(key(16), iv, data)));
    expect(Buffer.from(noble.hmacSha256(key(32), data))).toEqual(Buffer.from(node.hmacSha256(key(32), data)));
    const sealed = node.aesGcmSeal(key(24), nonce, data, aad);
    expect(Buffer.from(noble.aesGcmOpen(key(24), nonce, sealed, aad) ?? [])).toEqual(Buffer.from(data));
    expect(noble.aesGcmOpen(key(24), nonce, sealed, bytes('other'))).toBeNull();
  });
});
