/**
 * Microseconds from the bytes of a new object to its verdict: decode, prune and default, prepare, validate. JSON.parse
 * of the same bytes stands beside it.
 *
 * `npx tsx --conditions=@k/source bench/validation.bench.ts`
 */
import type { KubeObject } from '@k/apimachinery';
import { createBuiltInCatalogue, pruneAndDefault, validateObjectMeta } from '../src/index.js';

const ROUNDS = 200;
const TURNS = 200;

const metadata = { name: 'web', namespace: 'default', uid: 'f3c5', labels: { app: 'web' } };
const container = {
  name: 'web',
  image: 'nginx:1.27',
  ports: [{ containerPort: 80 }],
  resources: { limits: { cpu: '500m', memory: '128Mi' } },
  readinessProbe: { httpGet: { path: '/', port: 80 } },
};
const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } };
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'app.conf': 'a = 1\n'.repeat(100) } };

const catalogue = createBuiltInCatalogue();

/** One whole way of an object; the number of its errors. */
function verdict(text: string, resource: string): number {
  const served = catalogue.find('', 'v1', resource);
  if (served === undefined) throw new Error(`no resource ${resource}`);
  const { definition, version } = served;
  const object = JSON.parse(text) as KubeObject;
  const { typeErrors, unknownFields } = pruneAndDefault(object, version.schema, { fieldValidation: 'Strict' });
  definition.strategy.applyDefaults?.(object, version.version);
  definition.strategy.prepareForCreate?.(object);
  const errors = [...validateObjectMeta(object, definition), ...(definition.strategy.validate?.(object) ?? [])];
  return typeErrors.length + unknownFields.length + errors.length;
}

/** The best of many short rounds, as other work on the machine disturbs long ones. */
function microsOf(work: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    for (let turn = 0; turn < TURNS; turn++) sum += work();
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / TURNS);
  }
  if (!Number.isFinite(sum)) throw new Error('nothing was measured');
  return best;
}

const rows: Record<string, { bytes: number; 'µs whole way': string; 'µs JSON.parse': string }> = {};
for (const [resource, object] of [
  ['pods', pod],
  ['configmaps', configMap],
] as const) {
  const text = JSON.stringify(object);
  if (verdict(text, resource) !== 0) throw new Error(`${resource}: expected no errors`);
  if (verdict(text.replace('"web"', '"Web_"'), resource) === 0) throw new Error(`${resource}: expected a refused name`);
  const whole = microsOf(() => verdict(text, resource));
  const parse = microsOf(() => Object.keys(JSON.parse(text) as object).length);
  rows[resource] = { bytes: text.length, 'µs whole way': whole.toFixed(1), 'µs JSON.parse': parse.toFixed(1) };
}
console.table(rows);
