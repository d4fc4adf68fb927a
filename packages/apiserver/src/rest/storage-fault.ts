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
  if (StorageError.is(error, 'STORAGE_TOO_LARGE')) {
    return newStatusError(413, 'RequestEntityTooLarge', 'Request entity too large: the object is larger than the store accepts', {});
  }
  if (StorageError.is(error, 'STORAGE_FULL')) return newInternalError('the store has no space left', error);
  if (StorageError.is(error, 'STORAGE_UNAVAILABLE')) {
    return newStatusError(500, 'ServerTimeout', 'etcdserver: request timed out', { retryAfterSeconds: 1 }, error);
  }
  if (StorageError.is(error, 'STORAGE_CORRUPT')) return newInternalError('the stored object cannot be read', error);
  return error;
}
