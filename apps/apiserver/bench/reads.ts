/** GET and LIST, each beside a bare HTTPS server that sends the same bytes. */
import { join } from 'node:path';
import type { BarePorts, BareTask } from './bare-https.js';
import { configMap, pod } from './objects.js';
import { startWorker } from './processes.js';
import type { Figure } from './report.js';
import { Session, type Task } from './session.js';

const PODS = '/api/v1/namespaces/bench/pods';
/** Turns that the server and the bare one take, so that what else the machine does meets both. */
const ROUNDS = 5;

/** What is read, how often, and the share of the bare server's speed that is wanted. */
interface Read {
  what: string;
  path: string;
  /** Requests at a time; over HTTP/2 all on one connection. */
  connections: number;
  requests: number;
  http2?: boolean;
  target?: number;
  /** Items that the answer must have; absent = a single object. */
  items?: number;
}

/** Measures reads with `pods` pods of 3.7 KB stored. */
export async function measureReads(quick: boolean): Promise<Figure[]> {
  const pods = quick ? 2_000 : 10_000;
  const session = await Session.open();
  const bare = startWorker<BareTask, BarePorts>('bare-https.ts');
  try {
    await session.send('POST', '/api/v1/namespaces/bench/configmaps', configMap('one', 0));
    await session.fill(PODS, pods, (index) => pod(`pod-${index}`, index));
    const factor = quick ? 1 : 4;
    const path = '/api/v1/namespaces/bench/configmaps/one';
    const reads: Read[] = [
      { what: 'GET', path, connections: 64, requests: 10_000 * factor, target: 0.45 },
      { what: 'GET resourceVersion=0', path: `${path}?resourceVersion=0`, connections: 64, requests: 10_000 * factor },
      { what: 'LIST 1,000', path: `${PODS}?limit=1000`, connections: 4, requests: 100 * factor, items: 1_000, target: 0.75 },
      { what: 'GET, HTTP/2', path, connections: 64, requests: 10_000 * factor, http2: true },
      { what: 'LIST 1,000, HTTP/2', path: `${PODS}?limit=1000`, connections: 4, requests: 100 * factor, http2: true, items: 1_000 },
      { what: `LIST ${pods.toLocaleString('en')}`, path: PODS, connections: 2, requests: 20 * factor, items: pods },
      { what: 'LIST by label', path: `${PODS}?labelSelector=tier%3Drare`, connections: 4, requests: 100 * factor, items: pods / 10 },
      {
        what: 'LIST by field',
        path: `${PODS}?fieldSelector=spec.nodeName%3Dnode-7`,
        connections: 4,
        requests: 400 * factor,
        items: pods / 100,
      },
    ];
    const bodies: Record<string, string> = {};
    for (const read of reads) {
      const body = await session.send('GET', read.path);
      check(read, body);
      bodies[read.path] = body;
    }
    const certs = join(session.dir, 'certs');
    const ports = await bare.ask({ certFile: join(certs, 'apiserver.crt'), keyFile: join(certs, 'apiserver.key'), bodies, event: '' });
    const at = (port: number) => ({ url: `https://127.0.0.1:${port}`, pid: bare.pid, ca: session.server.ca });
    const figures: Figure[] = [];
    for (const read of reads) {
      const requests = Math.ceil(read.requests / ROUNDS);
      const http2 = read.http2 === true;
      const task: Task = { kind: 'get', path: read.path, connections: read.connections, requests, http2 };
      const elsewhere = at(http2 ? ports.http2 : ports.https);
      for (const where of [undefined, elsewhere]) await session.measure(task, where);
      const [cost, limit] = await session.compare(task, elsewhere, ROUNDS);
      figures.push({
        what: read.what,
        value: cost.cpuUs,
        unit: 'µs CPU per request',
        perSecond: cost.perSecond,
        limit: { what: http2 ? 'bare node:http2' : 'bare node:https', value: limit.cpuUs, perSecond: limit.perSecond },
        ratio: limit.cpuUs / cost.cpuUs,
        ...(read.target === undefined
          ? {}
          : { target: `at least ${read.target * 100}% of the limit`, met: limit.cpuUs / cost.cpuUs >= read.target }),
      });
    }
    return figures;
  } finally {
    await bare.stop();
    await session.close();
  }
}

/** Whether the answer is right, before it is timed. */
function check(read: Read, body: string): void {
  const parsed = JSON.parse(body) as { kind: string; items?: unknown[]; data?: { index: string } };
  const isRight = read.items === undefined ? parsed.data?.index === '0' : parsed.kind === 'PodList' && parsed.items?.length === read.items;
  if (!isRight) throw new Error(`${read.what}: unexpected answer ${body.slice(0, 200)}`);
}
