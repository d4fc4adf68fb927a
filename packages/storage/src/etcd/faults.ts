/** What etcd and gRPC answer, as errors of the storage package. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { StorageError } from '../errors.js';

/** etcd's texts that decide what to do; the codes alone are shared by several of them. */
const COMPACTED = 'mvcc: required revision has been compacted';
const FUTURE = 'mvcc: required revision is a future revision';
const NO_SPACE = 'mvcc: database space exceeded';
const LEASE_NOT_FOUND = 'requested lease not found';
const TOKEN_FAULTS = ['invalid auth token', 'revision of auth store is old', 'auth token is not provided', 'user name is empty'];

/** True for an error of a gRPC call. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as ServiceError).code === 'number' && typeof (error as ServiceError).details === 'string';
}

/** History at the revision is gone. */
export function isCompacted(error: unknown): boolean {
  return isServiceError(error) && error.details.includes(COMPACTED);
}

/** The revision has not been written yet. */
export function isFutureRevision(error: unknown): boolean {
  return isServiceError(error) && error.details.includes(FUTURE);
}

/** The lease of a put has expired or was revoked. */
export function isLeaseNotFound(error: unknown): boolean {
  return isServiceError(error) && error.details.includes(LEASE_NOT_FOUND);
}

/** The token has expired, or users or roles have changed since it was made; nothing was done. */
export function isTokenFault(error: unknown): boolean {
  return isServiceError(error) && TOKEN_FAULTS.some((text) => error.details.includes(text));
}

/** The member, or the way to it, is at fault, not the request: another member or a later attempt may do. */
export function isUnavailable(error: unknown): boolean {
  if (!isServiceError(error)) return false;
  return (
    error.code === status.UNAVAILABLE ||
    error.code === status.DEADLINE_EXCEEDED ||
    error.code === status.CANCELLED ||
    // grpc-js reports some torn connections so, e.g. "Received RST_STREAM with code 2".
    (error.code === status.INTERNAL && /RST_STREAM|HTTP\/2|session|stream/i.test(error.details)) ||
    // A proxy in between, or a member that is just stopping.
    (error.code === status.UNKNOWN && /server stopped|HTTP status|leader changed/i.test(error.details))
  );
}

/** The answer comes from etcd rather than from gRPC: the connection is fine. */
export function isFromEtcd(error: unknown): boolean {
  return isServiceError(error) && error.details.startsWith('etcdserver: ');
}

/**
 * The error that callers see.
 *
 * @param operation - What was tried, e.g. `Txn`; for messages and `data`.
 * @param requestBytes - Size of the request, for `STORAGE_TOO_LARGE`.
 */
export function toStorageError(error: unknown, operation: string, requestBytes: number): StorageError {
  if (error instanceof StorageError) return error;
  if (!isServiceError(error)) {
    return new StorageError('STORAGE_UNAVAILABLE', `etcd: ${operation} failed`, { operation }, { cause: error });
  }
  const { details } = error;
  if (
    details.includes('request is too large') ||
    (error.code === status.RESOURCE_EXHAUSTED && /message.*larger than|larger than max/i.test(details))
  ) {
    return new StorageError('STORAGE_TOO_LARGE', 'etcdserver: request is too large', { sizeBytes: requestBytes }, { cause: error });
  }
  if (details.includes(NO_SPACE)) return new StorageError('STORAGE_FULL', details, { path: 'etcd' }, { cause: error });
  return new StorageError(
    'STORAGE_UNAVAILABLE',
    details === '' ? `etcd: ${operation} failed` : details,
    error.code === status.DEADLINE_EXCEEDED ? { operation, timedOut: true } : { operation },
    { cause: error },
  );
}
