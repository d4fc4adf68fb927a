import { StatusError } from '@k/apimachinery';
import { StorageError } from '@k/storage';
import { describe, expect, it } from 'vitest';
import { storageFault } from '../src/rest/storage-fault.js';

const pods = { group: '', resource: 'pods' };

const rows: [name: string, error: StorageError, code: number, reason: string | undefined, message: string][] = [
  [
    'a compacted revision',
    new StorageError('STORAGE_COMPACTED', 'gone', { requestedRevision: 5, compactRevision: 120 }),
    410,
    'Expired',
    'too old resource version: 5 (120)',
  ],
  [
    'a revision in the future',
    new StorageError('STORAGE_FUTURE_REVISION', 'not yet', { requestedRevision: 9, currentRevision: 3 }),
    504,
    'Timeout',
    'Timeout: Too large resource version: 9, current: 3',
  ],
  [
    'too large an object',
    new StorageError('STORAGE_TOO_LARGE', 'too large', { sizeBytes: 9_999_999 }),
    500,
    undefined,
    'etcdserver: request is too large',
  ],
  [
    'a full store',
    new StorageError('STORAGE_FULL', 'full', { path: '/secret' }),
    500,
    undefined,
    'etcdserver: mvcc: database space exceeded',
  ],
  [
    "etcd's own words",
    new StorageError('STORAGE_UNAVAILABLE', 'etcdserver: leader changed', { operation: 'Txn' }),
    500,
    undefined,
    'etcdserver: leader changed',
  ],
  [
    'no answer in time',
    new StorageError('STORAGE_UNAVAILABLE', 'etcd does not answer: http://10.0.0.1:2379: connect ECONNREFUSED', {
      operation: 'Txn',
      timedOut: true,
    }),
    504,
    'Timeout',
    'Timeout: request did not complete within requested timeout - context deadline exceeded',
  ],
  [
    'a lost connection',
    new StorageError('STORAGE_UNAVAILABLE', 'read ECONNRESET', { operation: 'Txn' }),
    500,
    undefined,
    'rpc error: code = Unavailable desc = error reading from server: EOF',
  ],
];

describe('storageFault', () => {
  for (const [name, error, code, reason, message] of rows) {
    it(`answers ${name} with ${code}`, () => {
      const fault = storageFault(error, pods, 'a');
      expect(fault).toBeInstanceOf(StatusError);
      const { status } = fault as StatusError;
      expect([status.code, status.reason, status.message]).toEqual([code, reason, message]);
    });
  }

  it('passes on what is no fault of the store', () => {
    const error = new TypeError('a bug');
    expect(storageFault(error, pods, 'a')).toBe(error);
  });
});
