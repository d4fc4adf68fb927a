/**
 * Writes to the embedded store in the folder given until the disk is full (a limit on the size of files), then checks
 * that the store goes on serving, and reports on standard output.
 */
import { openEmbeddedStore } from '../../src/embedded/store.js';
import { StorageError } from '../../src/errors.js';

async function main(): Promise<void> {
  const [dir = ''] = process.argv.slice(2);
  process.on('unhandledRejection', (error) => {
    process.stdout.write(`unhandled ${String(error)}\n`);
    process.exit(3);
  });

  const store = await openEmbeddedStore({ dir, compactionIntervalMs: 0 });
  const acknowledged: { key: string; revision: number }[] = [];
  const value = Buffer.alloc(4000, 'v');
  let failure: unknown = null;
  for (let n = 0; failure === null && n < 10_000; n += 16) {
    const results = await Promise.allSettled(
      Array.from({ length: 16 }, async (_, i) => {
        const key = `/registry/full/${n + i}`;
        const result = await store.create(key, value);
        if (result.ok) acknowledged.push({ key, revision: result.revision });
      }),
    );
    failure = results.find((result) => result.status === 'rejected')?.reason ?? null;
  }
  let present = 0;
  for (const { key, revision } of acknowledged) if ((await store.get(key)).kv?.modRevision === revision) present++;
  const refused = await store.create('/registry/full/more', Buffer.alloc(400_000)).catch((error: unknown) => error);
  const [first] = acknowledged;
  const deleted = first === undefined ? null : await store.delete(first.key, first.revision).catch((error: unknown) => error);
  const before = await store.currentRevision();
  await store.close();
  process.stdout.write(
    `${JSON.stringify({
      full: StorageError.is(failure, 'STORAGE_FULL'),
      message: failure instanceof Error ? failure.message : String(failure),
      acknowledged: acknowledged.length,
      last: acknowledged[acknowledged.length - 1],
      present,
      refused: StorageError.is(refused, 'STORAGE_FULL'),
      deleted,
      before,
    })}\n`,
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
