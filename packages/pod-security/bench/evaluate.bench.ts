/**
 * Microseconds per pod, texts included, beside what JSON.parse takes for the same pods.
 *
 * `npx tsx --conditions=@k/source bench/evaluate.bench.ts`
 */
import { evaluatePod, type Level, type Version } from '../src/index.js';
import { corpus } from './corpus.js';

const PODS = 500;
const ROUNDS = 300;
const TURNS = 2;

const pods = corpus(PODS);
const texts = pods.map((pod) => JSON.stringify(pod));
const share = pods.filter((pod) => !evaluatePod(pod, { level: 'restricted', version: 'latest' }).allowed).length / PODS;
if (share < 0.66 || share > 0.74) throw new Error(`expected 70% violating pods, got ${(share * 100).toFixed(1)}%`);

/** The best of many short rounds, as other work on the machine disturbs long ones. */
function measure(work: (i: number) => number, turns: number): number {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    for (let turn = 0; turn < turns; turn++) for (let i = 0; i < PODS; i++) sum += work(i);
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / (turns * PODS));
  }
  if (!Number.isFinite(sum)) throw new Error('nothing was measured');
  return best;
}

const rows: Record<string, { 'µs per pod': string; 'pods per second': string }> = {};
function row(name: string, micros: number): void {
  rows[name] = { 'µs per pod': micros.toFixed(2), 'pods per second': Math.round(1e6 / micros).toLocaleString('en') };
}

for (const [level, version] of [
  ['restricted', 'latest'],
  ['restricted', 'v1.24'],
  ['restricted', 'v1.18'],
  ['baseline', 'latest'],
  ['privileged', 'latest'],
] satisfies [Level, Version][]) {
  const target = { level, version };
  // Reading a character makes the engine write the text out, as printing it would.
  row(
    `${level}:${version}`,
    measure((i) => {
      const { detail } = evaluatePod(pods[i] as (typeof pods)[number], target);
      return detail === '' ? 0 : detail.charCodeAt(detail.length - 1);
    }, TURNS),
  );
}
const secure = pods.filter((pod) => evaluatePod(pod, { level: 'restricted', version: 'latest' }).allowed);
row(
  'restricted:latest, allowed pods only',
  measure(
    (i) => evaluatePod(secure[i % secure.length] as (typeof pods)[number], { level: 'restricted', version: 'latest' }).detail.length,
    TURNS,
  ),
);
row(
  'JSON.parse of the same pods',
  measure((i) => Object.keys(JSON.parse(texts[i] as string)).length, 4),
);
console.log(`${PODS} pods, ${(share * 100).toFixed(1)}% violating at restricted; Node ${process.version}`);
console.table(rows);
