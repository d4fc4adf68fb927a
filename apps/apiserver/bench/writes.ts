/** CREATE and UPDATE on both stores, beside raw transactions of etcd and raw commits of LMDB. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import type { BareWritesTask } from './bare-writes.js';
import { configMap } from './objects.js';
import { startWorker } from './processes.js';
import type { RawPlace } from './raw-store.js';
import type { RawResult, RawTask } from './raw-writes.js';
import type { Figure } from './report.js';
import { type Cost, Session } from './session.js';

const CONNECTIONS = 64;
const STORED_BYTES = 1_300;
const ROUNDS = 4;

/** What several turns took together. */
interface Sum {
  ms: number;
  cpuUs: number;
}

const noTime = (): Sum => ({ ms: 0, cpuUs: 0 });

function add(sum: Sum, { ms, cpuUs }: Sum): void {
  sum.ms += ms;
  sum.cpuUs += cpuUs;
}

/** Measures writes on the embedded store, and on etcd where it is installed. */
export async function measureWrites(quick: boolean): Promise<Figure[]> {
  const requests = quick ? 5_000 : 20_000;
  const dir = mkdtempSync(join(tmpdir(), 'k-bench-raw-'));
  const figures = await measureOn('embedded', [], { dir: join(dir, 'raw') }, requests);
  rmSync(dir, { recursive: true, force: true });
  if (!hasEtcd()) return figures;
  const etcd = await EtcdProcess.start();
  try {
    figures.push(...(await measureOn('etcd', ['--etcd-servers', etcd.url], { etcd: etcd.url }, requests)));
  } finally {
    await etcd.dispose();
  }
  return figures;
}

async function measureOn(store: 'embedded' | 'etcd', flags: readonly string[], place: RawPlace, requests: number): Promise<Figure[]> {
  const raw = startWorker<RawTask, RawResult>('raw-writes.ts');
  const bare = startWorker<BareWritesTask, number>('bare-writes.ts');
  const session = await Session.open({ flags });
  const share = Math.ceil(requests / ROUNDS);
  const sums = { raw: noTime(), bare: noTime(), create: noTime(), update: noTime() };
  try {
    const certs = join(session.dir, 'certs');
    const barePort = await bare.ask({
      ...('dir' in place ? { dir: `${place.dir}-bare` } : place),
      certFile: join(certs, 'apiserver.crt'),
      keyFile: join(certs, 'apiserver.key'),
    });
    const elsewhere = { url: `https://127.0.0.1:${barePort}`, pid: bare.pid, ca: session.server.ca };
    await session.measure({ kind: 'create', names: 'warm', connections: CONNECTIONS, requests: share });
    // By turns, so that a machine that gets slower meanwhile is slower for all.
    for (let round = 0; round < ROUNDS; round++) {
      const limit = await raw.ask({ ...place, count: share, outstanding: CONNECTIONS, bytes: STORED_BYTES });
      add(sums.raw, { ms: limit.ms, cpuUs: limit.cpuMs * 1000 });
      const task = { names: `created-${round}`, connections: CONNECTIONS, requests: share };
      const timed = (sum: Sum, { perSecond, cpuUs }: Cost): void => add(sum, { ms: (share / perSecond) * 1000, cpuUs: cpuUs * share });
      timed(sums.bare, await session.measure({ kind: 'create', ...task }, elsewhere));
      timed(sums.create, await session.measure({ kind: 'create', ...task }));
      timed(sums.update, await session.measure({ kind: 'update', namespace: 'bench', ...task }));
    }
    const total = share * ROUNDS;
    const limitPerSecond = (total / sums.raw.ms) * 1000;
    const last = CONNECTIONS + 1;
    const stored = JSON.parse(await session.send('GET', `/api/v1/namespaces/bench/configmaps/created-0-${last}`)) as object;
    const expected = configMap('', last)['data'];
    if (JSON.stringify((stored as { data: unknown }).data) !== JSON.stringify(expected))
      throw new Error('what was created is not what is read');
    const limitName = store === 'etcd' ? 'raw etcd transactions' : 'raw LMDB commits';
    const bareName = `bare node:https and ${store === 'etcd' ? 'etcd' : 'LMDB'}`;
    const bareFigure = {
      what: bareName,
      value: sums.bare.cpuUs / total,
      unit: 'µs CPU per request',
      perSecond: (total / sums.bare.ms) * 1000,
    };
    const figures = [
      { what: `CREATE, ${store}`, sum: sums.create },
      { what: `UPDATE, ${store}`, sum: sums.update },
    ].map(({ what, sum }) => {
      const perSecond = (total / sum.ms) * 1000;
      const ratio = perSecond / limitPerSecond;
      const target = !what.startsWith('CREATE')
        ? {}
        : store === 'etcd'
          ? { target: 'at least 60% of the limit', met: ratio >= 0.6 }
          : { target: '5,000 a second', met: perSecond >= 5_000 };
      return {
        what,
        value: sum.cpuUs / total,
        unit: 'µs CPU per request',
        perSecond,
        limit: { what: limitName, value: sums.raw.cpuUs / total, perSecond: limitPerSecond },
        ratio,
        ...target,
      };
    });
    return [...figures, bareFigure];
  } finally {
    await raw.stop();
    await bare.stop();
    await session.close();
  }
}
