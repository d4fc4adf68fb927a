import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TokenBucket } from '../src/backends/token-bucket.js';
import {
  type AuditBackend,
  AuditLogger,
  bufferedBackend,
  formatEvent,
  ignoreErrors,
  kubernetesAttributes,
  logBackend,
  truncateBackend,
  unionBackend,
  webhookBackend,
} from '../src/index.js';
import { event, memory } from './support/events.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the log backend', () => {
  it('loses none of 100,000 events in rotation, and no line is torn', async () => {
    const path = join(dir, 'deep', 'audit.log');
    const log = logBackend({ path, maxSizeMb: 1, maxBackups: 0, compress: true });
    const kept: (boolean | Promise<boolean>)[] = [];
    for (let i = 0; i < 100_000; i++) kept.push(log.process([event(i)]));
    expect((await Promise.all(kept)).every(Boolean)).toBe(true);
    await log.close();
    const files = readdirSync(join(dir, 'deep'));
    expect(files.length).toBeGreaterThan(10);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const ids = new Set<string>();
    for (const name of files) {
      const bytes = readFileSync(join(dir, 'deep', name));
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      for (const line of text.split('\n').slice(0, -1)) ids.add((JSON.parse(line) as { auditID: string }).auditID);
    }
    expect(ids.size).toBe(100_000);
  });

  it('keeps as many backups as it may', async () => {
    const path = join(dir, 'audit.log');
    const log = logBackend({ path, maxSizeMb: 1, maxBackups: 2 });
    const big = 'x'.repeat(300_000);
    for (let i = 0; i < 30; i++) log.process([event(i, { requestURI: big })]);
    await log.close();
    expect(readdirSync(dir).length).toBe(3);
  });

  it('gives the next file the permissions of the one it puts aside, and compresses what a crash has left', async () => {
    const path = join(dir, 'audit.log');
    const left = join(dir, 'audit-2026-01-01T00-00-00.000.log');
    writeFileSync(path, '');
    writeFileSync(left, 'left\n');
    writeFileSync(`${left}.gz.part`, 'half of it');
    for (const file of [path, left]) chmodSync(file, 0o644);
    const log = logBackend({ path, maxSizeMb: 1, compress: true });
    for (let i = 0; i < 5; i++) log.process([event(i, { requestURI: 'x'.repeat(300_000) })]);
    await log.close();
    const names = readdirSync(dir).sort();
    expect(names.map((name) => name.replace(/[\d-]+T[\d.-]+(?=\.log)/, 'AT'))).toEqual(['auditAT.log.gz', 'auditAT.log.gz', 'audit.log']);
    expect(names.map((name) => (statSync(join(dir, name)).mode & 0o777).toString(8))).toEqual(['644', '644', '644']);
    expect(gunzipSync(readFileSync(`${left}.gz`)).toString()).toBe('left\n');
  });

  it('goes on in a new file after its file was moved', async () => {
    const path = join(dir, 'audit.log');
    const log = logBackend({ path });
    log.process([event(1)]);
    renameSync(path, `${path}.old`);
    log.reopen();
    log.process([event(2)]);
    await log.close();
    expect(readFileSync(`${path}.old`, 'utf8')).toContain('"id-1"');
    expect(readFileSync(path, 'utf8')).toContain('"id-2"');
  });

  it('reports an event that no line can be made of, and writes the others', async () => {
    const path = join(dir, 'audit.log');
    const lost: string[] = [];
    const log = logBackend({ path, onError: ({ events }) => lost.push(...events.map(({ auditID }) => auditID)) });
    const details: { self?: object } = {};
    details.self = details;
    const broken = event(2, { responseStatus: { metadata: {}, details } });
    expect(await log.process([event(1), broken, event(3)])).toBe(false);
    expect(log.process([broken])).toBe(false);
    await log.close();
    expect(lost).toEqual(['id-2', 'id-2']);
    expect(readFileSync(path, 'utf8').match(/id-\d/g)).toEqual(['id-1', 'id-3']);
  });

  it('reports what it could not write', async () => {
    const lost: string[] = [];
    const log = logBackend({
      path: join(dir, 'a.log'),
      maxSizeMb: 1,
      onError: ({ plugin, events }) => lost.push(plugin, ...events.map(({ auditID }) => auditID)),
    });
    // Too long to be joined with others: known at once.
    expect(log.process([event(1, { requestURI: 'x'.repeat(1_100_000) })])).toBe(false);
    expect(ignoreErrors(log).process([event(2, { requestURI: 'x'.repeat(1_100_000) })])).toBe(true);
    expect(lost).toEqual(['log', 'id-1', 'log', 'id-2']);
    await log.close();
  });
});

