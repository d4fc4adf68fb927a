/** What it costs to deliver one event to one of many watchers. */
import { join } from 'node:path';
import type { BareTask } from './bare-https.js';
import { configMap } from './objects.js';
import { cpuMs, startWorker } from './processes.js';
import type { Figure } from './report.js';
import { Session } from './session.js';

const TARGET_US = 6;

/** Measures fan-out: the CPU of updates with watchers less that of the same updates without, by delivered event. */
export async function measureWatches(quick: boolean): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const watchers of [100, 1_000]) {
    const deliveries = (quick ? 100_000 : 400_000) * (watchers === 100 ? 0.5 : 1);
    const updates = deliveries / watchers;
    const session = await Session.open();
    const bare = startWorker<BareTask, { port: number }>('bare-https.ts');
    try {
      await session.send('POST', '/api/v1/namespaces/bench/configmaps', configMap('seen-0', 0));
      const update = (requests: number) => session.measure({ kind: 'update', names: 'seen', connections: 1, requests });
      await update(200);
      const alone = await update(updates);
      const version = (
        JSON.parse(await session.send('GET', '/api/v1/namespaces/bench/configmaps')) as { metadata: { resourceVersion: string } }
      ).metadata.resourceVersion;
      const path = `/api/v1/namespaces/bench/configmaps?watch=true&resourceVersion=${version}`;
      await session.measure({ kind: 'watch', path, watchers });
      const warm = Math.ceil(updates / 5);
      const deliver = async (
        where: { pid: number },
        send: (count: number) => Promise<unknown>,
        arrivedBefore: number,
      ): Promise<Delivery> => {
        // The first events warm up what sends them.
        await send(warm);
        await arrival(session, arrivedBefore + warm * watchers);
        const before = cpuMs(where.pid);
        const startedAt = performance.now();
        await send(updates);
        await arrival(session, arrivedBefore + (warm + updates) * watchers);
        return { cpuUs: (cpuMs(where.pid) - before) * 1000, perSecond: (deliveries / (performance.now() - startedAt)) * 1000 };
      };
      const ours = await deliver(session.server, update, 0);
      const value = (ours.cpuUs - alone.cpuUs * updates) / deliveries;

      const certs = join(session.dir, 'certs');
      const object = await session.send('GET', '/api/v1/namespaces/bench/configmaps/seen-0');
      const event = `{"type":"MODIFIED","object":${object.trimEnd()}}\n`;
      const { port } = await bare.ask({ certFile: join(certs, 'apiserver.crt'), keyFile: join(certs, 'apiserver.key'), bodies: {}, event });
      const elsewhere = { url: `https://127.0.0.1:${port}`, pid: bare.pid, ca: session.server.ca };
      const send = (requests: number) => session.measure({ kind: 'get', path: '/send', connections: 1, requests }, elsewhere);
      const idle = await send(updates);
      await session.measure({ kind: 'watch', path: '/watch', watchers }, elsewhere);
      const theirs = await deliver(bare, send, (warm + updates) * watchers);
      const limit = (theirs.cpuUs - idle.cpuUs * updates) / deliveries;
      figures.push({
        what: `watch event to each of ${watchers.toLocaleString('en')}`,
        value,
        unit: 'µs CPU per delivered event',
        perSecond: ours.perSecond,
        limit: { what: 'bare node:https', value: limit, perSecond: theirs.perSecond },
        ratio: limit / value,
        target: `at most ${TARGET_US} µs`,
        met: value <= TARGET_US,
      });
    } finally {
      await bare.stop();
      await session.close();
    }
  }
  return figures;
}

interface Delivery {
  cpuUs: number;
  perSecond: number;
}

/** Waits until this many events have arrived in all; more than that is a fault. */
async function arrival(session: Session, count: number): Promise<void> {
  const arrived = await session.load.ask({ kind: 'events', count, url: '', ca: '', token: '' });
  if (arrived.count !== count) throw new Error(`${arrived.count} events arrived instead of ${count}`);
}
