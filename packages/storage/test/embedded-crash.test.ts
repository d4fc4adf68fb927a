import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyValueStore, openEmbeddedStore } from '../src/index.js';
import { bundleProgram } from './programs/bundle.js';

const ROUNDS = process.env['SLOW'] === '1' ? 500 : 100;
/** Folders written side by side, one per core that CI has. */
const FOLDERS = 2;

interface Acknowledged {
  key: string;
  revision: number;
  /** `null` for a deletion. */
  value: string | null;
}

/** Runs the writer and kills it at a random moment in the middle of its writes. */
async function runAndKill(program: string, dir: string, round: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [program, dir, String(round)], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    setTimeout(() => child.kill('SIGKILL'), 5 + Math.random() * 40);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_code, by) => resolve(by)));
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  // A line that was cut by the kill was not heard by anyone.
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [type, key = '', revision, value = ''] = line.split(' ');
      return { key, revision: Number(revision), value: type === 'delete' ? null : value };
    });
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
    const last = Math.max(...acknowledged.map(({ revision }) => revision));
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

  it(`keeps every acknowledged write through ${ROUNDS} kills in the middle of writes`, { timeout: 600_000 }, async () => {
    const program = await bundleProgram('crash-writer');
    let kills = 0;
    let checked = 0;
    await Promise.all(
      Array.from({ length: FOLDERS }, async (_, folder) => {
        const dir = join(root, String(folder));
        while (kills < ROUNDS) {
          const round = kills++;
          const acknowledged = await runAndKill(program, dir, round);
          await verify(dir, acknowledged);
          checked += acknowledged.length;
        }
      }),
    );
    expect(kills).toBe(ROUNDS);
    expect(checked).toBeGreaterThan(ROUNDS * 10);
    console.log(`${kills} kills, ${checked} acknowledged writes checked`);
  });
});
