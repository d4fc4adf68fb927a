import type { Tables } from './tables.js';

/** Revisions swept in one transaction. */
const SWEEP_COUNT = 2000;

/**
 * Removes the versions that no read at or above `revision` can see, in small transactions.
 *
 * A version goes when its replacement is at or below `revision`; a deletion goes when it is below. Only the records
 * between the last sweep and this one are read, and where it stopped is kept with each step, so that a crash resumes.
 *
 * @param exclusive - Runs one step while no other transaction is under way.
 */
export async function sweep(tables: Tables, revision: number, exclusive: (step: () => Promise<void>) => Promise<void>): Promise<void> {
  let from = (tables.meta('swept') ?? 1) + 1;
  while (from <= revision) {
    const to = Math.min(revision, from + SWEEP_COUNT - 1);
    const start = from;
    await exclusive(async () => {
      const gone = goneBetween(tables, start, to, revision);
      await tables.write(() => {
        for (const { key, revision: old, isVersion } of gone) {
          tables.removeRecord(old);
          if (isVersion) tables.removeOld(key, old);
        }
        // A deletion at `revision` itself is still shown to a watch that starts there: the next sweep takes it.
        tables.putMeta('swept', to === revision ? revision - 1 : to);
      });
    });
    from = to + 1;
  }
}

function goneBetween(tables: Tables, from: number, to: number, revision: number): { key: string; revision: number; isVersion: boolean }[] {
  const gone: { key: string; revision: number; isVersion: boolean }[] = [];
  for (const record of tables.records(from, to + 1)) {
    if (record.previousRevision > 0) gone.push({ key: record.key, revision: record.previousRevision, isVersion: true });
    if (!record.isPut && record.modRevision < revision) gone.push({ key: record.key, revision: record.modRevision, isVersion: false });
  }
  return gone;
}
