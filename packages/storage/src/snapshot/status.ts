import { stat } from 'node:fs/promises';
import { readSnapshot } from './format.js';
import type { SnapshotSummary } from './save.js';

/**
 * Reads a snapshot through and tells what it holds.
 *
 * @throws StorageError `STORAGE_SNAPSHOT_INVALID` for a file that is no snapshot, or a damaged or cut one.
 */
export async function snapshotStatus(path: string): Promise<SnapshotSummary> {
  const { size } = await stat(path);
  const reading = await readSnapshot(path);
  try {
    let count = 0;
    for await (const _row of reading.rows) {
      void _row;
      count++;
    }
    return { path, ...reading.head, count, sizeBytes: size, checksum: reading.checksum() };
  } finally {
    await reading.close();
  }
}
