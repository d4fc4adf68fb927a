import { aggregateFieldErrors, type FieldError, fieldErrorCause } from './field-error.js';
import { goQuote } from './go-quote.js';
import { formatGroupKind, formatGroupResource, type GroupKind, type GroupResource } from './object.js';

/** One entry of `metav1.StatusDetails.causes`. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** `metav1.StatusDetails`. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  /** Seconds. */
  retryAfterSeconds?: number;
}

/** `metav1.Status`, the body of every answer that is not an object. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  /** The HTTP status code. */
  code: number;
}

/** The reasons of `metav1.StatusReason` that the server gives. */
export type StatusReason =
  | ''
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable';

/**
 * An answer other than success, thrown anywhere below the handlers and written to the client as it is.
 *
 * `cause` is for the log; it never reaches the client.
 */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;

  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message ?? status.reason ?? 'unknown', options);
    this.status = status;
  }

  /** The HTTP status code. */
  get code(): number {
    return this.status.code;
  }

  /** True for a {@link StatusError} of any installed copy of this package, optionally with one reason. */
  static is(error: unknown, reason?: StatusReason): error is StatusError {
    if (!(error instanceof Error) || error.name !== 'StatusError' || !('status' in error)) return false;
    return reason === undefined || ((error as StatusError).status.reason ?? '') === reason;
  }
}

/**
 * Builds a Failure {@link StatusError}; empty details are left out.
 *
 * @param code - The HTTP status code.
 */
export function newStatusError(code: number, reason: StatusReason, message: string, details?: StatusDetails, cause?: unknown): StatusError {
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
  if (reason !== '') status.reason = reason;
  if (details !== undefined) status.details = details;
  return new StatusError(status, cause === undefined ? undefined : { cause });
}

/** Details that name an object: `{ name, group, kind }`, the kind being the resource's name as upstream writes it. */
function detailsOf(gr: GroupResource, name: string): StatusDetails {
  const details: StatusDetails = {};
  if (name !== '') details.name = name;
  if (gr.group !== '') details.group = gr.group;
  if (gr.resource !== '') details.kind = gr.resource;
  return details;
}

/** 404 `pods "x" not found`. */
export function newNotFound(gr: GroupResource, name: string): StatusError {
  return newStatusError(404, 'NotFound', `${formatGroupResource(gr)} ${goQuote(name)} not found`, detailsOf(gr, name));
}

/** 409 `pods "x" already exists`. */
export function newAlreadyExists(gr: GroupResource, name: string): StatusError {
  return newStatusError(409, 'AlreadyExists', `${formatGroupResource(gr)} ${goQuote(name)} already exists`, detailsOf(gr, name));
}

/** 409 `Operation cannot be fulfilled on pods "x": …`. */
export function newConflict(gr: GroupResource, name: string, message: string): StatusError {
  return newStatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${formatGroupResource(gr)} ${goQuote(name)}: ${message}`,
    detailsOf(gr, name),
  );
}

/** 403 `pods "x" is forbidden: …`; without a name `pods is forbidden: …`. */
export function newForbidden(gr: GroupResource, name: string, message: string): StatusError {
  const details = detailsOf(gr, name);
  if (gr.resource === '') return newStatusError(403, 'Forbidden', `forbidden: ${message}`, details);
  const subject = name === '' ? formatGroupResource(gr) : `${formatGroupResource(gr)} ${goQuote(name)}`;
  return newStatusError(403, 'Forbidden', `${subject} is forbidden: ${message}`, details);
}

/** 422 with one cause per field error: `Pod "x" is invalid: spec.containers: Required value`. */
export function newInvalid(gk: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const details: StatusDetails = {};
  if (name !== '') details.name = name;
  if (gk.group !== '') details.group = gk.group;
  if (gk.kind !== '') details.kind = gk.kind;
  const message = `${formatGroupKind(gk)} ${goQuote(name)} is invalid`;
  if (errors.length > 0) details.causes = errors.map(fieldErrorCause);
  return newStatusError(422, 'Invalid', errors.length > 0 ? `${message}: ${aggregateFieldErrors(errors)}` : message, details);
}

/** 400. */
export function newBadRequest(message: string): StatusError {
  return newStatusError(400, 'BadRequest', message);
}

/** 401 with the body kube-apiserver sends to unauthenticated requests. */
export function newUnauthorized(message = 'Unauthorized'): StatusError {
  return newStatusError(401, 'Unauthorized', message);
}

/** 405. */
export function newMethodNotSupported(gr: GroupResource, action: string): StatusError {
  return newStatusError(
    405,
    'MethodNotAllowed',
    `${action} is not supported on resources of kind "${formatGroupResource(gr)}"`,
    detailsOf(gr, ''),
  );
}

/** 410 for a resource version or continue token that history no longer holds. */
export function newExpired(message: string): StatusError {
  return newStatusError(410, 'Expired', message);
}

/** 500. `error` goes to the message only where upstream shows it; pass secrets in `cause`. */
export function newInternalError(message: string, cause?: unknown): StatusError {
  return newStatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }, cause);
}

/** 504 with the seconds after which a retry makes sense. */
export function newTimeout(message: string, retryAfterSeconds: number): StatusError {
  return newStatusError(504, 'Timeout', `Timeout: ${message}`, retryAfterSeconds > 0 ? { retryAfterSeconds } : {});
}

/** 429. */
export function newTooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return newStatusError(429, 'TooManyRequests', message, retryAfterSeconds > 0 ? { retryAfterSeconds } : {});
}
