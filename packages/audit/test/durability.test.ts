import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type AuditEvent, logBackend } from '../src/index.js';
import { bundlePackage } from './support/bundle.js';
import { event } from './support/events.js';

let bundle: Awaited<ReturnType<typeof bundlePackage>>;
let dir = '';
beforeAll(async () => {
  bundle = await bundlePackage();
});
afterAll(() => rmSync(bundle.dir, { recursive: true }));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('a full disk fails and reports each event', async () => {
  const lost: string[] = [];
  const log = logBackend({
    path: '/dev/full',
    maxSizeMb: 0,
    onError: ({ error, events }) => lost.push(`${(error as { code?: string }).code} ${events.map(({ auditID }) => auditID)}`),
  });
  expect(await log.process([event(1)])).toBe(false);
  expect(await Promise.all([log.process([event(2)]), log.process([event(3), event(4)])])).toEqual([false, false]);
  await log.close();
  expect(lost).toEqual(['ENOSPC id-1', 'ENOSPC id-2,id-3,id-4', 'ENOSPC ']);
});

/** Runs a module text with the sources at hand; resolves with what it printed. */
function run(script: string, { shell = '', onOutput }: { shell?: string; onOutput?: (child: ChildProcess, said: string) => void } = {}) {
  const node = [process.execPath, '--input-type=module', '-e', script];
  const [command = '', ...args] = shell === '' ? node : ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...node];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('..', import.meta.url).pathname });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    onOutput?.(child, said);
  });
  return new Promise<string>((resolve) => child.once('close', () => resolve(said)));
}
const source = (name: 'index' | 'metrics'): string => JSON.stringify(pathToFileURL(bundle[name]).href);
const wholeLines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const idOf = (line: string): string => (JSON.parse(line) as AuditEvent).auditID;

it('a file at its size limit: what does not fit is counted, reported and refused, no line is torn', async () => {
  const path = join(dir, 'audit.log');
  const script = `
    const { AuditLogger, logBackend } = await import(${source('index')});
    const { createAuditMetrics } = await import(${source('metrics')});
    const { Registry } = await import('prom-client');
    const registry = new Registry();
    const { counters, onError } = createAuditMetrics({ registry });
    const errors = new Set();
    const log = logBackend({
      path: ${JSON.stringify(path)},
      onError: (failure) => { onError(failure); errors.add(failure.error.code); },
    });
    const logger = new AuditLogger(log, { level: 'Metadata' }, { counters });
    const accepted = [];
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const requests = Array.from({ length: 10 }, (_, j) => logger.logRequest({
        uri: '/' + 'x'.repeat(500), verb: 'GET', user: { username: 'alice' }, auditId: i + '-' + j,
      }));
      for (const result of await Promise.allSettled(requests)) {
        if (result.status === 'fulfilled') accepted.push(result.value); else refused++;
      }
    }
    const counted = await registry.getSingleMetric('apiserver_audit_error_total').get();
    const rejected = await registry.getSingleMetric('apiserver_audit_requests_rejected_total').get();
    console.log(JSON.stringify({ accepted, refused, errors: [...errors], counted: counted.values[0].value, rejected: rejected.values[0].value }));
    process.exit();`;
  const said = JSON.parse(await run(script, { shell: 'ulimit -f 64' })) as Record<string, unknown> & {
    accepted: string[];
    refused: number;
  };
  const lines = wholeLines(path);
  expect(said.accepted.length).toBeGreaterThan(50);
  expect(lines.map(idOf)).toEqual(said.accepted);
  expect(said).toMatchObject({ errors: ['EFBIG'], refused: 400 - lines.length, counted: said.refused, rejected: said.refused });
  // The next process goes on behind the last whole line.
  const log = logBackend({ path });
  await log.process([event(1)]);
  await log.close();
  expect(wholeLines(path).map(idOf)).toEqual([...said.accepted, 'id-1']);
}, 60_000);

it('a disk that has room again gets what was held, in order and once', async () => {
  const path = join(dir, 'audit.log');
  // The soft limit can be raised again, like a disk that is cleared.
  const script = `
    const { execFileSync } = await import('node:child_process');
    const { logBackend } = await import(${source('index')});
    const log = logBackend({ path: ${JSON.stringify(path)}, onError: () => {} });
    const results = [];
    const step = async (from, to) => {
      for (let i = from; i < to; i++) results.push(await log.process([{ ...${JSON.stringify(event(0))}, auditID: String(i), requestURI: 'x'.repeat(1000) }]));
    };
    await step(0, 30);
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
    await step(30, 40);
    await log.close();
    console.log(JSON.stringify(results));`;
  const results = JSON.parse(await run(script, { shell: 'ulimit -Sf 16' })) as boolean[];
  expect(results.filter((isKept) => !isKept).length).toBeGreaterThan(5);
  expect(results.slice(30)).toEqual(Array.from({ length: 10 }, () => true));
  expect(wholeLines(path).map(idOf)).toEqual(Array.from({ length: 40 }, (_unused, i) => String(i)));
}, 60_000);

it('a half line that a crash left is cut off before the next one', async () => {
  const path = join(dir, 'audit.log');
  writeFileSync(path, '{"whole":1}\n{"half":');
  const log = logBackend({ path });
  log.process([event(1)]);
  await log.close();
  const lines = readFileSync(path, 'utf8').split('\n');
  expect([lines.length, lines[0], (JSON.parse(lines[1] ?? '') as AuditEvent).auditID]).toEqual([3, '{"whole":1}', 'id-1']);
});

it('what was accepted survives kill -9, in whole lines', async () => {
  const path = join(dir, 'audit.log');
  const script = `
    const { logBackend } = await import(${source('index')});
    const log = logBackend({ path: ${JSON.stringify(path)}, maxSizeMb: 0 });
    const event = ${JSON.stringify(event(0))};
    for (let i = 0; ; ) {
      const kept = [];
      for (let j = 0; j < 100; j++, i++) kept.push(log.process([{ ...event, auditID: String(i) }]));
      await Promise.all(kept);
      process.stdout.write(i + '\\n');
    }`;
  const said = await run(script, {
    onOutput: (child, output) => {
      if (output.split('\n').length > 20) child.kill('SIGKILL');
    },
  });
  const accepted = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
  const lines = wholeLines(path);
  expect(lines.length).toBeGreaterThanOrEqual(accepted);
  lines.forEach((line, i) => {
    expect(idOf(line)).toBe(String(i));
  });
}, 60_000);

it.each([
  ['process.exit', 'process.exit(0)'],
  ['a fault that nobody catches', "queueMicrotask(() => { throw new Error('expected by the test'); })"],
])(
  'a process that ends by %s in the middle of a turn has its lines',
  async (_name, end) => {
    const path = join(dir, 'audit.log');
    await run(
      `const { logBackend } = await import(${source('index')});
    process.on('uncaughtException', () => process.exit(1));
    const log = logBackend({ path: ${JSON.stringify(path)} });
    for (let i = 0; i < 5; i++) void log.process([{ ...${JSON.stringify(event(0))}, auditID: String(i) }]);
    ${end};`,
    );
    expect(wholeLines(path).map(idOf)).toEqual(['0', '1', '2', '3', '4']);
  },
  60_000,
);
