/** From requests to events: levels, stages, bodies, annotations. */
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
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
import type { PolicyEvaluator } from './policy/evaluator.js';
import type { AuditAttributes, AuditDecision } from './policy/policy.js';

const USER_AGENT_BYTES_MAX = 1024;

/** Counts for metrics. */
export interface AuditCounters {
  event?: () => void;
  level?: (level: AuditLevel) => void;
  rejected?: () => void;
}

/** A request as the log first sees it. */
export interface AuditRequest {
  attributes: AuditAttributes & { apiVersion?: string };
  /** Path and query as sent. */
  uri: string;
  user: AuditUser;
  auditId?: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  remoteAddress?: string | undefined;
  /** Microseconds since the epoch. Default: now. */
  receivedMicros?: number;
}

/** Names and versions inside an object. */
interface LoggedObject {
  kind?: string;
  apiVersion?: string;
  metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string; managedFields?: unknown };
  items?: unknown;
  rows?: unknown;
}

/** Microseconds since the epoch. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Valid addresses that a request claims or has, in upstream's order. */
export function sourceIps(headers: AuditRequest['headers'], remoteAddress: string | undefined): string[] {
  const text = (name: string): string => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(',') : (value ?? '');
  };
  const out = text('x-forwarded-for')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => isIP(part) !== 0);
  const real = text('x-real-ip').trim();
  if (isIP(real) !== 0 && !out.includes(real)) out.push(real);
  const remote = (remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  if (isIP(remote) !== 0 && out.at(-1) !== remote) out.push(remote);
  return out;
}

function cutUserAgent(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length > USER_AGENT_BYTES_MAX ? `${bytes.subarray(0, USER_AGENT_BYTES_MAX).toString('latin1')}...TRUNCATED` : value;
}

function withoutManagedFields<T extends LoggedObject>(object: T): T {
  const strip = (item: LoggedObject): LoggedObject => {
    if (item.metadata?.managedFields === undefined) return item;
    const { managedFields: _fields, ...metadata } = item.metadata;
    return { ...item, metadata };
  };
  const out = strip(object) as T;
  if (Array.isArray(out.items)) return { ...out, items: out.items.map((item) => strip(item as LoggedObject)) };
  if (Array.isArray(out.rows)) {
    return { ...out, rows: out.rows.map((row: { object?: LoggedObject }) => (row.object ? { ...row, object: strip(row.object) } : row)) };
  }
  return out;
}

/** A user with its empty parts left out. */
function userOf(user: AuditUser): AuditUser {
  return {
    ...(user.username ? { username: user.username } : {}),
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups && user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
  };
}

/** The audit of one request. Every setter is cheap when the level does not want its part. */
export class RequestAuditor {
  readonly #backend: AuditBackend;
  readonly #counters: AuditCounters;
  readonly #decision: AuditDecision;
  readonly #event: Omit<AuditEvent, 'stage' | 'stageMicros' | 'annotations'>;
  readonly #annotations: Record<string, string> = {};
  readonly #rank: number;
  #reference: AuditObjectReference | undefined;

