/** Reads and watches of the cache, beside the least that the machine could do: a lookup in a Map, a loop over callbacks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStorageFactory, openEmbeddedStore, type StoredObject } from '../src/index.js';
import { configMap, pod, resource } from './objects.js';
import { type Figure, microseconds, microsecondsAsync, report } from './report.js';

const root = mkdtempSync(join(tmpdir(), 'k-bench-'));
const store = await openEmbeddedStore({ dir: root, compactionIntervalMs: 0 });
const factory = createStorageFactory({ store });
const latest = { kind: 'latest' } as const;

const pods = factory.open(resource('pods'));
const COUNT = 10_000;
await pods.ready();
for (let i = 0; i < COUNT; i += 500) {
  await Promise.all(
    Array.from({ length: 500 }, (_, j) => {
      const name = `pod-${String(i + j).padStart(5, '0')}`;
      return pods.create(`ns-${(i + j) % 10}`, name, pod(name, `node-${(i + j) % 200}`, `ns-${(i + j) % 10}`));
    }),
  );
}
if (pods.count() !== COUNT) throw new Error(`expected ${COUNT} objects, got ${pods.count()}`);

const figures: Figure[] = [];
const plain = new Map<string, StoredObject>();
for (const object of (await pods.list({ freshness: latest })).items) plain.set(object.key, object);
figures.push({
  what: 'get, latest',
  value: await microsecondsAsync(() => pods.get('ns-3', 'pod-00003', latest), 20_000),
  unit: 'µs',
  rival: { what: 'awaited Map lookup', value: await microsecondsAsync(async () => plain.get('/registry/pods/ns-3/pod-00003'), 20_000) },
});
const list = async (
  what: string,
  options: Omit<Parameters<typeof pods.list>[0], 'freshness'>,
  expected: number,
  calls = 500,
): Promise<void> => {
  const { items } = await pods.list({ freshness: latest, ...options });
  if (items.length !== expected) throw new Error(`${what}: expected ${expected}, got ${items.length}`);
  figures.push({ what, value: await microsecondsAsync(() => pods.list({ freshness: latest, ...options }), calls), unit: 'µs' });
};
await list('list 10,000', {}, COUNT, 5000);
await list('list one namespace, 1,000', { namespace: 'ns-3' }, 1000, 5000);
await list('list a page of 500 from the middle', { limit: 500, startAfter: 'ns-5/pod-00005' }, 500, 2000);
const onNode = (object: { fields: Readonly<Record<string, string>> }): boolean => object.fields['spec.nodeName'] === 'node-7';
await list('list by field, walking 10,000', { select: onNode }, 50);
await list('list by field, indexed', { select: onNode, equals: { fields: { 'spec.nodeName': 'node-7' } } }, 50);
{
  const { revision } = await pods.list({ freshness: latest, limit: 1 });
  for (let i = 0; i < 200; i++) await pods.create('ns-1', `later-${i}`, pod(`later-${i}`, 'node-1', 'ns-1'));
  const exact = { kind: 'exact', revision } as const;
  const page = await pods.list({ freshness: exact, limit: 500, startAfter: 'ns-5/pod-00005' });
  if (page.items.length !== 500) throw new Error('a page at an older revision is not full');
  figures.push({
    what: 'a page of 500 at a revision 200 changes ago',
    value: await microsecondsAsync(() => pods.list({ freshness: exact, limit: 500, startAfter: 'ns-5/pod-00005' }), 100),
    unit: 'µs',
  });
}
report('Reads of 10,000 pods of 3.7 KB', figures);

/** CPU of one change with so many watchers, less that of the same change with none, divided by the watchers. */
async function fanOut(watchers: number, onNodes = false): Promise<{ perEvent: number; delivered: number }> {
  const storage = factory.open(resource(`fan${watchers}${onNodes ? 'n' : ''}`));
  await storage.ready();
  let delivered = 0;
  for (let i = 0; i < watchers; i++) {
    await storage.watch({
      start: { kind: 'after', revision: Number.POSITIVE_INFINITY },
      ...(onNodes ? { equals: { fields: { 'spec.nodeName': `node-${i}` } } } : {}),
      onEvent: () => {
        delivered++;
      },
      onEnd: () => {},
    });
  }
  const cpu = process.cpuUsage();
  const changes = 2000;
  for (let i = 0; i < changes; i += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, j) =>
        storage.create('default', `cm-${i + j}`, onNodes ? pod(`cm-${i + j}`, 'node-1') : configMap(`cm-${i + j}`)),
      ),
    );
  }
  const used = process.cpuUsage(cpu);
  await storage.close();
  return { perEvent: (used.user + used.system) / changes, delivered };
}
await fanOut(0);
const base = await fanOut(0);
const watchFigures: Figure[] = [{ what: 'a create without watchers', value: base.perEvent, unit: 'µs of CPU' }];
const callbacks = Array.from({ length: 1000 }, () => () => {});
const loop =
  microseconds(() => {
    for (const call of callbacks) call();
  }, 2000) / 1000;
for (const watchers of [1, 100, 1000]) {
  const { perEvent, delivered } = await fanOut(watchers);
  if (delivered !== watchers * 2000) throw new Error(`${watchers} watchers: ${delivered} events`);
  watchFigures.push({
    what: `per event and watcher, ${watchers} watchers`,
    value: Math.max(0, perEvent - base.perEvent) / watchers,
    unit: 'µs of CPU',
    rival: { what: 'an empty call', value: loop },
    target: '≤ 6 µs with the socket',
  });
}
const alone = await fanOut(0, true);
const selective = await fanOut(1000, true);
if (selective.delivered !== 2000) throw new Error(`selective watchers: ${selective.delivered} events`);
watchFigures.push({
  what: 'a create with 1,000 watchers of one node each',
  value: selective.perEvent,
  unit: 'µs of CPU',
  rival: { what: 'without watchers', value: alone.perEvent },
});
report('Watch fan-out inside the cache', watchFigures);

await factory.close();
await store.close();
rmSync(root, { recursive: true });
