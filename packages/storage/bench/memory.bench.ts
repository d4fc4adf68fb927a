/** Memory per cached object, as a multiple of its JSON. Needs --expose-gc. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStorageFactory, openEmbeddedStore } from '../src/index.js';
import { configMap, pod, resource } from './objects.js';
import { type Figure, report } from './report.js';

const COUNT = 20_000;
const root = mkdtempSync(join(tmpdir(), 'k-bench-'));

/** Bytes in use: the heap and what lies outside of it. */
async function used(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const lease = (name: string): Record<string, unknown> => ({
  kind: 'Lease',
  apiVersion: 'coordination.k8s.io/v1',
  metadata: { name, namespace: 'default', uid: '7b1f6a52-1c0e-4d5d-9a55-0c8f0f3c2a11', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' },
});
const kinds: { name: string; make: (name: string, i: number) => Record<string, unknown> }[] = [
  { name: 'leases', make: (name) => lease(name) },
  { name: 'configmaps', make: (name) => configMap(name) },
  { name: 'pods', make: (name, i) => pod(name, `node-${i % 200}`) },
];

/** In a function of its own: what a loop's last round leaves on the stack would count as in use before the next. */
async function measure(name: string, make: (name: string, i: number) => Record<string, unknown>): Promise<Figure> {
  const store = await openEmbeddedStore({ dir: join(root, name), compactionIntervalMs: 0 });
  for (let i = 0; i < COUNT; i += 1000) {
    await Promise.all(
      Array.from({ length: 1000 }, (_, j) => {
        const value = Buffer.from(JSON.stringify(make(`o-${i + j}`, i + j)));
        return store.create(`/registry/${name}/default/o-${i + j}`, value);
      }),
    );
  }
  const before = await used();
  const storage = createStorageFactory({ store }).open(resource(name));
  const { items } = await storage.list({ freshness: { kind: 'latest' } });
  if (items.length !== COUNT) throw new Error(`expected ${COUNT} ${name}`);
  if (!items[7]?.json.toString().includes('"resourceVersion":"')) throw new Error('the cache does not hold the objects');
  const jsonBytes = items.reduce((sum, item) => sum + item.json.length, 0);
  const after = await used();
  await storage.close();
  await store.close();
  const what = `${name}, ${Math.round(jsonBytes / COUNT)} bytes of JSON`;
  return { what, value: (after - before) / jsonBytes, unit: '× its JSON', target: '≤ 2.5' };
}

const figures: Figure[] = [];
for (const { name, make } of kinds) figures.push(await measure(name, make));
report(`Memory per cached object (${COUNT.toLocaleString('en')} of each)`, figures);
rmSync(root, { recursive: true });
