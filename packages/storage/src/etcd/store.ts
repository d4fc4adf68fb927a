/** etcd as a {@link KeyValueStore}. */
import { create } from '@bufbuild/protobuf';
import { StorageError } from '../errors.js';
import type {
  GetResult,
  KeyValue,
  KeyValueStore,
  PutOptions,
  RangeOptions,
  RangeResult,
  WatchHandle,
  WatchOptions,
  WriteResult,
} from '../key-value-store.js';
import { readCompactRevision } from './compact-revision.js';
import { Compactor } from './compactor.js';
import { type CallOptions, EtcdConnection } from './connection.js';
import { isCompacted, isFutureRevision, isLeaseNotFound, toStorageError } from './faults.js';
import { CompactionRequestSchema, RangeRequestSchema, type RangeResponse, type ResponseHeader, type TxnResponse } from './gen/etcd_pb.js';
import { type GuardedWrite, guardedWriteRequest } from './guarded-write.js';
import { LeasePool } from './leases.js';
import { type EtcdMethod, encodeMessage, etcdMethods } from './methods.js';
import { type EtcdStoreOptions, type ResolvedEtcdOptions, readTlsFiles, resolveEtcdOptions } from './options.js';
import { getRequest, rangeRequest } from './requests.js';
import { toKeyValue } from './watch-feed.js';
import { WatchStreams } from './watch-streams.js';

/** Rows of the first page of a list without a limit; later pages aim at a size in bytes. */
const FIRST_PAGE_ROWS = 500;
const PAGE_BYTES = 8 * 2 ** 20;
const PAGE_ROWS = { min: 100, max: 10_000 };
/** A linearizable read of a key that cannot exist: the answer is the header with the current revision. */
const PROBE = encodeMessage(RangeRequestSchema, create(RangeRequestSchema, { key: Buffer.from([0]), keysOnly: true, limit: 1n }));
const READ: CallOptions = { isRead: true };

