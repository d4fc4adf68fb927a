/** What the server's CPU time goes to under GET, LIST and CREATE, and at a start: shares of functions, from V8's profiler. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAside } from '../build-aside.js';
import { configMap, pod } from './objects.js';
import { startServer } from './processes.js';
import { Session } from './session.js';

const ROWS = 14;
const PODS = '/api/v1/namespaces/bench/pods';
const CONFIG_MAPS = '/api/v1/namespaces/bench/configmaps';

/** The part of V8's format that is read. Times in microseconds of the system's monotonic clock. */
interface CpuProfile {
  startTime: number;
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Time between two moments, in microseconds of the monotonic clock, which all processes share. */
interface Span {
  from: number;
  to: number;
}

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

/** Writes `profile.md`. */
export async function writeProfiles(folder: string, quick: boolean): Promise<void> {
  const { main, remove } = buildAside({ names: true });
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'profile.md'), await profilesOf(main, quick));
  } finally {
    remove();
  }
}

async function profilesOf(main: string, quick: boolean): Promise<string> {
  const factor = quick ? 1 : 4;
  let turn = 0;
  return [
    '# Where the time goes',
    '',
    'Share of the CPU time of the server, by function without what it calls. Written by `npm run bench`.',
    '',
    tableOf('Start (restart, until ready)', await profileStart(main)),
    tableOf(
      'GET, 64 connections',
      await profileRequests(main, (session) =>
        session.measure({ kind: 'get', path: `${CONFIG_MAPS}/one`, connections: 64, requests: 10_000 * factor }),
      ),
    ),
    tableOf(
      'LIST of 1,000 pods, 4 connections',
      await profileRequests(main, (session) => session.measure({ kind: 'get', path: PODS, connections: 4, requests: 150 * factor })),
    ),
    tableOf(
      'CREATE on the embedded store, 64 connections',
      await profileRequests(main, (session) =>
        session.measure({ kind: 'create', names: `turn-${turn++}`, connections: 64, requests: 5_000 * factor }),
      ),
    ),
  ].join('\n');
}

async function profileStart(main: string): Promise<Map<string, number>> {
  return inFolder(async (profileDir) => {
    const dataDir = join(profileDir, 'data');
    await (await startServer({ dataDir, main })).stop();
    const from = nowUs();
    const server = await startServer({ dataDir, profileDir, main });
    const to = nowUs();
    await server.stop();
    return shares(profileDir, { from, to });
  });
}

async function profileRequests(main: string, load: (session: Session) => Promise<unknown>): Promise<Map<string, number>> {
  return inFolder(async (profileDir) => {
    const session = await Session.open({ profileDir, main });
    let span: Span;
    try {
      await session.send('POST', CONFIG_MAPS, configMap('one', 0));
      await session.fill(PODS, 1_000, (index) => pod(`pod-${index}`, index));
      await load(session);
      const from = nowUs();
      await load(session);
      span = { from, to: nowUs() };
    } finally {
      await session.close();
    }
    return shares(profileDir, span);
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'k-bench-profile-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Share of the busy time by function, largest first. */
function shares(folder: string, { from, to }: Span): Map<string, number> {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the server wrote no profile');
  const { startTime, nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  let at = startTime;
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] as number;
    at += delta;
    const name = names.get(id) as string;
    if (at < from || at > to || name === '(idle)') continue;
    spent.set(name, (spent.get(name) ?? 0) + delta);
    busy += delta;
  }
  return new Map([...spent].map(([name, us]): [string, number] => [name, us / busy]).sort((a, b) => b[1] - a[1]));
}

function nameOf({ functionName, url }: { functionName: string; url: string }): string {
  const name = functionName === '' ? 'top level' : functionName;
  if (name.startsWith('(')) return name;
  if (url === '') return `${name} (native)`;
  return url.startsWith('node:') ? `${name} (${url})` : name;
}

function tableOf(title: string, spent: ReadonlyMap<string, number>): string {
  const rows = [...spent].slice(0, ROWS).map(([name, share]) => `| ${(share * 100).toFixed(1)}% | \`${name}\` |`);
  return [`## ${title}`, '', '| share | function |', '| --- | --- |', ...rows, ''].join('\n');
}
