/** The audit of one request: what is known of it grows, each stage writes it down. */
import { randomUUID } from 'node:crypto';
import type { AuditBackend } from './backends/backend.js';
import {
  type AuditEvent,
  type AuditLevel,
  type AuditObjectReference,
  type AuditResponseStatus,
  type AuditStage,
  type AuditUser,
  LEVELS,
} from './event.js';
import { compactJson, type LoggedObject, objectJson, withoutManagedFields } from './object-json.js';
import type { AuditAttributes, AuditDecision } from './policy/policy.js';
import { type RequestHeaders, sourceIps } from './source-ips.js';

const USER_AGENT_BYTES_MAX = 1024;
const REQUEST_RANK = LEVELS.indexOf('Request');
const RESPONSE_RANK = LEVELS.indexOf('RequestResponse');

/** Counts for metrics. */
export interface AuditCounters {
  /** An event was made. */
  event?: () => void;
  /** A request was given its level, `None` too. */
  level?: (level: AuditLevel) => void;
  /** A request was refused because its event could not be kept. */
  rejected?: () => void;
}

/** A request as the log first sees it. */
export interface AuditRequest {
  attributes: AuditAttributes & { apiVersion?: string };
  /** Path and query as sent. */
  uri: string;
  /** Who asks, before any impersonation. */
  user: AuditUser;
  /** Default: a random UUID. */
  auditId?: string;
  headers: RequestHeaders;
  remoteAddress?: string | undefined;
  /** Microseconds since the epoch. Default: now. */
  receivedMicros?: number;
}

