/**
 * Memory of cached objects: what a server holds that started with them, less what one holds that started without; and what a
 * server that was warm holds more when it has created them. All when they have come to rest.
 *
 * Anonymous memory is counted. Pages of the store's file that are mapped besides are the kernel's cache of it, which it takes
 * back when it needs them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { memoryBytes, type ServerProcess, startServer } from './processes.js';
import type { Figure } from './report.js';
import { Session } from './session.js';

const MIB = 1024 * 1024;
const TARGET = 2.5;
const WARM_COUNT = 2_000;
const TOKEN = 'memory-token';
const CONFIG_MAPS = '/api/v1/namespaces/bench/configmaps';
/** At rest: no change of a MiB for so many looks, one a second. Longer than the server waits before it gives memory back. */
const LOOKS = 30;
const LOOKS_MAX = 240;

/** Measures with 10,000 objects, and with 100,000 unless `quick`. */
export async function measureMemory(quick: boolean): Promise<Figure[]> {
  const figures: Figure[] = [];
  const empty = await measureServer(0);
  for (const count of quick ? [10_000] : [10_000, 100_000]) {
    const filled = await measureServer(count);
    const row = (what: string, bytes: number): Figure => {
      const ratio = bytes / filled.jsonBytes;
      return {
        what: `${what} ${count.toLocaleString('en')} objects`,
        value: (bytes * 1000) / MIB,
        unit: 'MiB per 1,000',
        ratio,
        target: `at most ${TARGET} × the JSON`,
        met: ratio <= TARGET,
      };
    };
    figures.push(
      row('started with', (filled.restarted - empty.restarted) / (count + WARM_COUNT)),
      row('at rest after creating', (filled.created - filled.warm) / count),
    );
  }
  return figures;
}

/** Anonymous bytes of a server at rest: warm, after it has created objects, after a restart with them; and the JSON of one. */
async function measureServer(count: number): Promise<{ warm: number; created: number; restarted: number; jsonBytes: number }> {
  const session = await Session.open();
  try {
    // What the first requests leave behind (compiled code, buffers of connections) is no object's.
    if (count > 0) await session.measure({ kind: 'create', names: 'warm', connections: 32, requests: WARM_COUNT });
    const warm = count > 0 ? await atRest(session.server) : 0;
    if (count > 0) await session.measure({ kind: 'create', names: 'object', connections: 32, requests: count });
    const jsonBytes = count > 0 ? (await session.send('GET', `${CONFIG_MAPS}/object-0`)).length : 0;
    const created = count > 0 ? await atRest(session.server) : 0;
    await session.server.stop();
    const tokens = join(session.dir, 'memory-tokens.csv');
    writeFileSync(tokens, `${TOKEN},admin,1,system:masters\n`);
    const server = await startServer({ dataDir: session.dir, flags: ['--token-auth-file', tokens] });
    try {
      await listOnce(server, count);
      return { warm, created, restarted: await atRest(server), jsonBytes };
    } finally {
      await server.stop();
    }
  } finally {
    await session.close();
  }
}

/** The cache is filled for the first reader. */
async function listOnce({ url, ca }: ServerProcess, count: number): Promise<void> {
  const dispatcher = new Agent({ connect: { ca } });
  const { body } = await request(new URL(`${CONFIG_MAPS}?limit=500`, url), { dispatcher, headers: { authorization: `Bearer ${TOKEN}` } });
  const { items } = (await body.json()) as { items: unknown[] };
  // The root CA's is there, too.
  if (items.length !== Math.min(500, count + 1)) throw new Error(`a list of ${count} objects begins with ${items.length}`);
  await dispatcher.close();
}

async function atRest({ pid }: ServerProcess): Promise<number> {
  let mark = memoryBytes(pid).anonymous;
  for (let looks = 0, total = 0; looks < LOOKS && total < LOOKS_MAX; looks++, total++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { anonymous } = memoryBytes(pid);
    if (Math.abs(anonymous - mark) < MIB) continue;
    mark = anonymous;
    looks = 0;
  }
  return memoryBytes(pid).anonymous;
}
