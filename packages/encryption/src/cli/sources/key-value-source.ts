/**
 * What the commands need of a store: etcd, a snapshot of it, or whatever an application offers. Revisions are only
 * compared for equality.
 */
export interface KeyValueSource {
  /**
   * One page of the entries under `prefix`, in the order of their keys.
   *
   * @param options.after - The last key of the page before; '' begins.
   * @param options.limit - Entries at most; the last page may be empty.
   */
  list(prefix: string, options: { after: string; limit: number }): Promise<StoredEntry[]>;
  /** How many entries lie under `prefix`. */
  count(prefix: string): Promise<number>;
  /** `null` when there is none. */
  get(key: string): Promise<StoredEntry | null>;
  /**
   * Replaces a value if nobody has written it since `revision`; whatever else belongs to the entry, such as its lease,
   * stays. Absent on stores that cannot be written.
   *
   * @returns false when somebody has.
   */
  replace?(key: string, value: Uint8Array, revision: string): Promise<boolean>;
  /**
   * Replaces several values in one step, all or none: many times faster than one by one. Optional.
   *
   * @returns false when somebody has written one of them since its revision; nothing is replaced then.
   */
  replaceAll?(changes: readonly StoredEntry[]): Promise<boolean>;
  close(): Promise<void>;
}

/** One entry; in a change, the value is the new one and the revision that of the old one. */
export interface StoredEntry {
  key: string;
  value: Uint8Array;
  revision: string;
}

const PAGE_BYTES = 8 * 1024 * 1024;
const PAGE_ENTRIES_MAX = 1000;

/** All entries under a prefix, page by page; pages get smaller where values are large. */
export async function* pagesOf(source: KeyValueSource, prefix: string, after = ''): AsyncGenerator<StoredEntry[]> {
  let limit = 100;
  let last = after;
  for (;;) {
    const page = await source.list(prefix, { after: last, limit });
    if (page.length === 0) return;
    yield page;
    if (page.length < limit) return;
    last = (page.at(-1) as StoredEntry).key;
    const bytes = page.reduce((sum, { value }) => sum + value.length, 0);
    limit = Math.max(1, Math.min(PAGE_ENTRIES_MAX, Math.floor((PAGE_BYTES * page.length) / Math.max(bytes, 1))));
  }
}
