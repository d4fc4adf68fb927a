/** The etcd store beside bare calls of the gRPC library with the same transactions, on one etcd, in turns. */
import { Client, credentials } from '@grpc/grpc-js';
import { guardedWriteRequest } from '../src/etcd/guarded-write.js';
import { openEtcdStore } from '../src/etcd.js';
import { createStorageFactory } from '../src/index.js';
import { EtcdProcess, WatchRecorder } from '../src/testing.js';
import { configMap, resource } from './objects.js';
import { type Figure, report } from './report.js';

const CALLS = 4_000;
const IN_FLIGHT = 64;
const value = Buffer.from(JSON.stringify(configMap('example')));
const identity = (bytes: Buffer): Buffer => bytes;
let serial = 0;

interface Cost {
  perSecond: number;
  cpuMicroseconds: number;
}

/** `CALLS` calls, so many under way, and the CPU each costs in this process. */
async function cost(work: (n: number) => Promise<unknown>): Promise<Cost> {
  const end = serial + CALLS;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (serial < end) await work(serial++);
    }),
  );
  const used = process.cpuUsage(cpu);
  return { perSecond: (CALLS / (performance.now() - started)) * 1000, cpuMicroseconds: (used.user + used.system) / CALLS };
}

/** Of several rounds each, taken in turns, the one with the least CPU. */
async function compare(rounds: number, contenders: Record<string, (n: number) => Promise<unknown>>): Promise<Record<string, Cost>> {
  const best: Record<string, Cost> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(contenders)) {
      const got = await cost(work);
      if (got.cpuMicroseconds < (best[name]?.cpuMicroseconds ?? Number.POSITIVE_INFINITY)) best[name] = got;
    }
  }
  return best;
}

const etcd = await EtcdProcess.start();
try {
  const store = await openEtcdStore({ endpoints: [etcd.url] });
  const client = new Client(`127.0.0.1:${etcd.port}`, credentials.createInsecure());
  const raw = (n: number): Promise<Buffer> => {
    const request = guardedWriteRequest({ key: `/bench/raw/${n}`, value, modRevision: 0, lease: 0n });
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest('/etcdserverpb.KV/Txn', identity, identity, request, (error, answer) =>
        error === null && answer !== undefined ? resolve(answer) : reject(error),
      );
    });
  };
  await raw(serial++);
  const first = await store.create('/bench/store/first', value);
  if (!first.ok || !(await store.get('/bench/store/first')).kv?.value.equals(value))
    throw new Error('the store does not read what it wrote');

  const factory = createStorageFactory({ store });
  const configMaps = factory.open(resource('configmaps'));
  await configMaps.ready();
  const writes = await compare(3, {
    raw,
    store: (n) => store.create(`/bench/store/${n}`, value),
    cached: (n) => configMaps.create('default', `cm-${n}`, configMap(`cm-${n}`)),
  });
  const figures: Figure[] = [
    ['create in the store', writes['store']],
    ['create through the watch cache', writes['cached']],
  ].flatMap(([what, got]): Figure[] => {
    const { perSecond, cpuMicroseconds } = got as Cost;
    const rivals = writes['raw'] as Cost;
    return [
      { what: String(what), value: perSecond, unit: '/s', rival: { what: 'bare transactions', value: rivals.perSecond }, target: '≥ ×0.6' },
      {
        what: `${String(what)}, CPU`,
        value: cpuMicroseconds,
        unit: 'µs',
        rival: { what: 'bare transactions', value: rivals.cpuMicroseconds },
      },
    ];
  });

  const reads = await compare(3, {
    probe: () => store.currentRevision(),
    cached: () => configMaps.get('default', 'cm-1', { kind: 'latest' }),
  });
  figures.push(
    { what: 'revision probe, CPU', value: (reads['probe'] as Cost).cpuMicroseconds, unit: 'µs' },
    { what: `consistent GET, ${IN_FLIGHT} at once`, value: (reads['cached'] as Cost).perSecond, unit: '/s' },
    { what: 'consistent GET, CPU', value: (reads['cached'] as Cost).cpuMicroseconds, unit: 'µs' },
  );

  const start = await store.currentRevision();
  const watch = new WatchRecorder(store, { prefix: '/bench/', startRevision: 2 });
  const cpu = process.cpuUsage();
  await watch.reach(start, 60_000);
  const used = process.cpuUsage(cpu);
  figures.push({ what: 'one event of history, CPU', value: (used.user + used.system) / watch.changes.length, unit: 'µs' });
  report(`etcd store, ${IN_FLIGHT} calls at once, ${value.length} bytes each`, figures);

  await factory.close();
  await store.close();
  client.close();
} finally {
  await etcd.dispose();
}
