/** The requests of the store as encoded messages. */
import { create } from '@bufbuild/protobuf';
import type { RangeOptions } from '../key-value-store.js';
import { RangeRequestSchema, TxnRequestSchema } from './gen/etcd_pb.js';
import { prefixRange } from './key-range.js';
import { encodeMessage } from './methods.js';

/** What etcd compares: the revision that made a key, or the one that last changed it. */
const COMPARE_CREATE = 1;
const COMPARE_MOD = 2;

/** What a guarded write does when its guard holds. */
export interface GuardedWrite {
  key: string;
  /** Revision that the key must have; 0 = must not exist. */
  modRevision: number;
  /** New value; null = delete the key. */
  value: Uint8Array | null;
  /** Lease to bind the key to; 0 = none. */
  lease: bigint;
}

/** A transaction: when the guard holds, write, else read what is there. */
export function guardedWriteRequest(write: GuardedWrite): Buffer {
  const key = Buffer.from(write.key);
  const { modRevision, value, lease } = write;
  return encodeMessage(
    TxnRequestSchema,
    create(TxnRequestSchema, {
      compare: [
        modRevision === 0
          ? { target: COMPARE_CREATE, key, targetUnion: { case: 'createRevision', value: 0n } }
          : { target: COMPARE_MOD, key, targetUnion: { case: 'modRevision', value: BigInt(modRevision) } },
      ],
      success: [
        {
          request: value === null ? { case: 'requestDeleteRange', value: { key } } : { case: 'requestPut', value: { key, value, lease } },
        },
      ],
      failure: [{ request: { case: 'requestRange', value: { key } } }],
    }),
  );
}

/** A read of one key. */
export function getRequest(key: string, revision: number): Buffer {
  return encodeMessage(RangeRequestSchema, create(RangeRequestSchema, { key: Buffer.from(key), revision: BigInt(revision) }));
}

/** A read of some keys with a prefix, from `startKey` on. */
export function rangeRequest(options: RangeOptions, startKey: Buffer | null, limit: number, revision: number): Buffer {
  const { key, rangeEnd } = prefixRange(options.prefix);
  return encodeMessage(
    RangeRequestSchema,
    create(RangeRequestSchema, {
      key: startKey !== null && Buffer.compare(startKey, key) > 0 ? startKey : key,
      rangeEnd,
      limit: BigInt(limit),
      revision: BigInt(revision),
      keysOnly: options.keysOnly ?? false,
      countOnly: options.countOnly ?? false,
    }),
  );
}
