import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyValueStore, openEmbeddedStore } from '../src/index.js';
import { bundleProgram } from './programs/bundle.js';

/** Each kill hits two stores in the middle of their writes. */
const KILLS = process.env['SLOW'] === '1' ? 500 : 100;
const FOLDERS = 2;
/** Processes at a time, one per core that CI has. */
const PROCESSES = 2;

interface Acknowledged {
  key: string;
  revision: number;
  /** `null` for a deletion. */
  value: string | null;
}

/** Runs the writer and kills it at a random moment in the middle of its writes. */
async function runAndKill(program: string, dirs: readonly string[], round: number): Promise<Acknowledged[][]> {
  const child = spawn(process.execPath, [program, String(round), ...dirs], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Half of the time to start would go to an accelerator that the store does not use.
    env: { ...process.env, MSGPACKR_NATIVE_ACCELERATION_DISABLED: 'true' },
  });
  let output = '';
  let errors = '';
  let isTimed = false;
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (isTimed) return;
    isTimed = true;
    setTimeout(() => child.kill('SIGKILL'), 2 + Math.random() * 25);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_code, by) => resolve(by)));
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  const acknowledged: Acknowledged[][] = dirs.map(() => []);
  // A line that was cut by the kill was not heard by anyone.
  for (const line of output.slice(0, output.lastIndexOf('\n') + 1).split('\n')) {
    const [folder, type, key = '', revision, value = ''] = line.split(' ');
    if (line !== '') acknowledged[Number(folder)]?.push({ key, revision: Number(revision), value: type === 'delete' ? null : value });
  }
  return acknowledged;
}

/** All changes from a revision on, as the store replays them. */
async function replay(store: KeyValueStore, startRevision: number): Promise<Acknowledged[]> {
  const end = await store.currentRevision();
  const changes: Acknowledged[] = [];
  return new Promise((resolve, reject) => {
    const handle = store.watch({
      prefix: '/registry/crash/',
      startRevision,
      onBatch: (batch) => {
        for (const { type, kv } of batch.changes) {
          changes.push({ key: kv.key, revision: kv.modRevision, value: type === 'put' ? kv.value.toString() : null });
        }
        if (batch.revision < end) return;
        handle.close();
        resolve(changes);
      },
      onEnd: reject,
    });
    handle.requestProgress();
  });
}

async function verify(dir: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const store = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
  try {
    const last = Math.max(1, ...acknowledged.map(({ revision }) => revision));
    const current = await store.currentRevision();
    expect(current).toBeGreaterThanOrEqual(last);
    const compacted = await oldestReadable(store, current);
    const byRevision = new Map((await replay(store, compacted + 1)).map((change) => [change.revision, change]));
    // Each revision is one change: none is missing, none is there twice.
    expect(byRevision.size).toBe(current - compacted);
    for (const expected of acknowledged) if (expected.revision > compacted) expect(byRevision.get(expected.revision)).toEqual(expected);
    // What a key holds now is its last acknowledged write, or one that was on its way after it.
    const newest = new Map<string, Acknowledged>();
    for (const change of acknowledged) {
      if ((newest.get(change.key)?.revision ?? 0) < change.revision) newest.set(change.key, change);
    }
    for (const change of newest.values()) {
      const { kv } = await store.get(change.key, { revision: Math.max(change.revision, compacted) });
      const later = byRevision.get(kv?.modRevision ?? 0);
      const wanted = change.revision >= compacted ? change : later;
      expect(kv === null ? null : kv.value.toString()).toBe(wanted?.value ?? null);
    }
  } finally {
    await store.close();
  }
}

async function oldestReadable(store: KeyValueStore, current: number): Promise<number> {
  let low = 1;
  let high = current;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const readable = await store.get('/registry/crash/0', { revision: middle }).then(
      () => true,
      () => false,
    );
    if (readable) high = middle;
    else low = middle + 1;
  }
  return low;
}

describe('embedded store, killed', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'k-crash-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it(`keeps every acknowledged write of two stores through ${KILLS} kills in the middle of writes`, { timeout: 600_000 }, async () => {
    const program = await bundleProgram('crash-writer');
    let kills = 0;
    let checked = 0;
    await Promise.all(
      Array.from({ length: PROCESSES }, async (_, at) => {
        const dirs = Array.from({ length: FOLDERS }, (__, folder) => join(root, `${at}-${folder}`));
        while (kills < KILLS) {
          const round = kills++;
          const acknowledged = await runAndKill(program, dirs, round);
          for (const [folder, dir] of dirs.entries()) {
            const heard = acknowledged[folder] ?? [];
            await verify(dir, heard);
            checked += heard.length;
          }
        }
      }),
    );
    expect(kills).toBe(KILLS);
    expect(checked).toBeGreaterThan(KILLS * 10);
    console.log(`${kills} kills of ${FOLDERS} stores each, ${checked} acknowledged writes checked`);
  });
});
