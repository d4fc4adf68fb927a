/** What it costs to deliver one event to one of many watchers. */
import { join } from 'node:path';
import type { BarePorts, BareTask } from './bare-https.js';
import { configMap } from './objects.js';
import { cpuMs, startWorker } from './processes.js';
import type { Figure } from './report.js';
import { Session } from './session.js';

const TARGET_US = 6;
const SEEN = 'bench';
const UNSEEN = 'bench-unseen';
const MANY_WRITERS = 16;

/**
 * Measures fan-out: the CPU of updates that watchers see less that of updates which they do not see, by delivered event.
 * With one writer each event comes alone; with many, events come while others are being delivered.
 */
export async function measureWatches(quick: boolean): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const http2 of [true, false]) {
    for (const watchers of [100, 1_000]) {
      const updates = MANY_WRITERS * (quick ? 2 : watchers === 100 ? 16 : 4);
      figures.push(...(await measureFanOut({ http2, watchers, updates, rounds: quick ? 2 : 5 })));
    }
  }
  return figures;
}

interface FanOut {
  http2: boolean;
  watchers: number;
  /** In each round. */
  updates: number;
  /** Turns of each measurement, so that what else the machine does meets all of them. */
  rounds: number;
}

/** What a fan-out took, over all rounds. */
interface Delivery {
  /** Microseconds of CPU for an event. */
  eventUs: number;
  perSecond: number;
  /** Medians of the rounds, in milliseconds. */
  latency: { p50: number; p99: number };
}

async function measureFanOut({ http2, watchers, updates, rounds }: FanOut): Promise<Figure[]> {
  const session = await Session.open();
  const bare = startWorker<BareTask, BarePorts>('bare-https.ts');
  try {
    await session.send('POST', '/api/v1/namespaces', { metadata: { name: UNSEEN } });
    for (const namespace of [SEEN, UNSEEN]) {
      for (let i = 0; i < MANY_WRITERS; i++) {
        await session.send('POST', `/api/v1/namespaces/${namespace}/configmaps`, configMap(`seen-${i}`, 0, { namespace }));
      }
    }
    const collection = `/api/v1/namespaces/${SEEN}/configmaps`;
    const list = JSON.parse(await session.send('GET', collection)) as { metadata: { resourceVersion: string } };
    const path = `${collection}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
    await session.measure({ kind: 'watch', path, watchers, http2 });
    const counter = { arrived: 0 };
    const ours = await byWriters((connections) =>
      fanOut(session, counter, { watchers, updates, rounds, pid: session.server.pid }, (isSeen) =>
        session.measure({ kind: 'update', namespace: isSeen ? SEEN : UNSEEN, names: 'seen', connections, requests: updates }),
      ),
    );

    const certs = join(session.dir, 'certs');
    const object = await session.send('GET', `${collection}/seen-0`);
    const event = `{"type":"MODIFIED","object":${object.trimEnd()}}\n`;
    const ports = await bare.ask({ certFile: join(certs, 'apiserver.crt'), keyFile: join(certs, 'apiserver.key'), bodies: {}, event });
    const at = (port: number) => ({ url: `https://127.0.0.1:${port}`, pid: bare.pid, ca: session.server.ca });
    await session.measure({ kind: 'watch', path: '/watch', watchers, http2 }, at(http2 ? ports.http2 : ports.https));
    const theirs = await byWriters((connections) =>
      fanOut(session, counter, { watchers, updates, rounds, pid: bare.pid }, (isSeen) =>
        session.measure({ kind: 'get', path: isSeen ? '/send' : '/idle', connections, requests: updates }, at(ports.https)),
      ),
    );
    return ours.map(({ writers, delivery }, place) => {
      const limit = (theirs[place] as (typeof theirs)[number]).delivery;
      const { p50, p99 } = delivery.latency;
      return {
        what: `${watchers.toLocaleString('en')} watchers, ${http2 ? 'one HTTP/2 connection' : 'a connection each'}, ${writers === 1 ? 'one writer' : `${writers} writers`}`,
        value: delivery.eventUs,
        unit: 'µs CPU per delivered event',
        perSecond: delivery.perSecond,
        limit: { what: http2 ? 'bare node:http2' : 'bare node:https', value: limit.eventUs, perSecond: limit.perSecond },
        ratio: limit.eventUs / delivery.eventUs,
        target: `at most ${TARGET_US} µs`,
        met: delivery.eventUs <= TARGET_US,
        note: `arrives after ${p50.toFixed(1)} ms, 99% within ${p99.toFixed(1)} ms`,
      };
    });
  } finally {
    await bare.stop();
    await session.close();
  }
}

async function byWriters(measure: (writers: number) => Promise<Delivery>): Promise<{ writers: number; delivery: Delivery }[]> {
  return [
    { writers: 1, delivery: await measure(1) },
    { writers: MANY_WRITERS, delivery: await measure(MANY_WRITERS) },
  ];
}

/** Makes events that are seen and such that are not, by turns. */
async function fanOut(
  session: Session,
  counter: { arrived: number },
  { watchers, updates, rounds, pid }: Omit<FanOut, 'http2'> & { pid: number },
  make: (isSeen: boolean) => Promise<unknown>,
): Promise<Delivery> {
  const cpu = { seen: 0, unseen: 0 };
  const latencies: { p50: number; p99: number }[] = [];
  let ms = 0;
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const start = cpuMs(pid);
    await make(false);
    const middle = cpuMs(pid);
    const startedAt = performance.now();
    await make(true);
    counter.arrived += updates * watchers;
    const { count, latency } = await session.load.ask({ kind: 'events', count: counter.arrived, url: '', ca: '', token: '' });
    if (count !== counter.arrived) throw new Error(`${count} events arrived instead of ${counter.arrived}`);
    if (round === 0) continue;
    ms += performance.now() - startedAt;
    cpu.unseen += middle - start;
    cpu.seen += cpuMs(pid) - middle;
    latencies.push(latency ?? { p50: 0, p99: 0 });
  }
  const deliveries = updates * watchers * rounds;
  const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
  return {
    eventUs: ((cpu.seen - cpu.unseen) * 1000) / deliveries,
    perSecond: (deliveries / ms) * 1000,
    latency: { p50: median(latencies.map(({ p50 }) => p50)), p99: median(latencies.map(({ p99 }) => p99)) },
  };
}
