/**
 * AES-GCM as a configuration uses it (both prefixes, the key of the value authenticated, the nonce drawn and the write
 * counted), beside node:crypto called directly and beside noble, in one run.
 *
 *     npx tsx --conditions=@k/source bench/aes-gcm.bench.ts
 *
 * Ends with 1 when a size takes more than 1.3 times what node:crypto takes.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomFillSync } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { EncryptionTransformer, parseEncryptionConfiguration, type TransformResult } from '../src/index.js';

const RATIO_MAX = 1.3;
const ROUNDS = 40;
const key = randomBytes(32);
const aad = Buffer.from('/registry/secrets/default/example');
const head = Buffer.from('k8s:enc:aesgcm:v1:key1:');
const encryption = await EncryptionTransformer.fromConfig(
  parseEncryptionConfiguration({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers: [{ aesgcm: { keys: [{ name: 'key1', secret: key.toString('base64') }] } }] }],
  }),
);
const transformer = encryption.transformerFor('secrets');
if (transformer === undefined) throw new Error('the configuration has a rule for secrets');

const ours = {
  encrypt: (data: Uint8Array): Uint8Array => transformer.encrypt(data, aad) as Uint8Array,
  decrypt: (stored: Uint8Array): Uint8Array => (transformer.decrypt(stored, aad) as TransformResult).data,
};

/** The same bytes with as little as node:crypto allows: one buffer for the result, filled in place. */
const direct = {
  encrypt(data: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(head.length + 12 + data.length + 16);
    head.copy(out, 0);
    randomFillSync(out, head.length, 12);
    const cipher = createCipheriv('aes-256-gcm', key, out.subarray(head.length, head.length + 12));
    cipher.setAAD(aad);
    out.set(cipher.update(data), head.length + 12);
    cipher.final();
    out.set(cipher.getAuthTag(), out.length - 16);
    return out;
  },
  decrypt(stored: Uint8Array): Uint8Array {
    const nonceAt = head.length;
    const decipher = createDecipheriv('aes-256-gcm', key, stored.subarray(nonceAt, nonceAt + 12));
    decipher.setAAD(aad);
    decipher.setAuthTag(stored.subarray(stored.length - 16));
    const data = decipher.update(stored.subarray(nonceAt + 12, stored.length - 16));
    decipher.final();
    return data;
  },
};

const noble = {
  encrypt(data: Uint8Array): Uint8Array {
    const nonce = randomBytes(12);
    return Buffer.concat([head, nonce, gcm(key, nonce, aad).encrypt(data)]);
  },
  decrypt: (stored: Uint8Array): Uint8Array =>
    gcm(key, stored.subarray(head.length, head.length + 12), aad).decrypt(stored.subarray(head.length + 12)),
};

/** Microseconds per call. */
function time(work: () => unknown, calls: number): number {
  const started = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) work();
  return Number(process.hrtime.bigint() - started) / 1000 / calls;
}

/** Contenders take turns in short rounds, of which the best counts: whatever else the machine does is in the others. */
function measure(contenders: readonly (() => unknown)[], calls: number): number[] {
  for (const work of contenders) time(work, calls * 5);
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    contenders.forEach((work, i) => {
      times[i]?.push(time(work, calls));
    });
  }
  return times.map((each) => Math.min(...each));
}

console.log(`node ${process.version}, ${process.platform} ${process.arch}; microseconds per value, the best of ${ROUNDS} rounds`);
let worst = 0;
for (const size of [64, 1024, 32 * 1024, 1024 * 1024]) {
  const data = randomBytes(size);
  for (const writer of [ours, direct, noble]) {
    const stored = writer.encrypt(data);
    for (const reader of [ours, direct, noble]) {
      if (!Buffer.from(reader.decrypt(stored)).equals(data)) throw new Error('the contenders do not read each other');
    }
  }
  const stored = direct.encrypt(data);
  const calls = Math.max(4, Math.min(600, Math.floor(4_000_000 / size)));
  const nobleCalls = Math.max(1, Math.floor(calls / 20));
  for (const [name, run] of [
    ['encrypt', (c: typeof ours) => () => c.encrypt(data)],
    ['decrypt', (c: typeof ours) => () => c.decrypt(stored)],
  ] as const) {
    const [own = 0, rival = 0] = measure([run(ours), run(direct)], calls);
    const pure = Math.min(...Array.from({ length: 5 }, () => time(run(noble), nobleCalls)));
    worst = Math.max(worst, own / rival);
    console.log(
      `${name} ${String(size).padStart(7)} B: ours ${own.toFixed(2)}, node:crypto ${rival.toFixed(2)} (×${(own / rival).toFixed(2)}), noble ${pure.toFixed(2)} (×${(pure / own).toFixed(1)} of ours)`,
    );
  }
}
console.log(`worst ratio to node:crypto: ${worst.toFixed(2)}`);
if (worst > RATIO_MAX) process.exitCode = 1;
