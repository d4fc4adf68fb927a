/** AES-GCM: our transformer, node:crypto called directly, and noble, in one run. `npx tsx --conditions=@k/source bench/aes-gcm.bench.ts` */
import { createCipheriv, randomBytes } from 'node:crypto';
import { aesGcmTransformer } from '../src/index.js';
import { primitives as noble } from '../src/primitives/noble.js';

const key = randomBytes(32);
const aad = Buffer.from('/registry/secrets/default/example');
const transformer = aesGcmTransformer(key);

function direct(data: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(aad);
  return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

/** Microseconds per call, the best of five rounds. */
function measure(work: () => unknown, rounds: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) work();
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / rounds);
  }
  return best;
}

for (const size of [64, 1024, 32 * 1024, 1024 * 1024]) {
  const data = randomBytes(size);
  const read = await transformer.decrypt(direct(data), aad);
  if (!Buffer.from(read.data).equals(data)) throw new Error('the transformer does not read what node:crypto wrote');
  const rounds = Math.max(20, Math.min(20_000, Math.floor(20_000_000 / size)));
  const ours = measure(() => transformer.encrypt(data, aad), rounds);
  const rival = measure(() => direct(data), rounds);
  const pure = measure(() => noble.aesGcmSeal(key, noble.randomBytes(12), data, aad), Math.max(2, Math.floor(rounds / 50)));
  console.log(
    `${size} B: ours ${ours.toFixed(2)} µs, node:crypto ${rival.toFixed(2)} µs (×${(ours / rival).toFixed(2)}), noble ${pure.toFixed(2)} µs`,
  );
}
