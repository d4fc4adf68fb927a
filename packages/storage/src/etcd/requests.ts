/** Reads and the login as encoded messages. */
import { create } from '@bufbuild/protobuf';
import type { RangeOptions } from '../key-value-store.js';
import { AuthenticateRequestSchema, RangeRequestSchema } from './gen/etcd_pb.js';
import { prefixRange } from './key-range.js';
import { encodeMessage } from './methods.js';

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

/** A request for a token. */
export function loginRequest(name: string, password: string): Buffer {
  return encodeMessage(AuthenticateRequestSchema, create(AuthenticateRequestSchema, { name, password }));
}
