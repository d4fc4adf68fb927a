import { join, resolve } from 'node:path';
import { type KeyValueStore, openEmbeddedStore } from '@k/storage';
import { pino } from 'pino';
import { ControlStore } from '../control/control-store.js';
import type { Flags } from '../flags/command-line.js';
import { setUpStore } from '../setup/store.js';

/** A store that a command works on. */
export interface CommandStore {
  store: KeyValueStore;
  /** A server has it open: only reads and replacements of single values are possible. */
  isRunning: boolean;
}

/**
 * The store that the flags name: etcd, the embedded store, or the embedded store by way of the server that runs on it.
 *
 * @param options.discardUnfinishedRestore - Take a folder whose restore was broken off.
 */
export async function openCommandStore(flags: Flags, options: { discardUnfinishedRestore?: boolean } = {}): Promise<CommandStore> {
  const dataDir = resolve(flags.text('data-dir'));
  if (flags.list('etcd-servers').length > 0)
    return { store: await setUpStore(flags, dataDir, pino({ level: 'warn' }, pino.destination(2)))(), isRunning: false };
  const running = await ControlStore.connect(dataDir);
  if (running !== null) return { store: running, isRunning: true };
  return { store: await openEmbeddedStore({ dir: join(dataDir, 'store'), compactionIntervalMs: 0, ...options }), isRunning: false };
}
