import { type GroupResource, newExpired, newInternalError, newStatusError, newTimeout, StatusError } from '@k/apimachinery';
import { StorageError } from '@k/storage';

/**
 * A storage error as the Status a client gets; the only place where they are mapped. Other errors pass through.
 */
export function storageFault(error: unknown, resource: GroupResource, name: string): unknown {
  void resource;
  void name;
  if (StatusError.is(error)) return error;
  if (StorageError.is(error, 'STORAGE_COMPACTED'))
    return newExpired(`too old resource version: ${error.data.requestedRevision} (${error.data.compactRevision})`);
  if (StorageError.is(error, 'STORAGE_FUTURE_REVISION')) {
    const { requestedRevision, currentRevision } = error.data;
    const fault = newTimeout(`Too large resource version: ${requestedRevision}, current: ${currentRevision}`, 1);
    fault.status.details = { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 };
    return fault;
  }
  if (StorageError.is(error, 'STORAGE_TOO_LARGE')) return etcdFault('etcdserver: request is too large', error);
  if (StorageError.is(error, 'STORAGE_FULL')) return etcdFault('etcdserver: mvcc: database space exceeded', error);
  if (StorageError.is(error, 'STORAGE_UNAVAILABLE')) {
    if (error.message.startsWith('etcdserver: ')) return etcdFault(error.message, error);
    if (!error.data.timedOut) return etcdFault('rpc error: code = Unavailable desc = error reading from server: EOF', error);
    return newStatusError(
      504,
      'Timeout',
      'Timeout: request did not complete within requested timeout - context deadline exceeded',
      {},
      error,
    );
  }
  if (StorageError.is(error, 'STORAGE_CORRUPT')) return newInternalError(error.data.reason ?? 'the stored object cannot be read', error);
  return error;
}

/** kube-apiserver passes etcd's own words on as a 500 without a reason. */
function etcdFault(message: string, cause: unknown): StatusError {
  return newStatusError(500, '', message, undefined, cause);
}
