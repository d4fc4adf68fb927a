/** How the embedded store is opened. */
export interface EmbeddedStoreOptions {
  /** Folder of the store; made when missing. */
  dir: string;
  /** Bytes of address space reserved at first; the file may grow beyond. Default 16 GiB. */
  mapSizeBytes?: number;
  /** Milliseconds between looks for expired keys. Default 1_000. */
  expiryIntervalMs?: number;
  /** Milliseconds for which history is kept at least; a fifth more at most. 0 = compaction only when asked. Default 300_000. */
  compactionIntervalMs?: number;
  /** Revisions of history kept at most, whatever their age. Default 500_000. */
  historyCountMax?: number;
  /** Bytes of one value at most. Default 1.5 MiB, as etcd. */
  valueBytesMax?: number;
  /** Open a folder whose restore was broken off, empty. Default false: that is an error. */
  discardUnfinishedRestore?: boolean;
}
