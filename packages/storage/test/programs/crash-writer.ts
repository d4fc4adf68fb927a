/**
 * Writes to embedded stores in the folders given until it is killed. Every acknowledged write is told on standard output,
 * one line each: `folder put|delete key revision value`.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../src/embedded/store.js';

const [round = '', ...dirs] = process.argv.slice(2);
const WRITERS = 16;

async function writeAll(folder: number, dir: string): Promise<void> {
  const store = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
  let writes = 0;
  const write = async (writer: number): Promise<void> => {
    const key = `/registry/crash/${writer}`;
    let modRevision = (await store.get(key)).kv?.modRevision ?? 0;
    for (let n = 0; ; n++) {
      const value = `${round}-${writer}-${n}-${'x'.repeat(200 + ((n * 37) % 900))}`;
      const isDelete = modRevision > 0 && n % 7 === 6;
      const bytes = Buffer.from(value);
      const result = isDelete
        ? await store.delete(key, modRevision)
        : modRevision === 0
          ? await store.create(key, bytes)
          : await store.update(key, bytes, modRevision);
      if (!result.ok) throw new Error(`writer ${writer}: refused at ${modRevision}`);
      writeSync(1, `${folder} ${isDelete ? 'delete' : 'put'} ${key} ${result.revision} ${isDelete ? '' : value}\n`);
      modRevision = isDelete ? 0 : result.revision;
      // Compaction has to survive a kill as well; some history stays to be checked.
      if (++writes % 500 === 0) await store.compact(result.revision - 400).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
}

Promise.all(dirs.map((dir, folder) => writeAll(folder, dir))).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
