import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyValue, KeyValueStore } from '../key-value-store.js';
import { SnapshotEncoder } from './format.js';

/** Bytes of values to read from the store at a time; the number of rows follows from their size so far. */
const PAGE_BYTES = 4 * 2 ** 20;
const PAGE_COUNT_MAX = 1000;

/** How far a save or a restore is. */
export interface SnapshotProgress {
  /** Rows done. */
  count: number;
  /** Rows in all, where it is known. */
  total: number;
}

/** How a snapshot is taken. */
export interface SaveSnapshotOptions {
  /** Keys to take. Default `/`: every key of an API server, and none of etcd's own marks. */
  prefix?: string;
  /** Keys that are not taken: what tells of running processes rather than of data. Default: none. */
  leaveOut?: (key: string) => boolean;
  onProgress?: (progress: SnapshotProgress) => void;
}

/** A finished snapshot. */
export interface SnapshotSummary {
  path: string;
  revision: number;
  createdAt: string;
  prefix: string;
  count: number;
  sizeBytes: number;
  /** SHA-256 as hex, of everything before it in the file. */
  checksum: string;
}

/**
 * Writes one revision of a running store to one file; works page by page, whatever the store's size.
 *
 * The file appears under its name when it is complete and on the disk, readable by its owner only. It must be finished
 * before the store compacts the revision.
 *
 * @throws StorageError `STORAGE_COMPACTED` when that comes first; what the file system reports.
 */
export async function saveSnapshot(store: KeyValueStore, path: string, options: SaveSnapshotOptions = {}): Promise<SnapshotSummary> {
  const { prefix = '/', leaveOut, onProgress } = options;
  const draft = `${path}.partial`;
  const encoder = new SnapshotEncoder();
  const createdAt = new Date().toISOString();
  const file = await open(draft, 'w', 0o600);
  try {
    let sizeBytes = 0;
    const write = async (bytes: Buffer): Promise<void> => {
      await file.writeFile(bytes);
      sizeBytes += bytes.length;
    };
    let revision: number | undefined;
    let total = 0;
    let seen = 0;
    for await (const page of pages(store, prefix)) {
      if (revision === undefined) {
        revision = page.revision;
        total = page.total;
        await write(encoder.head({ revision, createdAt, prefix }));
      }
      const taken = leaveOut === undefined ? page.kvs : page.kvs.filter(({ key }) => !leaveOut(key));
      await write(Buffer.concat(taken.map((kv) => encoder.row(kv))));
      seen += page.kvs.length;
      onProgress?.({ count: seen, total });
    }
    const { bytes, checksum } = encoder.trailer();
    await write(bytes);
    await file.sync();
    await file.close();
    await rename(draft, path);
    await syncFolder(path);
    return { path, revision: revision as number, createdAt, prefix, count: encoder.count, sizeBytes, checksum };
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

/** All rows at the revision of the first page; at least one page, which may be empty. */
async function* pages(store: KeyValueStore, prefix: string): AsyncGenerator<{ kvs: KeyValue[]; revision: number; total: number }> {
  let revision: number | undefined;
  let startKey: string | undefined;
  let limit = 100;
  let rows = 0;
  let bytes = 0;
  for (;;) {
    const page = await store.range({
      prefix,
      limit,
      ...(revision === undefined ? {} : { revision }),
      ...(startKey === undefined ? {} : { startKey }),
    });
    revision ??= page.revision;
    yield { kvs: page.kvs, revision, total: page.count };
    const last = page.kvs[page.kvs.length - 1];
    if (!page.more || last === undefined) return;
    startKey = `${last.key}\u0000`;
    rows += page.kvs.length;
    for (const kv of page.kvs) bytes += kv.value.length;
    limit = Math.max(1, Math.min(PAGE_COUNT_MAX, Math.floor((PAGE_BYTES * rows) / Math.max(1, bytes))));
  }
}

/** The new name is part of the folder: without this a power loss may take it back. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } catch {
    // Not every file system can.
  } finally {
    await folder.close();
  }
}
