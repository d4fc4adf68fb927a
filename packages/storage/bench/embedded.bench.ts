/** Durable writes: the embedded store beside raw LMDB transactions on the same disk, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { createStorageFactory, openEmbeddedStore } from '../src/index.js';
import { configMap, resource } from './objects.js';
import { type Figure, report } from './report.js';

const SECONDS = 2;
const value = Buffer.from(JSON.stringify(configMap('example')));
const root = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'k-bench-'));
let serial = 0;

/** Calls per second with so many under way, and the CPU each costs. */
async function rate(inFlight: number, write: (n: number) => Promise<unknown>): Promise<{ perSecond: number; cpuMicroseconds: number }> {
  const end = performance.now() + SECONDS * 1000;
  const cpu = process.cpuUsage();
  const started = performance.now();
  let count = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        await write(serial++);
        count++;
      }
    }),
  );
  const used = process.cpuUsage(cpu);
  return { perSecond: count / ((performance.now() - started) / 1000), cpuMicroseconds: (used.user + used.system) / count };
}

const store = await openEmbeddedStore({ dir: join(root, 'embedded'), compactionIntervalMs: 0 });
const first = await store.create('/registry/configmaps/default/first', value);
if (!first.ok || !(await store.get('/registry/configmaps/default/first')).kv?.value.equals(value))
  throw new Error('the store does not read what it wrote');
const configMaps = createStorageFactory({ store }).open(resource('configmaps'));
await configMaps.ready();

const lmdb = open<Buffer, string>({
  path: join(root, 'raw.mdb'),
  encoding: 'binary',
  overlappingSync: false,
  eventTurnBatching: false,
  mapSize: 2 ** 34,
});
/** The least that can be durable: one put per write, all that are ready in one transaction. */
let waiting: (() => void)[] = [];
let committing = false;
async function rawWrite(n: number): Promise<void> {
  const done = new Promise<void>((resolve) => waiting.push(resolve));
  keys.push(`/registry/configmaps/default/raw-${n}`);
  if (!committing) void commit();
  return done;
}
let keys: string[] = [];
async function commit(): Promise<void> {
  committing = true;
  await new Promise((resolve) => setImmediate(resolve));
  while (waiting.length > 0) {
    const [batch, written] = [waiting, keys];
    waiting = [];
    keys = [];
    await lmdb.transaction(() => {
      for (const key of written) lmdb.putSync(key, value);
    });
    for (const resolve of batch) resolve();
  }
  committing = false;
}

const figures: Figure[] = [];
for (const inFlight of [1, 64]) {
  const best = { raw: 0, store: 0, storage: 0, rawCpu: 0, storeCpu: 0, storageCpu: 0 };
  for (let round = 0; round < 3; round++) {
    const raw = await rate(inFlight, rawWrite);
    const embedded = await rate(inFlight, (n) => store.create(`/registry/bench/default/cm-${n}`, value));
    const storage = await rate(inFlight, (n) => configMaps.create('default', `cm-${n}`, configMap(`cm-${n}`)));
    if (raw.perSecond > best.raw) Object.assign(best, { raw: raw.perSecond, rawCpu: raw.cpuMicroseconds });
    if (embedded.perSecond > best.store) Object.assign(best, { store: embedded.perSecond, storeCpu: embedded.cpuMicroseconds });
    if (storage.perSecond > best.storage) Object.assign(best, { storage: storage.perSecond, storageCpu: storage.cpuMicroseconds });
  }
  const target = inFlight === 64 ? { target: '≥ 5,000/s' } : {};
  const rival = { what: 'raw LMDB', value: best.raw };
  figures.push({ what: `store.create, ${inFlight} in flight`, value: best.store, unit: '/s', rival, ...target });
  figures.push({ what: `  CPU each`, value: best.storeCpu, unit: 'µs', rival: { what: 'raw LMDB', value: best.rawCpu } });
  figures.push({ what: `resource create through the cache, ${inFlight} in flight`, value: best.storage, unit: '/s', rival });
  figures.push({ what: `  CPU each`, value: best.storageCpu, unit: 'µs', rival: { what: 'raw LMDB', value: best.rawCpu } });
}
report(`Durable creates of ${value.length} bytes (best of three)`, figures);

await configMaps.close();
await store.close();
await lmdb.close();

const started = performance.now();
const reopened = await openEmbeddedStore({ dir: join(root, 'embedded'), compactionIntervalMs: 0 });
const openMs = performance.now() - started;
const filled = createStorageFactory({ store: reopened }).open(resource('configmaps'));
const fillStarted = performance.now();
await filled.ready();
const fillMs = performance.now() - fillStarted;
report('Opening again', [
  { what: 'open the store', value: openMs, unit: 'ms' },
  {
    what: `fill the cache, per 1,000 of ${filled.count().toLocaleString('en')} objects`,
    value: (fillMs / filled.count()) * 1000,
    unit: 'ms',
  },
]);
await filled.close();
await reopened.close();
rmSync(root, { recursive: true });
