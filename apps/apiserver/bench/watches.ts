/** What it costs to deliver one event to one of many watchers. */
import { configMap } from './objects.js';
import { cpuMs } from './processes.js';
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
      // The first events warm up what sends them.
      const warm = Math.ceil(updates / 5);
      await update(warm);
      await session.measure({ kind: 'events', count: warm * watchers });
      const before = cpuMs(session.server.pid);
      const startedAt = performance.now();
      await update(updates);
      const arrived = await session.load.ask({ kind: 'events', count: (warm + updates) * watchers, url: '', ca: '', token: '' });
      if (arrived.count !== (warm + updates) * watchers) throw new Error(`${arrived.count} events arrived`);
      const value = ((cpuMs(session.server.pid) - before) * 1000 - alone.cpuUs * updates) / deliveries;
      figures.push({
        what: `watch event to each of ${watchers.toLocaleString('en')}`,
        value,
        unit: 'µs CPU per delivered event',
        perSecond: (deliveries / (performance.now() - startedAt)) * 1000,
        target: `at most ${TARGET_US} µs`,
        met: value <= TARGET_US,
      });
    } finally {
      await session.close();
    }
  }
  return figures;
}
