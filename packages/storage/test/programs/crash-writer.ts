/**
 * Writes to the embedded store in the folder given until it is killed. Every acknowledged write is told on standard
 * output, one line each: `put|delete key revision value`.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../src/embedded/store.js';

const [dir = '', round = ''] = process.argv.slice(2);
const WRITERS = 16;

const store = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
let writes = 0;

async function write(writer: number): Promise<void> {
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
    writeSync(1, isDelete ? `delete ${key} ${result.revision}\n` : `put ${key} ${result.revision} ${value}\n`);
    modRevision = isDelete ? 0 : result.revision;
    // Compaction has to survive a kill as well; some history stays to be checked.
    if (++writes % 500 === 0) await store.compact(result.revision - 400).catch(() => {});
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
