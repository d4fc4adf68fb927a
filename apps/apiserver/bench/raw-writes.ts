/** The machine's own limit of writing: transactions on etcd with the same client, and commits of LMDB without a server. */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { openEtcdStore } from '@k/storage/etcd';
import { open } from 'lmdb';

/** How to write: `outstanding` writes at a time, each of `bytes`. */
export type RawTask = { count: number; outstanding: number; bytes: number } & ({ etcd: string } | { dir: string });

/** What it took; CPU of this process. */
export interface RawResult {
  ms: number;
  cpuMs: number;
}

async function writes(task: RawTask): Promise<RawResult> {
  const value = Buffer.alloc(task.bytes, 'x');
  // Of this task alone: there may have been others on the same store.
  const names = randomUUID();
  let put: (index: number) => Promise<unknown>;
  let close: () => Promise<unknown>;
  if ('etcd' in task) {
    const store = await openEtcdStore({ endpoints: [task.etcd] });
    put = async (index) => {
      const result = await store.create(`/raw/${names}/${index}`, value);
      if (!result.ok) throw new Error(`key ${index} exists`);
    };
    close = () => store.close();
  } else {
    const database = open<Buffer, string>({ path: task.dir, encoding: 'binary' });
    // As durable as the embedded store: resolves once it is on disk.
    put = async (index) => {
      await database.put(`${names}-${index}`, value);
      await database.flushed;
    };
    close = () => database.close();
  }
  await put(-1);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < task.count; index = next++) await put(index);
  };
  await Promise.all(Array.from({ length: task.outstanding }, worker));
  const used = process.cpuUsage(cpu);
  const result = { ms: performance.now() - startedAt, cpuMs: (used.user + used.system) / 1000 };
  await close();
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
