/**
 * Leases for keys with a time to live, shared: keys that are written within a short window use one lease.
 *
 * As in kube-apiserver: a lease lasts `ttl` plus the window, is used for puts during the window, and holds 1,000 keys at
 * most, because etcd deletes all keys of a lease in one go.
 */
import { create } from '@bufbuild/protobuf';
import type { EtcdConnection } from './connection.js';
import { LeaseGrantRequestSchema } from './gen/etcd_pb.js';
import { encodeMessage, etcdMethods } from './methods.js';

/** Window of one lease: a share of the time to live, at most this many seconds. */
const REUSE_SECONDS_MAX = 60;
const REUSE_SHARE = 0.05;
const KEYS_MAX = 1_000;

interface SharedLease {
  id: Promise<bigint>;
  usableUntilMs: number;
  keyCount: number;
}

/** Grants leases by time to live. */
export class LeasePool {
  readonly #connection: EtcdConnection;
  readonly #byTtl = new Map<number, SharedLease>();

  constructor(connection: EtcdConnection) {
    this.#connection = connection;
  }

  /** A lease that ends `ttlSeconds` from now or, within the window, somewhat later. */
  leaseFor(ttlSeconds: number): Promise<bigint> {
    const shared = this.#byTtl.get(ttlSeconds);
    if (shared !== undefined && shared.usableUntilMs > Date.now() && shared.keyCount < KEYS_MAX) {
      shared.keyCount++;
      return shared.id;
    }
    return this.#grant(ttlSeconds);
  }

  /** The lease of that time to live does not exist any more (etcd was restored, or someone revoked it). */
  forget(ttlSeconds: number): void {
    this.#byTtl.delete(ttlSeconds);
  }

  #grant(ttlSeconds: number): Promise<bigint> {
    const reuseSeconds = Math.floor(Math.min(REUSE_SECONDS_MAX, ttlSeconds * REUSE_SHARE));
    const request = encodeMessage(
      LeaseGrantRequestSchema,
      create(LeaseGrantRequestSchema, { TTL: BigInt(Math.ceil(ttlSeconds) + reuseSeconds) }),
    );
    // Granting twice leaves an unused lease behind, which expires: as harmless as a read.
    const id = this.#connection.call(etcdMethods.leaseGrant, request, { isRead: true }).then(({ ID }) => ID);
    const lease = { id, usableUntilMs: Date.now() + reuseSeconds * 1000, keyCount: 1 };
    this.#byTtl.set(ttlSeconds, lease);
    id.catch(() => {
      if (this.#byTtl.get(ttlSeconds) === lease) this.#byTtl.delete(ttlSeconds);
    });
    return id;
  }
}