describe('truncation', () => {
  const big = `"${'x'.repeat(500)}"`;

  it('drops bodies first, then the event', () => {
    const backend = memory();
    const lost: string[] = [];
    const truncate = truncateBackend(backend, {
      maxEventBytes: 400,
      onError: ({ plugin, events, error }) => lost.push(`${plugin}: ${(error as Error).message}: ${events.map(({ auditID }) => auditID)}`),
    });
    const given = [event(1), event(2, { requestObject: big, responseObject: big }), event(3, { requestURI: 'x'.repeat(500) })];
    expect(truncate.process([...given, event(4, { level: 'Metadata', requestURI: 'x'.repeat(500) })])).toBe(true);
    expect(
      backend.events.map(({ auditID, requestObject, responseObject, annotations }) => [
        auditID,
        requestObject,
        responseObject,
        annotations,
      ]),
    ).toEqual([
      ['id-1', undefined, undefined, undefined],
      ['id-2', undefined, undefined, { 'audit.k8s.io/truncated': 'true' }],
    ]);
    expect(lost).toEqual(['id-3', 'id-4'].map((id) => `truncate: event is too large even after truncating: ${id}`));
  });

  it('counts the newline', () => {
    const size = formatEvent(event(1)).length + 1;
    const drops = (maxEventBytes: number): boolean => {
      const backend = memory();
      truncateBackend(backend, { maxEventBytes }).process([event(1, { level: 'Metadata' })]);
      return backend.events.length === 0;
    };
    // The level has two letters more.
    expect([drops(size + 1), drops(size)]).toEqual([false, true]);
  });

  it('splits batches that are too big', () => {
    const backend = memory();
    const size = formatEvent(event(1)).length + 1;
    truncateBackend(backend, { maxEventBytes: size, maxBatchBytes: 2 * size }).process([1, 2, 3, 4, 5].map((id) => event(id)));
    expect(backend.batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
  });

  it('is said of later events of the request, too, if it had annotations: they share them', () => {
    const backend = memory();
    const logger = new AuditLogger(truncateBackend(backend, { maxEventBytes: 600 }), { level: 'Request' });
    const stagesOf = (isAnnotated: boolean): unknown[] => {
      backend.events.length = 0;
      const auditor = logger.begin({
        attributes: kubernetesAttributes('POST', '/api/v1/pods'),
        uri: '/api/v1/pods',
        user: {},
        headers: {},
      });
      auditor?.setRequestObject({ x: 'x'.repeat(600) });
      if (isAnnotated) auditor?.addAnnotation('a', 'b');
      auditor?.emit('RequestReceived');
      auditor?.setRequestObject({});
      auditor?.complete();
      return backend.events.map(({ annotations }) => annotations);
    };
    const truncated = { a: 'b', 'audit.k8s.io/truncated': 'true' };
    expect(stagesOf(true)).toEqual([truncated, truncated]);
    expect(stagesOf(false)).toEqual([{ 'audit.k8s.io/truncated': 'true' }, undefined]);
  });

  it('does not reach what an earlier event holds in a buffer', async () => {
    const kept = memory();
    const backend = truncateBackend(bufferedBackend(kept, { maxBatchSize: 10 }), { maxEventBytes: 600 });
    const auditor = new AuditLogger(backend, { level: 'Request' }).begin({
      attributes: kubernetesAttributes('POST', '/api/v1/pods'),
      uri: '/api/v1/pods',
      user: {},
      headers: {},
    });
    auditor?.addAnnotation('a', 'b');
    auditor?.emit('RequestReceived');
    auditor?.setRequestObject({ x: 'x'.repeat(600) });
    auditor?.complete();
    await backend.close();
    expect(kept.events.map(({ annotations }) => annotations)).toEqual([{ a: 'b' }, { a: 'b', 'audit.k8s.io/truncated': 'true' }]);
  });
});

describe('batches', () => {
  it('are sent when they are full and at the end', async () => {
    const backend = memory();
    const buffered = bufferedBackend(backend, { maxBatchSize: 4, maxBatchWaitMs: 60_000 });
    for (let i = 0; i < 10; i++) buffered.process([event(i)]);
    await buffered.close();
    expect(backend.batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
  });

  it('are sent when the first event has waited long enough', async () => {
    const backend = memory();
    const buffered = bufferedBackend(backend, { maxBatchSize: 100, maxBatchWaitMs: 50 });
    const started = performance.now();
    buffered.process([event(1)]);
    buffered.process([event(2)]);
    expect(backend.batches).toEqual([]);
    await expect.poll(() => backend.batches.map((batch) => batch.length), { timeout: 10_000 }).toEqual([2]);
    expect(performance.now() - started).toBeGreaterThan(45);
    buffered.process([event(3)]);
    await buffered.close();
    expect(backend.batches.map((batch) => batch.length)).toEqual([2, 1]);
  });

  it('drop what does not fit and say so', async () => {
    const lost: string[] = [];
    const buffered = bufferedBackend(memory(), {
      bufferSize: 2,
      maxBatchSize: 100,
      onError: ({ error, events }) => lost.push(`${(error as Error).message}: ${events.length}`),
    });
    expect(buffered.process([event(1), event(2), event(3)])).toBe(true);
    await buffered.close();
    buffered.process([event(4)]);
    expect(lost).toEqual(['audit buffer queue blocked: 1', 'audit backend shut down: 1']);
  });
});

describe('a union', () => {
  it('succeeds when all do', () => {
    const failing: AuditBackend = { name: 'failing', process: () => false, close: async () => {} };
    expect(unionBackend([memory(), memory()]).process([event(1)])).toBe(true);
    expect(unionBackend([memory(), failing]).process([event(1)])).toBe(false);
    expect(unionBackend([memory(), failing]).name).toBe('union[memory,failing]');
  });
});

it('a token bucket gives the burst at once, then one token per interval, and never saves up more than the burst', () => {
  let now = 0;
  const bucket = new TokenBucket({ qps: 10, burst: 2 }, () => now);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100]);
  now = 60;
  expect(bucket.take()).toBeCloseTo(40);
  now = 100;
  expect(bucket.take()).toBe(0);
  now = 100_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100]);
});

