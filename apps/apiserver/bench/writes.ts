/** CREATE and UPDATE on both stores, beside raw transactions of etcd and raw commits of LMDB. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdProcess, hasEtcd } from '@k/storage/testing';
import { configMap } from './objects.js';
import { startWorker } from './processes.js';
import type { RawResult, RawTask } from './raw-writes.js';
import type { Figure } from './report.js';
import { Session } from './session.js';

const CONNECTIONS = 64;
const STORED_BYTES = 1_300;

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

async function measureOn(
  store: 'embedded' | 'etcd',
  flags: readonly string[],
  place: { dir: string } | { etcd: string },
  requests: number,
): Promise<Figure[]> {
  const raw = startWorker<RawTask, RawResult>('raw-writes.ts');
  const session = await Session.open(flags);
  try {
    const limit = await raw.ask({ ...place, count: requests, outstanding: CONNECTIONS, bytes: STORED_BYTES });
    const limitPerSecond = (requests / limit.ms) * 1000;
    await session.measure({ kind: 'create', names: 'warm', connections: CONNECTIONS, requests: Math.ceil(requests / 4) });
    const create = await session.measure({ kind: 'create', names: 'created', connections: CONNECTIONS, requests });
    const stored = JSON.parse(await session.send('GET', `/api/v1/namespaces/bench/configmaps/created-${requests - 1}`)) as object;
    const expected = configMap(`created-${requests - 1}`, requests - 1)['data'];
    if (JSON.stringify((stored as { data: unknown }).data) !== JSON.stringify(expected))
      throw new Error('what was created is not what is read');
    const update = await session.measure({ kind: 'update', namespace: 'bench', names: 'created', connections: CONNECTIONS, requests });
    const limitName = store === 'etcd' ? 'raw etcd transactions' : 'raw LMDB commits';
    return [
      { what: `CREATE, ${store}`, cost: create },
      { what: `UPDATE, ${store}`, cost: update },
    ].map(({ what, cost }) => {
      const ratio = cost.perSecond / limitPerSecond;
      const target = !what.startsWith('CREATE')
        ? {}
        : store === 'etcd'
          ? { target: 'at least 60% of the limit', met: ratio >= 0.6 }
          : { target: '5,000 a second', met: cost.perSecond >= 5_000 };
      return {
        what,
        value: cost.cpuUs,
        unit: 'µs CPU per request',
        perSecond: cost.perSecond,
        limit: { what: limitName, value: (limit.cpuMs * 1000) / requests, perSecond: limitPerSecond },
        ratio,
        ...target,
      };
    });
  } finally {
    await raw.stop();
    await session.close();
  }
}
