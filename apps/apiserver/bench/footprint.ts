/** Cold start, idle memory, and what requests cost as the number of objects grows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMap } from './objects.js';
import { cpuMs, memoryBytes, startServer } from './processes.js';
import type { Figure } from './report.js';
import { Session } from './session.js';

const MIB = 1024 * 1024;
const START_TARGET_MS = 250;
const IDLE_TARGET_MIB = 90;
const CONFIG_MAPS = '/api/v1/namespaces/bench/configmaps';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** The machine's own limit: a Node program that loads HTTP/2 and says so. */
async function startEmptyProgram(): Promise<{ wallMs: number; cpuMs: number }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['-e', "require('node:http2'); console.log('ready'); setTimeout(() => {}, 60_000)"], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const ready = { wallMs: performance.now() - startedAt, cpuMs: cpuMs(child.pid as number) };
  child.kill();
  await once(child, 'exit');
  return ready;
}

/** First starts, which make keys, certificates and default objects, restarts, and an empty program beside them; medians of five. */
export async function measureStart(): Promise<Figure[]> {
  const rounds: Record<'first start' | 'restart', { wallMs: number; cpuMs: number }[]> = { 'first start': [], restart: [] };
  const empty: { wallMs: number; cpuMs: number }[] = [];
  const idle: number[] = [];
  for (let round = 0; round < 5; round++) {
    const dir = mkdtempSync(join(tmpdir(), 'k-bench-start-'));
    let flags: string[] = [];
    for (const what of ['first start', 'restart'] as const) {
      const server = await startServer({ dataDir: dir, flags });
      // As users do: on the same address again.
      flags = ['--secure-port', new URL(server.url).port];
      rounds[what].push(server.ready);
      if (what === 'restart') {
        await pause(2_000);
        idle.push(memoryBytes(server.pid).resident / MIB);
      }
      await server.stop();
    }
    empty.push(await startEmptyProgram());
    rmSync(dir, { recursive: true, force: true });
  }
  const idleMib = median(idle);
  return [
    ...Object.entries(rounds).flatMap(([what, ready]): Figure[] => {
      const wallMs = median(ready.map((item) => item.wallMs));
      return [
        { what: `${what} to ready`, value: wallMs, unit: 'ms', target: `at most ${START_TARGET_MS} ms`, met: wallMs <= START_TARGET_MS },
        { what: `${what}, CPU`, value: median(ready.map((item) => item.cpuMs)), unit: 'ms CPU' },
      ];
    }),
    { what: 'empty Node program with node:http2', value: median(empty.map((item) => item.wallMs)), unit: 'ms' },
    { what: 'empty Node program with node:http2, CPU', value: median(empty.map((item) => item.cpuMs)), unit: 'ms CPU' },
    {
      what: 'idle memory',
      value: idleMib,
      unit: 'MiB resident',
      target: `at most ${IDLE_TARGET_MIB} MiB`,
      met: idleMib <= IDLE_TARGET_MIB,
    },
  ];
}

/** Fills a server step by step; at each step the cost of requests. */
export async function measureGrowth(quick: boolean): Promise<Figure[]> {
  const steps = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const session = await Session.open();
  const figures: Figure[] = [];
  try {
    let stored = 0;
    for (const step of steps) {
      const create = await session.measure({ kind: 'create', names: `step-${step}`, connections: 32, requests: step - stored });
      stored = step;
      const label = `${step.toLocaleString('en')} objects`;
      const path = `${CONFIG_MAPS}/step-${steps[0]}-7`;
      const body = await session.send('GET', path);
      if (!body.includes(JSON.stringify((configMap('', 7)['data'] as { index: string }).index)))
        throw new Error('GET answers another object');
      const get = await session.measure({ kind: 'get', path, connections: 32, requests: 5_000 });
      const page = await session.measure({ kind: 'get', path: `${CONFIG_MAPS}?limit=500`, connections: 4, requests: 200 });
      figures.push(
        { what: `CREATE up to ${label}`, value: create.cpuUs, unit: 'µs CPU per request', perSecond: create.perSecond },
        { what: `GET among ${label}`, value: get.cpuUs, unit: 'µs CPU per request', perSecond: get.perSecond },
        { what: `LIST of 500 among ${label}`, value: page.cpuUs, unit: 'µs CPU per request', perSecond: page.perSecond },
      );
    }
    return figures;
  } finally {
    await session.close();
  }
}