describe('numbers that would keep events from being written are refused', () => {
  it.each([
    [() => bufferedBackend(memory(), { maxBatchSize: 0 }), '"maxBatchSize" expected a positive whole number, got 0'],
    [() => bufferedBackend(memory(), { maxBatchSize: 0.5 }), '"maxBatchSize" expected a positive whole number, got 0.5'],
    [() => bufferedBackend(memory(), { bufferSize: -1 }), '"bufferSize" expected a positive whole number, got -1'],
    [() => bufferedBackend(memory(), { maxBatchWaitMs: Number.NaN }), '"maxBatchWaitMs" expected 0 or more, got NaN'],
    [() => bufferedBackend(memory(), { throttle: { qps: 0, burst: 1 } }), '"throttle.qps" expected a positive number, got 0'],
    [() => truncateBackend(memory(), { maxEventBytes: 0 }), '"maxEventBytes" expected a positive number, got 0'],
    [() => truncateBackend(memory(), { maxEventBytes: 10, maxBatchBytes: 9 }), '"maxBatchBytes" expected at least 10, got 9'],
    [() => logBackend({ path: join(dir, 'no'), maxSizeMb: -1 }), '"maxSizeMb" expected 0 or more, got -1'],
    [() => webhookBackend({ target: { url: 'audit.example:443' } }), '"target.url" expected an http or https URL, got "audit.example:443"'],
    [() => webhookBackend({ target: { url: 'http://a' }, timeoutMs: 0 }), '"timeoutMs" expected a positive number, got 0'],
  ])('%s', (make, message) => {
    expect(make).toThrow(message);
    expect(readdirSync(dir)).toEqual([]);
  });
});
