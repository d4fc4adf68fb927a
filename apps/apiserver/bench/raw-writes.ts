/** The machine's own limit of writing: transactions on etcd with the same client, and commits of LMDB without a server. */
import { randomUUID } from 'node:crypto';
import { openRaw, type RawPlace } from './raw-store.js';

/** How to write: `outstanding` writes at a time, each of `bytes`. */
export type RawTask = { count: number; outstanding: number; bytes: number } & RawPlace;

/** What it took; CPU of this process. */
export interface RawResult {
  ms: number;
  cpuMs: number;
}

async function writes(task: RawTask): Promise<RawResult> {
  const value = Buffer.alloc(task.bytes, 'x');
  // Of this task alone: there may have been others on the same store.
  const names = randomUUID();
  const store = await openRaw(task);
  await store.put(`${names}-first`, value);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < task.count; index = next++) await store.put(`${names}-${index}`, value);
  };
  await Promise.all(Array.from({ length: task.outstanding }, worker));
  const used = process.cpuUsage(cpu);
  const result = { ms: performance.now() - startedAt, cpuMs: (used.user + used.system) / 1000 };
  await store.close();
  return result;
}

process.on('message', (task: RawTask) => {
  writes(task).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
