/**
 * The transaction of a guarded write, written straight into the buffer that is sent.
 *
 * Every create, update and delete is this one message; the general encoder spends more time on it than on anything else
 * in the store. A test compares the bytes with the generated code's.
 */

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

/** Field numbers and wire types of etcd's messages, as they stand before each field. */
const TAG = {
  txn: { compare: 0x0a, success: 0x12, failure: 0x1a },
  compare: { target: 0x10, key: 0x1a, createRevision: 0x28, modRevision: 0x30 },
  op: { range: 0x0a, put: 0x12, deleteRange: 0x1a },
  put: { key: 0x0a, value: 0x12, lease: 0x18 },
  key: 0x0a,
} as const;

/** What is compared: the revision that made a key, or the one that last changed it. */
const TARGET = { create: 1, mod: 2 } as const;

/** A transaction: when the guard holds, write, else read what is there. */
export function guardedWriteRequest(write: GuardedWrite): Buffer {
  const { modRevision, value, lease } = write;
  const keyBytes = Buffer.byteLength(write.key);
  const keyField = 1 + varintBytes(keyBytes) + keyBytes;
  const compare = 2 + keyField + 1 + (modRevision === 0 ? 1 : varintBytes(modRevision));
  const valueBytes = value === null ? 0 : value.length;
  const leaseField = value === null || lease === 0n ? 0 : 1 + bigVarintBytes(lease);
  const inner = keyField + (valueBytes === 0 ? 0 : 1 + varintBytes(valueBytes) + valueBytes) + leaseField;
  const success = 1 + varintBytes(inner) + inner;
  const failure = 1 + varintBytes(keyField) + keyField;
  const out = Buffer.allocUnsafe(3 + varintBytes(compare) + compare + varintBytes(success) + success + varintBytes(failure) + failure);

  let at = writeHead(out, 0, TAG.txn.compare, compare);
  out[at++] = TAG.compare.target;
  out[at++] = modRevision === 0 ? TARGET.create : TARGET.mod;
  at = writeHead(out, at, TAG.compare.key, keyBytes);
  const keyStart = at;
  at += out.write(write.key, at);
  at = writeHead(out, at, modRevision === 0 ? TAG.compare.createRevision : TAG.compare.modRevision, modRevision);

  at = writeHead(out, at, TAG.txn.success, success);
  at = writeHead(out, at, value === null ? TAG.op.deleteRange : TAG.op.put, inner);
  at = writeHead(out, at, TAG.put.key, keyBytes);
  at += out.copy(out, at, keyStart, keyStart + keyBytes);
  if (value !== null && valueBytes > 0) {
    at = writeHead(out, at, TAG.put.value, valueBytes);
    out.set(value, at);
    at += valueBytes;
  }
  if (leaseField > 0) {
    out[at++] = TAG.put.lease;
    at = writeBigVarint(out, at, lease);
  }

  at = writeHead(out, at, TAG.txn.failure, failure);
  at = writeHead(out, at, TAG.op.range, keyField);
  at = writeHead(out, at, TAG.key, keyBytes);
  out.copy(out, at, keyStart, keyStart + keyBytes);
  return out;
}

/** Writes a tag and the number after it: a length, or a value of its own. */
function writeHead(out: Buffer, at: number, tag: number, value: number): number {
  out[at++] = tag;
  // Revisions may be above 2^32, where bit operations end.
  while (value >= 0x80) {
    out[at++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  out[at++] = value;
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** Lease ids use all 63 bits. */
function writeBigVarint(out: Buffer, at: number, value: bigint): number {
  while (value >= 0x80n) {
    out[at++] = Number(value & 0x7fn) | 0x80;
    value >>= 7n;
  }
  out[at++] = Number(value);
  return at;
}

function bigVarintBytes(value: bigint): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80n; rest >>= 7n) bytes++;
  return bytes;
}
