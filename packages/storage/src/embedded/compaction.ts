import type { Tables } from './tables.js';

/** Revisions swept in one transaction. */
const SWEEP_COUNT = 2000;

/**
 * Removes the versions that no read at or above `revision` can see, in small transactions.
 *
 * A version goes when its replacement is at or below `revision`, and so does a deletion. Only the records between the last
 * sweep and this one are read, and where it stopped is kept with each step, so that a crash resumes.
 *
 * @param exclusive - Runs one step while no other transaction is under way.
 */
export async function sweep(tables: Tables, revision: number, exclusive: (step: () => Promise<void>) => Promise<void>): Promise<void> {
  let from = (tables.meta('swept') ?? 1) + 1;
  while (from <= revision) {
    const to = Math.min(revision, from + SWEEP_COUNT - 1);
    const start = from;
    await exclusive(async () => {
      const gone = goneBetween(tables, start, to);
      await tables.write(() => {
        for (const { key, revision: old, isVersion } of gone) {
          tables.removeRecord(old);
          if (isVersion) tables.removeOld(key, old);
        }
        tables.putMeta('swept', to);
      });
    });
    from = to + 1;
  }
}

interface Gone {
  key: string;
  revision: number;
  /** A replaced version; else a deletion. */
  isVersion: boolean;
}

function goneBetween(tables: Tables, from: number, to: number): Gone[] {
  const gone: Gone[] = [];
  for (const { key, isPut, modRevision, previousRevision } of tables.records(from, to + 1)) {
    if (previousRevision > 0) gone.push({ key, revision: previousRevision, isVersion: true });
    if (!isPut) gone.push({ key, revision: modRevision, isVersion: false });
  }
  return gone;
}