/**
 * Opens a store on an etcd cluster (3.4 or newer).
 *
 * Connects on first use, so that a server can start before etcd does.
 *
 * @throws TypeError or RangeError for an option that cannot be used, naming it.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<KeyValueStore> {
  const resolved = resolveEtcdOptions(options);
  readTlsFiles(resolved.tls);
  return new EtcdStore(resolved);
}

class EtcdStore implements KeyValueStore {
  readonly #connection: EtcdConnection;
  readonly #leases: LeasePool;
  readonly #watches: WatchStreams;
  readonly #compactor: Compactor;
  /** Highest revision in any answer so far. */
  #revisionSeen = 0;
  /** History up to here is known to be gone. */
  #compacted = 0;
  readonly #healthTimeoutMs: number;
  #closed = false;

  constructor(options: ResolvedEtcdOptions) {
    this.#healthTimeoutMs = options.healthTimeoutMs;
    const connection = new EtcdConnection(options);
    const onCompacted = (revision: number): void => {
      if (revision > this.#compacted) this.#compacted = revision;
    };
    this.#connection = connection;
    this.#leases = new LeasePool(connection);
    this.#watches = new WatchStreams({
      connection,
      revisionSeen: () => this.#revisionSeen,
      compactedRevision: () => this.#compacted,
      onCompacted,
      probe: () => this.currentRevision(),
      compactionAbove: (revision) => this.#compactionAbove(revision),
      onRewound: (revision) => {
        this.#revisionSeen = revision;
        this.#compacted = 0;
      },
      onFault: options.onFault,
    });
    const { compactionIntervalMs: intervalMs, onFault } = options;
    this.#compactor = new Compactor({ connection, intervalMs, compact: (revision) => this.compact(revision), onCompacted, onFault });
    if (intervalMs > 0) this.#compactor.start();
  }

  async get(key: string, options?: { revision?: number }): Promise<GetResult> {
    const revision = options?.revision ?? 0;
    const answer = await this.#read(getRequest(key, revision), revision);
    const kv = answer.kvs[0];
    return { kv: kv === undefined ? null : toKeyValue(kv), revision: Number(answer.header?.revision) };
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    const pinned = options.revision ?? 0;
    const limit = options.limit ?? 0;
    let startKey = options.startKey === undefined ? null : Buffer.from(options.startKey);
    const isSinglePage = limit > 0 || (options.countOnly ?? false);
    let rows = isSinglePage ? limit : options.keysOnly ? PAGE_ROWS.max : FIRST_PAGE_ROWS;
    let first: RangeResponse | null = null;
    let revision = pinned;
    const kvs: KeyValue[] = [];
    for (;;) {
      const page = await this.#read(rangeRequest(options, startKey, rows, revision), revision);
      let pageBytes = 0;
      for (const kv of page.kvs) {
        kvs.push(toKeyValue(kv));
        pageBytes += kv.value.length + kv.key.length;
      }
      if (first === null) {
        first = page;
        if (pinned === 0) revision = Number(page.header?.revision);
      }
      if (isSinglePage || !page.more) {
        return { kvs, count: Number(first.count), more: isSinglePage && page.more, revision };
      }
      startKey = Buffer.concat([(page.kvs[page.kvs.length - 1] as { key: Uint8Array }).key, Buffer.from([0])]);
      const rowsPerPage = Math.floor(PAGE_BYTES / Math.max(1, pageBytes / page.kvs.length));
      rows = Math.max(PAGE_ROWS.min, Math.min(PAGE_ROWS.max, rowsPerPage));
    }
  }

  create(key: string, value: Uint8Array, options?: PutOptions): Promise<WriteResult> {
    return this.#put({ key, value, modRevision: 0, lease: 0n }, options?.ttlSeconds ?? 0);
  }

  update(key: string, value: Uint8Array, modRevision: number, options?: PutOptions): Promise<WriteResult> {
    return this.#put({ key, value, modRevision, lease: 0n }, options?.ttlSeconds ?? 0);
  }

  async delete(key: string, modRevision: number): Promise<WriteResult> {
    if (modRevision <= 0) {
      // A key that does not exist has revision 0 for etcd; deleting it would count as done.
      const { kv, revision } = await this.get(key);
      return { ok: false, current: kv, revision };
    }
    return this.#write({ key, modRevision, value: null, lease: 0n });
  }

  #put(write: GuardedWrite, ttlSeconds: number): Promise<WriteResult> {
    return ttlSeconds > 0 ? this.#putWithLease(write, ttlSeconds) : this.#write(write);
  }

  async #putWithLease(write: GuardedWrite, ttlSeconds: number): Promise<WriteResult> {
    for (let attempt = 0; ; attempt++) {
      try {
        const lease = await this.#leases.leaseFor(ttlSeconds);
        return await this.#write({ ...write, lease });
      } catch (error) {
        if (attempt > 0 || !isLeaseNotFound((error as Error).cause)) throw toStorageError(error, 'LeaseGrant', 0);
        this.#leases.forget(ttlSeconds);
      }
    }
  }

  async #write(write: GuardedWrite): Promise<WriteResult> {
    const request = guardedWriteRequest(write);
    let answer: TxnResponse;
    try {
      answer = await this.#connection.call(etcdMethods.txn, request);
    } catch (error) {
      throw toStorageError(error, 'Txn', request.length);
    }
    const revision = this.#note(answer.header);
    if (answer.succeeded) return { ok: true, revision };
    const response = answer.responses[0]?.response;
    const kv = response?.case === 'responseRange' ? response.value.kvs[0] : undefined;
    return { ok: false, current: kv === undefined ? null : toKeyValue(kv), revision };
  }

  watch(options: WatchOptions): WatchHandle {
    return this.#watches.watch(options);
  }

  async currentRevision(): Promise<number> {
    return Number((await this.#read(PROBE, 0)).header?.revision);
  }

  async compact(revision: number): Promise<void> {
    const request = encodeMessage(CompactionRequestSchema, create(CompactionRequestSchema, { revision: BigInt(revision) }));
    try {
      this.#note((await this.#connection.call(etcdMethods.compact, request, READ)).header);
    } catch (error) {
      if (isFutureRevision(error)) throw this.#futureRevision(revision, error);
      if (!isCompacted(error)) throw toStorageError(error, 'Compact', request.length);
    }
    if (revision > this.#compacted) this.#compacted = revision;
  }

  async checkHealth(): Promise<void> {
    await this.#read(PROBE, 0, { isRead: true, timeoutMs: this.#healthTimeoutMs });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#compactor.stop();
    await this.#connection.close();
    this.#watches.close();
  }

  async #read(request: Buffer, revision: number, options: CallOptions = READ): Promise<RangeResponse> {
    let answer: RangeResponse;
    try {
      answer = await this.#connection.call(etcdMethods.range as EtcdMethod<RangeResponse>, request, options);
    } catch (error) {
      if (isCompacted(error)) throw await this.#compactedError(revision, error);
      if (isFutureRevision(error)) throw this.#futureRevision(revision, error);
      throw toStorageError(error, 'Range', request.length);
    }
    this.#note(answer.header);
    return answer;
  }

  async #compactionAbove(revision: number): Promise<number> {
    try {
      await this.#read(getRequest('\0', revision), revision);
      return 0;
    } catch (error) {
      if (StorageError.is(error, 'STORAGE_COMPACTED')) return error.data.compactRevision;
      throw error;
    }
  }

  async #compactedError(revision: number, cause: unknown): Promise<StorageError> {
    // This store may not be the one that compacted.
    if (this.#compacted <= revision) this.#compacted = await readCompactRevision(this.#connection).catch(() => revision + 1);
    return new StorageError(
      'STORAGE_COMPACTED',
      `revision ${revision} was compacted`,
      { requestedRevision: revision, compactRevision: this.#compacted },
      { cause },
    );
  }

  #note(header: ResponseHeader | undefined): number {
    const revision = Number(header?.revision ?? 0n);
    if (revision > this.#revisionSeen) this.#revisionSeen = revision;
    return revision;
  }

  #futureRevision(revision: number, cause: unknown): StorageError {
    return new StorageError(
      'STORAGE_FUTURE_REVISION',
      `revision ${revision} lies in the future`,
      { requestedRevision: revision, currentRevision: this.#revisionSeen },
      { cause },
    );
  }
}
