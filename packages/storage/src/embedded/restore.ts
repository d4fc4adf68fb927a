import type { KeyValue, RestoreResult } from '../key-value-store.js';
import { encodeRecord } from './record.js';
import type { Tables } from './tables.js';

/** Rows written in one transaction. */
const GROUP_COUNT = 1000;

/**
 * Replaces everything in the tables by `rows`, keeping their revisions. History begins anew at the resulting revision.
 *
 * A mark in the tables tells a broken-off restore from a finished one.
 */
export async function restoreRows(
  tables: Tables,
  rows: AsyncIterable<KeyValue> | Iterable<KeyValue>,
  options: { revision: number },
): Promise<RestoreResult> {
  await tables.write(() => tables.putMeta('restoring', 1));
  await tables.clear();
  let { revision } = options;
  let count = 0;
  let renumbered = 0;
  const writeGroup = (group: readonly KeyValue[]): Promise<void> => {
    const taken = new Set<number>();
    return tables.write(() => {
      for (const kv of group) {
        let { modRevision } = kv;
        // etcd may change several keys in one revision; here each change has its own.
        if (modRevision > options.revision || taken.has(modRevision) || tables.record(modRevision) !== null) {
          modRevision = ++revision;
          renumbered++;
        }
        taken.add(modRevision);
        const createRevision = Math.min(kv.createRevision, modRevision);
        const { key, value, expiresAtMs = 0 } = kv;
        tables.putRecord(
          modRevision,
          encodeRecord({ key, value, createRevision, modRevision, previousRevision: 0, expiresAtMs, isPut: true }),
        );
        tables.putEntry({ key, createRevision, modRevision, expiresAtMs });
        if (expiresAtMs > 0) tables.putExpiry(expiresAtMs, key);
        count++;
      }
    });
  };
  let group: KeyValue[] = [];
  for await (const kv of rows) {
    group.push(kv);
    if (group.length < GROUP_COUNT) continue;
    await writeGroup(group);
    group = [];
  }
  await writeGroup(group);
  await tables.write(() => {
    tables.putMeta('revision', revision);
    tables.putMeta('compacted', revision);
    tables.putMeta('swept', revision);
    tables.removeMeta('restoring');
  });
  return { revision, count, renumbered };
}
