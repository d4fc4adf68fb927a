/** Prefixes and keys as etcd's byte ranges. */

/** etcd's spelling of "from the first key to the last". */
const ALL = Buffer.from([0]);

/** A half-open range of keys. */
export interface KeyRange {
  key: Buffer;
  rangeEnd: Buffer;
}

/** The range of all keys with a prefix; '' = every key. */
export function prefixRange(prefix: string): KeyRange {
  if (prefix === '') return { key: ALL, rangeEnd: ALL };
  const key = Buffer.from(prefix);
  return { key, rangeEnd: prefixEnd(key) };
}

/** The first key after all keys with a prefix. Keys are UTF-8, where the last byte is never 0xff. */
function prefixEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end[last] = (end[last] as number) + 1;
  return end;
}

/** A key as the interface has it. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
}

/** Bytes as a Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