/** Microseconds since the epoch, by the wall clock: a monotonic clock drifts away from it in the weeks that servers run. */
export function nowMicros(): number {
  return Date.now() * 1000 + (Math.floor(performance.now() * 1000) % 1000);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: bytes above 0x7f are looked for
const ASCII = /^[\x00-\x7f]*$/;

/** node:http hands out headers byte by byte; they are UTF-8 to whoever reads the log. */
function userAgentOf(value: string): string {
  if (value.length <= USER_AGENT_BYTES_MAX && ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return bytes.length > USER_AGENT_BYTES_MAX
    ? `${bytes.subarray(0, USER_AGENT_BYTES_MAX).toString('utf8')}...TRUNCATED`
    : bytes.toString('utf8');
}

/** Every setter is cheap when the level does not want its part. */
export class RequestAuditor {
  readonly #backend: AuditBackend;
  readonly #counters: AuditCounters;
  readonly #decision: AuditDecision;
  readonly #event: Omit<AuditEvent, 'stage' | 'stageMicros' | 'annotations'>;
  readonly #rank: number;
  #annotations: Record<string, string> | undefined;

  constructor(backend: AuditBackend, counters: AuditCounters, decision: AuditDecision, request: AuditRequest) {
    this.#backend = backend;
    this.#counters = counters;
    this.#decision = decision;
    this.#rank = LEVELS.indexOf(decision.level);
    const { attributes, headers } = request;
    const agent = headers['user-agent'];
    this.#event = {
      level: decision.level,
      auditID: request.auditId ?? randomUUID(),
      requestURI: request.uri,
      verb: attributes.verb,
      user: request.user,
      sourceIPs: sourceIps(headers, request.remoteAddress),
      userAgent: typeof agent === 'string' ? userAgentOf(agent) : '',
      requestReceivedMicros: request.receivedMicros ?? nowMicros(),
    };
    if (attributes.isResourceRequest) {
      const { resource, namespace, name, apiGroup, apiVersion = '', subresource } = attributes;
      this.#event.objectRef = { resource, namespace, name, apiGroup, apiVersion, subresource };
    }
  }

  /** What names the request, here and in the `Audit-ID` header of the answer. */
  get auditId(): string {
    return this.#event.auditID;
  }

  get level(): AuditLevel {
    return this.#decision.level;
  }

  /** The request's body is to be logged. */
  get wantsRequestObject(): boolean {
    return this.#rank >= REQUEST_RANK;
  }

  /** The answer's object is to be logged. */
  get wantsResponseObject(): boolean {
    return this.#rank >= RESPONSE_RANK;
  }

  /** An answer's status code is set. */
  get hasStatus(): boolean {
    return this.#event.responseStatus !== undefined;
  }

  /** Whom the user acts as. `constraint` is the verb of a constrained impersonation. */
  setImpersonatedUser(user: AuditUser, constraint = ''): void {
    this.#event.impersonatedUser = user;
    if (constraint !== '') this.#event.authenticationMetadata = { impersonationConstraint: constraint };
  }

  /** A patch as it came, or what it says. Logged as it is, managed fields and all; what is not JSON is left out. */
  setRequestPatch(patch: Uint8Array | object): void {
    if (!this.wantsRequestObject) return;
    if (!(patch instanceof Uint8Array)) {
      this.#event.requestObject = objectJson(patch);
      return;
    }
    const json = compactJson(Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength).toString('utf8'));
    if (json !== null) this.#event.requestObject = json;
  }

  /** The decoded body, as it is now: later changes do not show. What the reference lacks is taken from the metadata. */
  setRequestObject(object: object): void {
    const given = object as LoggedObject;
    const { metadata } = given;
    const reference = this.#event.objectRef;
    if (reference !== undefined && typeof metadata === 'object' && metadata !== null) {
      this.#event.objectRef = fillReference(reference, metadata);
    }
    if (!this.wantsRequestObject) return;
    this.#event.requestObject = objectJson(this.#decision.omitManagedFields ? withoutManagedFields(given) : given);
  }

  /** The object that is sent, in the form in which the client gets it. */
  setResponseObject(object: object): void {
    if (!this.wantsResponseObject) return;
    this.#event.responseObject = objectJson(this.#decision.omitManagedFields ? withoutManagedFields(object as LoggedObject) : object);
  }

  /** The code of the answer; the first one stays. */
  setResponseStatus(code: number): void {
    this.#event.responseStatus ??= { metadata: {}, code };
  }

  /** The answer is a Status: it is the response status, and the response object where that is wanted. */
  setResponseStatusObject(status: {
    status?: string | undefined;
    message?: string | undefined;
    reason?: string | undefined;
    details?: object | undefined;
    code?: number | undefined;
  }): void {
    const out: AuditResponseStatus = { metadata: {} };
    if (status.status) out.status = status.status;
    if (status.message) out.message = status.message;
    if (status.reason) out.reason = status.reason;
    if (status.details) out.details = status.details;
    const code = status.code ?? this.#event.responseStatus?.code;
    if (code !== undefined) out.code = code;
    this.#event.responseStatus = out;
    this.setResponseObject({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...status });
  }

  /** Adds a fact of the request. A key that is set keeps its value. */
  addAnnotation(key: string, value: string): void {
    this.#annotations ??= {};
    if (!Object.hasOwn(this.#annotations, key)) this.#annotations[key] = value;
  }

  /** Writes the event of a stage unless it is omitted; false when a strict backend could not keep it. */
  emit(stage: AuditStage, micros?: number): boolean | Promise<boolean> {
    if (this.#decision.omitStages.has(stage)) return true;
    this.#counters.event?.();
    const received = this.#event.requestReceivedMicros;
    const event: AuditEvent = {
      ...this.#event,
      stage,
      stageMicros: stage === 'RequestReceived' ? received : Math.max(received, micros ?? nowMicros()),
    };
    // A copy: the annotations of later stages are not those of this one.
    if (this.#annotations !== undefined) event.annotations = { ...this.#annotations };
    return this.#backend.process([event]);
  }

  /** The request ended without an answer. */
  setClosedEarly(): void {
    this.#event.responseStatus ??= { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
  }

  /** The last event of a request. */
  complete(): boolean | Promise<boolean> {
    this.setClosedEarly();
    return this.emit('ResponseComplete');
  }

  /** The last event of a request whose handler failed beyond repair. */
  panic(message: string): boolean | Promise<boolean> {
    this.#event.responseStatus = {
      metadata: {},
      status: 'Failure',
      message: `APIServer panic'd: ${message}`,
      reason: 'InternalError',
      code: 500,
    };
    return this.emit('Panic');
  }
}

/** The reference with its empty parts taken from an object's metadata. A new object: events of earlier stages keep theirs. */
function fillReference(reference: AuditObjectReference, metadata: NonNullable<LoggedObject['metadata']>): AuditObjectReference {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    ...reference,
    namespace: reference.namespace || text(metadata.namespace),
    name: reference.name || text(metadata.name),
    uid: reference.uid || text(metadata.uid),
    resourceVersion: reference.resourceVersion || text(metadata.resourceVersion),
  };
}
