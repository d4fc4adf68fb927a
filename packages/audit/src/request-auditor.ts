/** The audit of one request: what is known of it grows, each stage writes it down. */
import { randomUUID } from 'node:crypto';
import { goQuote } from '@k/apimachinery';
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

/** Hears what happens, for metrics and for the server's log. */
export interface AuditCounters {
  /** An event was made. */
  event?: () => void;
  /** A request was given its level, `None` too. */
  level?: (level: AuditLevel) => void;
  /** A request was refused because its event could not be kept. */
  rejected?: () => void;
  /** An annotation was to change, which none may: upstream's words for the server's log. */
  conflict?: (message: string) => void;
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
  readonly #rank: number;
  readonly #auditId: string;
  readonly #uri: string;
  readonly #verb: string;
  readonly #user: AuditUser;
  readonly #sourceIps: readonly string[];
  readonly #userAgent: string;
  readonly #receivedMicros: number;
  #impersonatedUser: AuditUser | undefined;
  #authenticationMetadata: AuditEvent['authenticationMetadata'];
  #objectRef: AuditObjectReference | undefined;
  #responseStatus: AuditResponseStatus | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #annotations: Record<string, string> | undefined;
  #areAnnotationsShared = false;

  constructor(backend: AuditBackend, counters: AuditCounters, decision: AuditDecision, request: AuditRequest) {
    const { attributes, headers } = request;
    const agent = headers['user-agent'];
    this.#backend = backend;
    this.#counters = counters;
    this.#decision = decision;
    this.#rank = LEVELS.indexOf(decision.level);
    this.#auditId = request.auditId ?? randomUUID();
    this.#uri = request.uri;
    this.#verb = attributes.verb;
    this.#user = request.user;
    this.#sourceIps = sourceIps(headers, request.remoteAddress);
    this.#userAgent = typeof agent === 'string' ? userAgentOf(agent) : '';
    this.#receivedMicros = request.receivedMicros ?? nowMicros();
    if (attributes.isResourceRequest) {
      const { resource, namespace, name, apiGroup, apiVersion = '', subresource } = attributes;
      this.#objectRef = { resource, namespace, name, uid: '', apiGroup, apiVersion, resourceVersion: '', subresource };
    }
  }

  /** What names the request, here and in the `Audit-ID` header of the answer. */
  get auditId(): string {
    return this.#auditId;
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
    return this.#responseStatus !== undefined;
  }

  /** Whom the user acts as. `constraint` is the verb of a constrained impersonation. */
  setImpersonatedUser(user: AuditUser, constraint = ''): void {
    this.#impersonatedUser = user;
    if (constraint !== '') this.#authenticationMetadata = { impersonationConstraint: constraint };
  }

  /** A patch as it came, or what it says. Logged as it is, managed fields and all; what is not JSON is left out. */
  setRequestPatch(patch: Uint8Array | object): void {
    if (!this.wantsRequestObject) return;
    if (!(patch instanceof Uint8Array)) {
      this.#requestObject = objectJson(patch);
      return;
    }
    const json = compactJson(Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength).toString('utf8'));
    if (json !== null) this.#requestObject = json;
  }

  /** The decoded body, as it is now: later changes do not show. What the reference lacks is taken from the metadata. */
  setRequestObject(object: object): void {
    const given = object as LoggedObject;
    const { metadata } = given;
    const reference = this.#objectRef;
    if (reference !== undefined && typeof metadata === 'object' && metadata !== null) {
      this.#objectRef = fillReference(reference, metadata);
    }
    if (!this.wantsRequestObject) return;
    this.#requestObject = objectJson(this.#decision.omitManagedFields ? withoutManagedFields(given) : given);
  }

  /** The object that is sent, in the form in which the client gets it. */
  setResponseObject(object: object): void {
    if (!this.wantsResponseObject) return;
    this.#responseObject = objectJson(this.#decision.omitManagedFields ? withoutManagedFields(object as LoggedObject) : object);
  }

  /** The code of the answer; the first one stays. */
  setResponseStatus(code: number): void {
    this.#responseStatus ??= { metadata: {}, code };
  }

  /** The answer is a Status: it is the response status, and the response object where that is wanted. Fields of other types are left out. */
  setResponseStatusObject(status: {
    status?: string | undefined;
    message?: string | undefined;
    reason?: string | undefined;
    details?: object | undefined;
    code?: number | undefined;
  }): void {
    const out: AuditResponseStatus = { metadata: {} };
    // Adapters hand over what a service has sent, which may call itself a Status and be none.
    for (const name of ['status', 'message', 'reason'] as const) {
      const text: unknown = status[name];
      if (typeof text === 'string' && text !== '') out[name] = text;
    }
    if (typeof status.details === 'object' && status.details !== null) out.details = status.details;
    const code = typeof status.code === 'number' ? status.code : this.#responseStatus?.code;
    if (code !== undefined) out.code = code;
    this.#responseStatus = out;
    this.setResponseObject({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...status });
  }

  /** Adds a fact of the request. A key that is set keeps its value. */
  addAnnotation(key: string, value: string): void {
    if (this.#annotations === undefined) this.#annotations = {};
    else if (Object.hasOwn(this.#annotations, key)) {
      const kept = this.#annotations[key] as string;
      if (kept !== value) this.#counters.conflict?.(conflictText({ key, value, kept, auditId: this.#auditId }));
      return;
    }
    // Earlier events do not get what comes later.
    else if (this.#areAnnotationsShared) this.#annotations = { ...this.#annotations };
    this.#areAnnotationsShared = false;
    this.#annotations[key] = value;
  }

  /** Writes the event of a stage unless it is omitted; false when a strict backend could not keep it. */
  emit(stage: AuditStage, micros?: number): boolean | Promise<boolean> {
    if (this.#decision.omitStages.has(stage)) return true;
    this.#counters.event?.();
    const received = this.#receivedMicros;
    this.#areAnnotationsShared = true;
    // Every part is named, so that all events have one shape and are read quickly.
    const event: AuditEvent = {
      level: this.#decision.level,
      auditID: this.#auditId,
      stage,
      requestURI: this.#uri,
      verb: this.#verb,
      user: this.#user,
      impersonatedUser: this.#impersonatedUser,
      authenticationMetadata: this.#authenticationMetadata,
      sourceIPs: this.#sourceIps,
      userAgent: this.#userAgent,
      objectRef: this.#objectRef,
      responseStatus: this.#responseStatus,
      requestObject: this.#requestObject,
      responseObject: this.#responseObject,
      requestReceivedMicros: received,
      stageMicros: stage === 'RequestReceived' ? received : Math.max(received, micros ?? nowMicros()),
      annotations: this.#annotations,
    };
    return this.#backend.process([event]);
  }

  /** The request ended without an answer. */
  setClosedEarly(): void {
    this.#responseStatus ??= { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
  }

  /** The last event of a request. */
  complete(): boolean | Promise<boolean> {
    this.setClosedEarly();
    return this.emit('ResponseComplete');
  }

  /** The last event of a request whose handler failed beyond repair. */
  panic(message: string): boolean | Promise<boolean> {
    this.#responseStatus = {
      metadata: {},
      status: 'Failure',
      message: `APIServer panic'd: ${message}`,
      reason: 'InternalError',
      code: 500,
    };
    return this.emit('Panic');
  }
}

function conflictText({ key, value, kept, auditId }: { key: string; value: string; kept: string; auditId: string }): string {
  return `Failed to set annotations[${goQuote(key)}] to ${goQuote(value)} for audit:${goQuote(auditId)}, it has already been set to ${goQuote(kept)}`;
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
