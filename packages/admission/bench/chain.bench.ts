/**
 * Microseconds of each controller, and of the default chain with metrics, per create of a pod.
 *
 * `npx tsx --conditions=@k/source bench/chain.bench.ts`
 */
import type { KubeObject } from '@k/apimachinery';
import { Registry } from 'prom-client';
import { AdmissionChain, type AdmissionRequest, BUILT_IN_CONTROLLERS, isDefaultPlugin, memoryDependencies } from '../src/index.js';
import { createAdmissionMetrics } from '../src/metrics.js';
import { fixtureObjects, fixturePod, fixtureRequest } from './fixture.js';

const BATCH = 200;
const ROUNDS = 150;
const CLIENTS = 64;
const DEFAULT_CHAIN_MICROS_MAX = 60;

/** The same pod over and over, each time parsed anew as a server would. */
const text = JSON.stringify(fixturePod());
const CONFIGURATION = new Map<string, unknown>([
  [
    'EventRateLimit',
    {
      apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
      limits: [{ type: 'Server', qps: 1_000_000, burst: 1_000_000 }],
    },
  ],
]);

async function pass(chain: AdmissionChain, request: AdmissionRequest): Promise<void> {
  await chain.runMutating(request);
  await chain.runValidating(request);
}

/** The best of many rounds, as other work on the machine disturbs some. */
async function measure(chain: AdmissionChain, prepare: () => KubeObject): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const requests = Array.from({ length: BATCH }, () => fixtureRequest(prepare()));
    const started = process.hrtime.bigint();
    for (const request of requests) await pass(chain, request);
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / BATCH);
  }
  return best;
}

/** Pods behind the mutating phase, so that validating controllers find what they expect. */
async function admittedPod(chain: AdmissionChain): Promise<string> {
  const request = fixtureRequest(JSON.parse(text));
  await pass(chain, request);
  const pod = request.object as { spec: { serviceAccountName?: string; priority?: number; tolerations?: unknown[] } };
  if (pod.spec.serviceAccountName !== 'default' || pod.spec.priority !== 0 || pod.spec.tolerations?.length !== 2) {
    throw new Error(`the default chain did not do its work: ${JSON.stringify(pod)}`);
  }
  return JSON.stringify(pod);
}

const objects = fixtureObjects();
const metrics = createAdmissionMetrics(new Registry());
const defaults = new AdmissionChain().withBuiltInControllers(memoryDependencies(objects, { metrics }));
const admitted = await admittedPod(defaults);

const empty = await measure(new AdmissionChain(), () => JSON.parse(text));
const rows: Record<string, { 'µs per pod': string; default: string }> = {};
for (const name of BUILT_IN_CONTROLLERS) {
  if (name === 'AlwaysDeny') continue;
  const disable = BUILT_IN_CONTROLLERS.filter((other) => other !== name && isDefaultPlugin(other));
  const selection = { configuration: CONFIGURATION, disable, enable: [name] };
  const chain = new AdmissionChain().withBuiltInControllers(memoryDependencies(objects), selection);
  // Validating controllers that need what others set get a pod that went through all of them.
  const source = name === 'ServiceAccount' || name === 'LimitRanger' || name === 'Priority' ? text : admitted;
  const micros = Math.max(0, (await measure(chain, () => JSON.parse(source))) - empty);
  rows[name] = { 'µs per pod': micros.toFixed(2), default: isDefaultPlugin(name) ? 'yes' : '' };
}
const whole = await measure(defaults, () => JSON.parse(text));
const charged = new AdmissionChain().withBuiltInControllers(memoryDependencies(fixtureObjects({ quota: true }), { metrics }));
rows['default chain'] = { 'µs per pod': whole.toFixed(2), default: '' };

let bestCharged = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const requests = Array.from({ length: CLIENTS }, () => fixtureRequest(JSON.parse(text)));
  const started = process.hrtime.bigint();
  await Promise.all(requests.map((request) => pass(charged, request)));
  bestCharged = Math.min(bestCharged, Number(process.hrtime.bigint() - started) / 1000 / CLIENTS);
}
rows[`default chain, ${CLIENTS} at once against a quota in memory`] = { 'µs per pod': bestCharged.toFixed(2), default: '' };
console.table(rows);
if (whole > DEFAULT_CHAIN_MICROS_MAX) {
  console.error(`the default chain takes ${whole.toFixed(1)} µs, more than ${DEFAULT_CHAIN_MICROS_MAX}`);
  process.exitCode = 1;
}
// Charges stay on the ledger for a while when nobody tells how a request ended.
process.exit();
