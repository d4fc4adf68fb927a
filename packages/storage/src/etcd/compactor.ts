/**
 * Periodic compaction that several servers share, kube-apiserver's among them.
 *
 * The key `compact_rev_key` counts compactions by its version. Each server remembers the version it last saw; after an
 * interval all try to write the key if it still has that version, and the one that succeeds compacts to the revision
 * that was current an interval ago. So history is kept for one to two intervals, whatever the number of servers.
 */
import { create } from '@bufbuild/protobuf';
import type { EtcdConnection } from './connection.js';
import { TxnRequestSchema } from './gen/etcd_pb.js';
import { encodeMessage, etcdMethods } from './methods.js';

/** What etcd compares: the version of a key. */
const COMPARE_VERSION = 0;
const COMPACT_REV_KEY = Buffer.from('compact_rev_key');

/** What the compactor needs. */
export interface CompactorOptions {
  connection: EtcdConnection;
  /** Milliseconds between attempts. */
  intervalMs: number;
  compact: (revision: number) => Promise<void>;
  /** Another server has compacted up to here. */
  onCompacted: (revision: number) => void;
  onFault: (error: Error) => void;
}

/** Compacts on a timer. */
export class Compactor {
  readonly #options: CompactorOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Version of the key when last seen. */
  #seenVersion = 0;
  /** Current revision when last seen: the next to compact to. */
  #seenRevision = 0;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => {
      this.tick().catch((error: unknown) => this.#options.onFault(error as Error));
    }, this.#options.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One attempt. */
  async tick(): Promise<void> {
    const revision = this.#seenRevision;
    const answer = await this.#options.connection.call(etcdMethods.txn, claimRequest(this.#seenVersion, revision));
    this.#seenRevision = Number(answer.header?.revision ?? 0n);
    if (answer.succeeded) {
      this.#seenVersion++;
      // The first round only learns where history stands.
      if (revision > 0) await this.#options.compact(revision);
      return;
    }
    const response = answer.responses[0]?.response;
    const kv = response?.case === 'responseRange' ? response.value.kvs[0] : undefined;
    this.#seenVersion = Number(kv?.version ?? 0n);
    const compacted = Number(Buffer.from(kv?.value ?? []).toString());
    if (compacted > 0) this.#options.onCompacted(compacted);
  }
}

function claimRequest(version: number, revision: number): Buffer {
  return encodeMessage(
    TxnRequestSchema,
    create(TxnRequestSchema, {
      compare: [{ target: COMPARE_VERSION, key: COMPACT_REV_KEY, targetUnion: { case: 'version', value: BigInt(version) } }],
      success: [{ request: { case: 'requestPut', value: { key: COMPACT_REV_KEY, value: Buffer.from(String(revision)) } } }],
      failure: [{ request: { case: 'requestRange', value: { key: COMPACT_REV_KEY } } }],
    }),
  );
}
