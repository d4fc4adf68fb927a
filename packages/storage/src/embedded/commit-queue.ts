import { StorageError } from '../errors.js';
import { isDiskFull } from './data-file.js';
import { encodeRecord, type VersionRecord } from './record.js';
import type { IndexEntry, Tables } from './tables.js';

/** One transaction takes at most this much, so that a burst does not delay its first writer. */
const COMMIT_COUNT_MAX = 2000;
const COMMIT_BYTES_MAX = 16 * 2 ** 20;

/** So many writes do not wait for the rest of their turn: the disk works while it goes on. */
const EAGER_COUNT = 16;

interface PendingWrite {
  record: VersionRecord;
  previous: IndexEntry | null;
  bytes: Buffer;
  done: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** What happens when a transaction is on the disk: called before the writers go on. */
export type OnCommit = (records: readonly VersionRecord[], revision: number) => void;

/**
 * Group commit: while one transaction is on its way to the disk the next one fills. Revisions are given out when a write
 * is queued; a failed transaction takes them back, together with everything queued behind it.
 */
export class CommitQueue {
  readonly #tables: Tables;
  readonly #onCommit: OnCommit;
  /** Versions on their way to the disk, the newest of each key. */
  readonly #overlay = new Map<string, PendingWrite>();
  #queue: PendingWrite[] = [];
  #flushing: Promise<void> | null = null;
  /** Lets the first transaction go before the turn is over. */
  #endTurn: () => void = () => {};
  /** Work that needs the tables to itself (compaction), done between transactions. */
  #tasks: (() => Promise<void>)[] = [];
  #assigned: number;
  #durable: number;

  constructor(tables: Tables, revision: number, onCommit: OnCommit) {
    this.#tables = tables;
    this.#assigned = this.#durable = revision;
    this.#onCommit = onCommit;
  }

  /** Of the newest durable write. */
  get durableRevision(): number {
    return this.#durable;
  }

  /** The version of a key that is on its way to the disk. */
  pending(key: string): VersionRecord | undefined {
    return this.#overlay.get(key)?.record;
  }

  /** Resolves when the newest write of a key that is under way has been decided, either way. */
  async decided(key: string): Promise<void> {
    await this.#overlay.get(key)?.done.catch(() => {});
  }

  /** Gives `record` its revision and queues it; resolves to the revision when the disk has it. */
  add(record: VersionRecord, previous: IndexEntry | null): Promise<number> {
    const revision = ++this.#assigned;
    record.modRevision = revision;
    if (record.createRevision === 0) record.createRevision = revision;
    const write: PendingWrite = { record, previous, bytes: encodeRecord(record), done: Promise.resolve(), resolve() {}, reject() {} };
    write.done = new Promise<void>((resolve, reject) => {
      write.resolve = resolve;
      write.reject = reject;
    });
    this.#overlay.set(record.key, write);
    this.#queue.push(write);
    this.#start();
    if (this.#queue.length >= EAGER_COUNT) this.#endTurn();
    return write.done.then(() => revision);
  }

  /** Runs `task` when no transaction is under way; writes wait for it. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject));
      this.#start();
    });
  }

  /** Resolves when everything queued now has been decided. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** Goes on from another revision (a restored snapshot). */
  reset(revision: number): void {
    this.#assigned = this.#durable = revision;
  }

  #start(): void {
    this.#flushing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    // One turn of the event loop lets writes that are ready now share the first transaction.
    await new Promise<void>((resolve) => {
      this.#endTurn = resolve;
      setImmediate(resolve);
    });
    while (this.#queue.length > 0 || this.#tasks.length > 0) {
      const task = this.#tasks.shift();
      if (task !== undefined) await task();
      const batch = this.#take();
      if (batch.length > 0) await this.#commit(batch);
    }
    // Here and not in a later callback: a write queued in between would find nobody at work.
    this.#flushing = null;
  }

  #take(): PendingWrite[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#queue.length && count < COMMIT_COUNT_MAX && bytes < COMMIT_BYTES_MAX) {
      bytes += (this.#queue[count++] as PendingWrite).bytes.length;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(batch: PendingWrite[]): Promise<void> {
    const revision = (batch[batch.length - 1] as PendingWrite).record.modRevision;
    try {
      await this.#tables.write(() => {
        for (const write of batch) this.#write(write);
        this.#tables.putMeta('revision', revision);
      });
    } catch (error) {
      this.#fail(batch, error);
      return;
    }
    // What is checked against the tables from now on must see this transaction.
    this.#tables.refresh();
    this.#durable = revision;
    for (const write of batch) if (this.#overlay.get(write.record.key) === write) this.#overlay.delete(write.record.key);
    this.#onCommit(
      batch.map((write) => write.record),
      revision,
    );
    for (const write of batch) write.resolve();
  }

  #write({ record, previous, bytes }: PendingWrite): void {
    const { key, createRevision, modRevision, expiresAtMs } = record;
    this.#tables.appendRecord(modRevision, bytes);
    if (record.isPut) this.#tables.putEntry({ key, createRevision, modRevision, expiresAtMs });
    else this.#tables.removeEntry(key);
    if (expiresAtMs > 0) this.#tables.putExpiry(expiresAtMs, key);
    if (previous === null) return;
    this.#tables.putOld({ key, revision: previous.modRevision, replacedBy: modRevision });
    if (previous.expiresAtMs > 0) this.#tables.removeExpiry(previous.expiresAtMs, key);
  }

  /** Nothing of this transaction was written; what was queued behind it was checked against it. */
  #fail(batch: readonly PendingWrite[], cause: unknown): void {
    const fault = writeFault(cause, this.#tables.path);
    const all = [...batch, ...this.#queue];
    this.#queue = [];
    this.#overlay.clear();
    this.#assigned = this.#durable;
    for (const write of all) write.reject(fault);
  }
}

/** A failed transaction, as the package's error. */
export function writeFault(cause: unknown, path: string): StorageError {
  if (isDiskFull(path)) {
    return new StorageError('STORAGE_FULL', `the disk that holds "${path}" is full: nothing was written`, { path }, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError('STORAGE_UNAVAILABLE', `the embedded store cannot write: ${reason}`, { operation: 'write' }, { cause });
}
