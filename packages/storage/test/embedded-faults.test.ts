import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedStoreOptions, type KeyValueStore, openEmbeddedStore, StorageError } from '../src/index.js';
import { bundleProgram } from './programs/bundle.js';

const run = promisify(execFile);

describe('embedded store, faults', () => {
  let dir: string;
  let store: KeyValueStore | null = null;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'k-faults-'));
  });
  afterEach(async () => {
    await store?.close();
    store = null;
    rmSync(dir, { recursive: true });
  });

  const open = async (options: Partial<EmbeddedStoreOptions> = {}): Promise<KeyValueStore> => {
    store = await openEmbeddedStore({ dir, compactionIntervalMs: 0, ...options });
    return store;
  };
  const failure = async (): Promise<{ code: unknown; message: string }> => {
    const error = await openEmbeddedStore({ dir }).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (!(error instanceof StorageError)) throw new Error(`expected a StorageError, got ${String(error)}`);
    return { code: error.code, message: error.message };
  };
  const dataFile = (): string => join(dir, 'store.mdb');

  it('refuses a folder that this process has open', async () => {
    await open();
    expect(await failure()).toEqual({ code: 'STORAGE_LOCKED', message: `the data folder "${dir}" is already open in this process` });
  });

  it('refuses a folder that another process has open, and takes it over when that process is killed', async () => {
    const program = await bundleProgram('crash-writer');
    const child = execFile(process.execPath, [program, '0', dir]);
    const closed = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(await failure()).toEqual({ code: 'STORAGE_LOCKED', message: `the data folder "${dir}" is in use by process ${child.pid}` });
    child.kill('SIGKILL');
    await closed;
    expect(await (await open()).currentRevision()).toBeGreaterThan(1);
  });

  it('takes over from a dead process whose pid has been given to this one', async () => {
    await (await open()).close();
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...JSON.parse(await heldLock()), started: '1' }));
    expect(await (await open()).currentRevision()).toBe(1);
  });

  it('waits for the heartbeat of a holder that it cannot look up', async () => {
    const held = { ...JSON.parse(await heldLock()), realm: 'another container' };
    writeFileSync(join(dir, 'lock'), JSON.stringify(held));
    const timer = setInterval(() => writeFileSync(join(dir, 'lock'), JSON.stringify(held)), 300);
    expect((await failure()).code).toBe('STORAGE_LOCKED');
    clearInterval(timer);
    expect(await (await open()).currentRevision()).toBe(1);
  });

  /** The lock file as an open store writes it. */
  async function heldLock(): Promise<string> {
    const other = join(dir, 'other');
    const opened = await openEmbeddedStore({ dir: other });
    const text = readFileSync(join(other, 'lock'), 'utf8');
    await opened.close();
    return text;
  }

  it.each([
    { name: 'no LMDB file', bytes: Buffer.alloc(100_000, 'x'), reason: 'it does not begin like an LMDB file' },
    { name: 'a short file', bytes: Buffer.from('hello'), reason: 'it ends inside its head' },
    { name: 'zeros', bytes: Buffer.alloc(100_000), reason: 'it does not begin like an LMDB file' },
  ])('names the file that is damaged: $name', async ({ bytes, reason }) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(dataFile(), bytes);
    expect(await failure()).toEqual({ code: 'STORAGE_CORRUPT', message: `the data file "${dataFile()}" cannot be used: ${reason}` });
  });

  it('notices a file that was cut', async () => {
    const filled = await open();
    await Promise.all(Array.from({ length: 500 }, (_, i) => filled.create(`/k/${i}`, Buffer.alloc(3000, i))));
    await filled.close();
    truncateSync(dataFile(), Math.floor(statSync(dataFile()).size / 2 / 4096) * 4096);
    const { code, message } = await failure();
    expect(code).toBe('STORAGE_CORRUPT');
    expect(message).toMatch(new RegExp(`^the data file "${dataFile()}" cannot be used: `));
  });

  it('notices a changed byte in a value, and serves the others', async () => {
    const filled = await open();
    await filled.create('/k/a', Buffer.from('the first value, which will be damaged'));
    await filled.create('/k/b', Buffer.from('the second value, which will not'));
    await filled.close();
    const at = readFileSync(dataFile()).indexOf('which will be damaged');
    writeSync(openSync(dataFile(), 'r+'), 'W', at);
    const opened = await open();
    const error = await opened.get('/k/a').catch((cause: unknown) => cause);
    expect(StorageError.is(error, 'STORAGE_CORRUPT')).toBe(true);
    expect((error as Error).message).toBe(
      `the data file "${dataFile()}" cannot be used: a record of the embedded store is damaged: its checksum does not match`,
    );
    expect((await opened.get('/k/b')).kv?.value.toString()).toBe('the second value, which will not');
  });

  it('refuses a folder of another format', async () => {
    const { Tables } = await import('../src/embedded/tables.js');
    const tables = await Tables.open(dir, 2 ** 30);
    await tables.write(() => tables.putMeta('format', 7));
    await tables.close();
    expect(await failure()).toEqual({
      code: 'STORAGE_CORRUPT',
      message: `the data file "${dataFile()}" cannot be used: it has format 7, this version reads format 1`,
    });
  });

  it('reports a full disk, goes on reading, loses nothing, and writes again when there is room', async () => {
    const program = await bundleProgram('full-disk-writer');
    // 8 MiB per file, in blocks of 512 bytes.
    const { stdout } = await run('/bin/sh', ['-c', 'ulimit -f 16384; exec "$0" "$@"', process.execPath, program, dir]);
    const report = JSON.parse(stdout) as {
      full: boolean;
      message: string;
      acknowledged: number;
      last: { key: string; revision: number };
      present: number;
      refused: boolean;
      deleted: unknown;
      before: number;
    };
    expect({ ...report, acknowledged: 0, present: 0, last: null, before: 0 }).toEqual({
      full: true,
      message: `the disk that holds "${dataFile()}" is full: nothing was written`,
      acknowledged: 0,
      present: 0,
      last: null,
      refused: true,
      deleted: { ok: true, revision: report.before },
      before: 0,
    });
    expect(report.acknowledged).toBeGreaterThan(500);
    expect(report.present).toBe(report.acknowledged);
    const opened = await open();
    expect(await opened.currentRevision()).toBe(report.before);
    const { kvs } = await opened.range({ prefix: '/registry/full/' });
    expect(kvs.length).toBe(report.acknowledged - 1);
    expect((await opened.get(report.last.key)).kv?.modRevision).toBe(report.last.revision);
    expect(await opened.create('/registry/full/after', Buffer.alloc(400_000))).toEqual({ ok: true, revision: report.before + 1 });
  });

  it('refuses what is too large, and keys it cannot keep', async () => {
    const opened = await open({ valueBytesMax: 1000 });
    const code = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: { code?: unknown }) => error.code ?? error);
    expect(await code(opened.create('/k', Buffer.alloc(1001)))).toBe('STORAGE_TOO_LARGE');
    expect(await code(opened.create(`/${'k'.repeat(1900)}`, Buffer.alloc(1)))).toBe('STORAGE_TOO_LARGE');
    expect(await code(opened.create('/a\0b', Buffer.alloc(1)))).toEqual(new RangeError('"key" expected a non-empty string without NUL'));
    expect(await opened.create(`/${'k'.repeat(1899)}`, Buffer.alloc(1000))).toEqual({ ok: true, revision: 2 });
  });

  it('deletes expired keys after a restart, as an event like any other', async () => {
    const first = await open({ expiryIntervalMs: 3_600_000 });
    await first.create('/e/a', Buffer.from('1'), { ttlSeconds: 0.05 });
    await first.create('/e/b', Buffer.from('1'), { ttlSeconds: 3600 });
    await first.create('/e/c', Buffer.from('1'), { ttlSeconds: 0.05 });
    await first.update('/e/c', Buffer.from('2'), 4);
    await first.close();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const second = await open({ expiryIntervalMs: 3_600_000 });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      second.watch({
        prefix: '/e/',
        startRevision: 6,
        onBatch: ({ changes }) => {
          for (const { type, kv } of changes) seen.push(`${type} ${kv.key} ${kv.modRevision}`);
          if (seen.length > 0) resolve();
        },
        onEnd: () => {},
      });
    });
    expect(seen).toEqual(['delete /e/a 6']);
    const { kvs } = await second.range({ prefix: '/e/' });
    expect(kvs.map((kv) => [kv.key, kv.expiresAtMs === undefined])).toEqual([
      ['/e/b', false],
      ['/e/c', true],
    ]);
  });
});
