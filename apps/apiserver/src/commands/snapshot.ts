/** `k-apiserver snapshot save|restore|status FILE`: one file that holds a whole cluster, from and into any store. */
import { resolve } from 'node:path';
import { restoreSnapshot, type SnapshotProgress, type SnapshotSummary, saveSnapshot, snapshotStatus } from '@k/storage/snapshot';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { openCommandStore } from './command-store.js';

const REDRAW_MS = 200;

function describe({ path, revision, createdAt, count, sizeBytes, checksum }: SnapshotSummary): string {
  return `${path}\n  revision  ${revision}\n  taken     ${createdAt}\n  keys      ${count}\n  bytes     ${sizeBytes}\n  sha256    ${checksum}\n`;
}

/** A line that counts, on a terminal. */
function progressLine(verb: string): (progress: SnapshotProgress) => void {
  let drawnMs = 0;
  return ({ count, total }) => {
    if (process.stderr.isTTY !== true || (Date.now() - drawnMs < REDRAW_MS && count < total)) return;
    drawnMs = Date.now();
    process.stderr.write(`\r${verb} ${count} of ${total} keys${count >= total ? '\n' : ''}`);
  };
}

/**
 * Runs the command.
 *
 * @param words - What stands after `snapshot`: the verb and the file.
 * @returns What to print.
 */
export async function runSnapshot(words: readonly string[], flags: Flags): Promise<string> {
  const [verb = '', file] = words;
  if (!['save', 'restore', 'status'].includes(verb))
    throw new FlagError(`snapshot: expected save, restore or status, got ${JSON.stringify(verb)}`);
  if (file === undefined || words.length > 2) throw new FlagError(`snapshot ${verb}: expected one file`);
  const path = resolve(file);
  if (verb === 'status') return describe(await snapshotStatus(path));
  const force = flags.on('force');
  const { store, isRunning } = await openCommandStore(flags, verb === 'restore' && force ? { discardUnfinishedRestore: true } : {});
  const prefix = flags.text('etcd-prefix').replace(/\/+$/, '');
  try {
    if (verb === 'save') {
      // Servers that run now are none of those that will run on what is restored.
      const leaveOut = (key: string): boolean => key.startsWith(`${prefix}/masterleases/`);
      return describe(await saveSnapshot(store, path, { leaveOut, onProgress: progressLine('saving') }));
    }
    if (isRunning) throw new FlagError(`snapshot restore: a server runs on "${flags.text('data-dir')}"; stop it first`);
    const eventPrefix = `${prefix}/events/`;
    const eventSeconds = Math.ceil(flags.number('event-ttl') / 1000);
    const { count, expired, revision, keptRevisions } = await restoreSnapshot(path, store, {
      force,
      ttlSecondsFor: (key) => (key.startsWith(eventPrefix) ? eventSeconds : undefined),
      onProgress: progressLine('restoring'),
    });
    const revisions = keptRevisions ? 'resourceVersions are those of the snapshot' : 'resourceVersions are new: clients list anew';
    return `restored ${count} keys at revision ${revision}${expired === 0 ? '' : `, ${expired} had expired`}; ${revisions}\n`;
  } finally {
    await store.close();
  }
}
