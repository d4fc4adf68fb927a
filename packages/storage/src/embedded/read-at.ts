import { compareKeys } from '../cache/key-order.js';
import type { KeyValue, RangeOptions, RangeResult } from '../key-value-store.js';
import { toKeyValue, type VersionRecord } from './record.js';
import type { IndexEntry, Tables } from './tables.js';

const EMPTY = Buffer.alloc(0);

/**
 * The version of a key that is visible at `revision`; `null` when it did not exist then.
 *
 * The tables may hold newer changes than `revision`: older revisions are asked for, and a transaction becomes visible to
 * readers a moment before its writers hear of it.
 */
export function versionAt(tables: Tables, key: string, revision: number): VersionRecord | null {
  const entry = tables.entry(key);
  if (entry !== null && entry.modRevision <= revision) return tables.record(entry.modRevision);
  if (newestRevision(tables, revision) === revision) return null;
  for (const old of tables.oldEntries(key, key)) {
    if (old.key !== key) break;
    if (old.revision <= revision && revision < old.replacedBy) return tables.record(old.revision);
  }
  return null;
}

/** Rows visible at `revision`. */
export function rangeAt(tables: Tables, options: RangeOptions, revision: number): Omit<RangeResult, 'revision'> {
  const { prefix, limit = 0 } = options;
  const start = options.startKey !== undefined && compareKeys(options.startKey, prefix) > 0 ? options.startKey : prefix;
  const isNewest = newestRevision(tables, revision) === revision;
  if (isNewest && options.countOnly) return { kvs: [], count: tables.countEntries(prefix, start), more: false };
  const kvs: KeyValue[] = [];
  let count = 0;
  for (const row of isNewest ? tables.entries(prefix, start) : rowsAt(tables, { prefix, start, revision })) {
    if (limit > 0 && kvs.length === limit && isNewest) {
      count = tables.countEntries(prefix, start);
      break;
    }
    count++;
    if (options.countOnly || (limit > 0 && kvs.length === limit)) continue;
    if (options.keysOnly) kvs.push(toKeyOnly(row));
    else {
      const kv = toKeyValue(tables.record(row.modRevision));
      if (kv !== null) kvs.push(kv);
    }
  }
  return { kvs, count, more: !options.countOnly && count > kvs.length };
}

function toKeyOnly({ key, createRevision, modRevision, expiresAtMs }: IndexEntry): KeyValue {
  const kv = { key, value: EMPTY, createRevision, modRevision };
  return expiresAtMs > 0 ? { ...kv, expiresAtMs } : kv;
}

/** Rows of an older revision: live ones that have not changed since, and replaced ones that were live then. */
function rowsAt(tables: Tables, from: { prefix: string; start: string; revision: number }): IndexEntry[] {
  const { prefix, start, revision } = from;
  const rows: IndexEntry[] = [];
  for (const entry of tables.entries(prefix, start)) if (entry.modRevision <= revision) rows.push(entry);
  let hasOld = false;
  for (const old of tables.oldEntries(prefix, start)) {
    if (old.revision > revision || revision >= old.replacedBy) continue;
    const record = tables.record(old.revision);
    if (record === null) continue;
    rows.push({ key: old.key, createRevision: record.createRevision, modRevision: old.revision, expiresAtMs: record.expiresAtMs });
    hasOld = true;
  }
  return hasOld ? rows.sort((a, b) => compareKeys(a.key, b.key)) : rows;
}

/** Of the newest transaction that this turn's reads can see; at least `revision`. */
function newestRevision(tables: Tables, revision: number): number {
  const seen = tables.meta('revision') ?? 1;
  if (seen >= revision) return seen;
  tables.refresh();
  return tables.meta('revision') ?? 1;
}