  constructor(backend: AuditBackend, counters: AuditCounters, decision: AuditDecision, request: AuditRequest) {
    this.#backend = backend;
    this.#counters = counters;
    this.#decision = decision;
    this.#rank = LEVELS.indexOf(decision.level);
    const { attributes, headers } = request;
    const agent = headers['user-agent'];
    const ips = sourceIps(headers, request.remoteAddress);
    if (attributes.isResourceRequest) {
      const { resource, namespace, name, apiGroup, apiVersion = '', subresource } = attributes;
      this.#reference = { resource, namespace, name, apiGroup, apiVersion, subresource };
    }
    this.#event = {
      level: decision.level,
      auditID: request.auditId ?? randomUUID(),
      requestURI: request.uri,
      verb: attributes.verb,
      user: userOf(request.user),
      ...(ips.length > 0 ? { sourceIPs: ips } : {}),
      ...(typeof agent === 'string' && agent !== '' ? { userAgent: cutUserAgent(agent) } : {}),
      requestReceivedMicros: request.receivedMicros ?? nowMicros(),
    };
  }

  get auditId(): string {
    return this.#event.auditID;
  }

  get level(): AuditLevel {
    return this.#decision.level;
  }

  /** The answer's object is to be logged. */
  get wantsResponseObject(): boolean {
    return this.#rank >= 3;
  }

  /** An answer's status code is set. */
  get hasStatus(): boolean {
    return this.#event.responseStatus !== undefined;
  }

  setImpersonatedUser(user: AuditUser, constraint = ''): void {
    this.#event.impersonatedUser = userOf(user);
    if (constraint !== '') this.#event.authenticationMetadata = { impersonationConstraint: constraint };
  }

  /** The body as it came; kept only when it is JSON and no decoded object follows. */
  setRequestBytes(body: Uint8Array): void {
    if (this.#rank < 2 || body.length === 0) return;
    const text = Buffer.from(body).toString('utf8');
    try {
      JSON.parse(text);
      this.#event.requestObject = text;
    } catch {
      delete this.#event.requestObject;
    }
  }

  /** The decoded body, as it is now: later changes do not show. */
  setRequestObject(object: object): void {
    const given = object as LoggedObject;
    const metadata = Array.isArray(object) ? undefined : given.metadata;
    const reference = this.#reference;
    if (reference !== undefined && metadata !== undefined && metadata !== null && given.kind !== undefined) {
      if (!reference.namespace && metadata.namespace) reference.namespace = metadata.namespace;
      if (!reference.name && metadata.name) reference.name = metadata.name;
      if (metadata.uid) reference.uid = metadata.uid;
      if (metadata.resourceVersion) reference.resourceVersion = metadata.resourceVersion;
    }
    if (this.#rank < 2) return;
    this.#event.requestObject = toJson(this.#decision.omitManagedFields ? withoutManagedFields(given) : given);
  }

  setResponseObject(object: object): void {
    if (this.#rank < 3) return;
    this.#event.responseObject = toJson(this.#decision.omitManagedFields ? withoutManagedFields(object as LoggedObject) : object);
  }

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
    if (status.details && Object.keys(status.details).length > 0) out.details = status.details;
    else if (status.details) out.details = {};
    const code = status.code ?? this.#event.responseStatus?.code;
    if (code !== undefined) out.code = code;
    this.#event.responseStatus = out;
    this.setResponseObject({ kind: 'Status', apiVersion: 'v1', metadata: {}, ...status });
  }

  /** Generated names are not known when the request is logged; upstream leaves them out too. */
  setObjectName(_name: string): void {}

  addAnnotation(key: string, value: string): void {
    if (!Object.hasOwn(this.#annotations, key)) this.#annotations[key] = value;
  }

  /** Writes the event of a stage unless it is omitted; false when a strict backend could not keep it. */
  emit(stage: AuditStage, micros: number = nowMicros()): boolean | Promise<boolean> {
    if (this.#decision.omitStages.has(stage)) return true;
    this.#counters.event?.();
    const annotations = Object.keys(this.#annotations).length > 0 ? { ...this.#annotations } : undefined;
    const reference = this.#reference && cleanReference(this.#reference);
    const event: AuditEvent = {
      ...this.#event,
      stage,
      stageMicros: stage === 'RequestReceived' ? this.#event.requestReceivedMicros : micros,
      ...(reference === undefined ? {} : { objectRef: reference }),
      ...(annotations === undefined ? {} : { annotations }),
    };
    return this.#backend.process([event]);
  }

  /** The last event of a request. */
  complete(): boolean | Promise<boolean> {
    this.#event.responseStatus ??= { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
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

const REFERENCE_KEYS = ['resource', 'namespace', 'name', 'uid', 'apiGroup', 'apiVersion', 'resourceVersion', 'subresource'] as const;

/** The reference with its keys in upstream's order and no empty ones. */
function cleanReference(reference: AuditObjectReference): AuditObjectReference {
  const out: AuditObjectReference = {};
  for (const key of REFERENCE_KEYS) if (reference[key]) out[key] = reference[key] as string;
  return out;
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? Number(item) : item));
}

/** Begins the audit of requests. */
export class AuditLogger {
  readonly #evaluator: PolicyEvaluator;
  readonly #backend: AuditBackend;
  readonly #counters: AuditCounters;

  constructor(options: { evaluator: PolicyEvaluator; backend: AuditBackend; counters?: AuditCounters }) {
    this.#evaluator = options.evaluator;
    this.#backend = options.backend;
    this.#counters = options.counters ?? {};
  }

  /** Null when the policy wants nothing of this request. */
  begin(request: AuditRequest): RequestAuditor | null {
    const decision = this.#evaluator.evaluate(request.attributes);
    this.#counters.level?.(decision.level);
    return decision.level === 'None' ? null : new RequestAuditor(this.#backend, this.#counters, decision, request);
  }

  /** Counts a request that was refused because its event could not be kept. */
  reject(): void {
    this.#counters.rejected?.();
  }

  /** Writes out everything that is held. */
  close(): Promise<void> {
    return this.#backend.close();
  }
}
