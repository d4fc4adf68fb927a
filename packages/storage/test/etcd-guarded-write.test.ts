import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { TxnRequestSchema } from '../src/etcd/gen/etcd_pb.js';
import { type GuardedWrite, guardedWriteRequest } from '../src/etcd/guarded-write.js';

/** The same transaction by the generated code. */
function generated({ key: text, modRevision, value, lease }: GuardedWrite): Buffer {
  const key = Buffer.from(text);
  return Buffer.from(
    toBinary(
      TxnRequestSchema,
      create(TxnRequestSchema, {
        compare: [
          modRevision === 0
            ? { target: 1, key, targetUnion: { case: 'createRevision', value: 0n } }
            : { target: 2, key, targetUnion: { case: 'modRevision', value: BigInt(modRevision) } },
        ],
        success: [
          {
            request: value === null ? { case: 'requestDeleteRange', value: { key } } : { case: 'requestPut', value: { key, value, lease } },
          },
        ],
        failure: [{ request: { case: 'requestRange', value: { key } } }],
      }),
    ),
  );
}

describe('guardedWriteRequest', () => {
  const values = [
    null,
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.alloc(127, 1),
    Buffer.alloc(128, 2),
    Buffer.alloc(20_000, 3),
    Buffer.alloc(2 ** 21, 4),
  ];
  for (const key of ['a', '/registry/größe/日本/😀', `/registry/${'k'.repeat(130)}`]) {
    it(`writes what the generated code does, with a key of ${Buffer.byteLength(key)} bytes`, () => {
      for (const value of values) {
        for (const modRevision of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1]) {
          for (const lease of [0n, 1n, 128n, 7587869134127236868n]) {
            const write = { key, value, modRevision, lease };
            expect(guardedWriteRequest(write).equals(generated(write)), `${value?.length} ${modRevision} ${lease}`).toBe(true);
          }
        }
      }
    });
  }
});
