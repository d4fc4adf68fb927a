/** From requests to events. */
import { randomUUID } from 'node:crypto';
import type { AuditBackend } from './backends/backend.js';
import type { AuditUser } from './event.js';
import { kubernetesAttributes } from './kubernetes-attributes.js';
import { createPolicyEvaluator, type PolicyEvaluator } from './policy/evaluator.js';
import { type FlatPolicy, policyOf } from './policy/flat-policy.js';
import type { AuditPolicy } from './policy/policy.js';
import { type AuditCounters, type AuditRequest, RequestAuditor } from './request-auditor.js';

/** Requests of `logRequest` whose answer is awaited; the longest waiting ones are forgotten. */
const PENDING_MAX = 10_000;

/** A request for {@link AuditLogger.logRequest}. */
export interface LoggedRequest {
  /** Path and query. */
  uri: string;
  /** An HTTP method, or a verb of Kubernetes. */
  verb: string;
  user: AuditUser & { username: string };
  /** The body as an object. */
  requestObject?: object | null | undefined;
  auditId?: string;
  headers?: AuditRequest['headers'];
  remoteAddress?: string;
}

/** An answer for {@link AuditLogger.logResponse}. */
export interface LoggedResponse extends LoggedRequest {
  /** What `logRequest` returned. */
  auditId: string;
  /** The HTTP status code. */
  status: number;
  /** The answer as an object; one of kind Status is the response status, too. */
  responseObject?: object | null | undefined;
}

/** Begins the audit of requests. */
export class AuditLogger {
  readonly #evaluator: PolicyEvaluator;
  readonly #backend: AuditBackend;
  readonly #counters: AuditCounters;
  readonly #pending = new Map<string, RequestAuditor>();

  /** @param policy - Of `parsePolicy`, or one level for everything. */
  constructor(backend: AuditBackend, policy: AuditPolicy | FlatPolicy, options: { counters?: AuditCounters } = {}) {
    this.#backend = backend;
    this.#evaluator = createPolicyEvaluator(policyOf(policy));
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

  /**
   * Logs that a request came in, stage RequestReceived.
   *
   * @returns the id under which its answer is to be logged, whatever the policy says.
   * @throws {Error} when a strict backend could not keep the event: the request should be refused.
   */
  async logRequest(request: LoggedRequest): Promise<string> {
    const auditId = request.auditId ?? randomUUID();
    const auditor = this.#beginLogged({ ...request, auditId });
    if (auditor === null) return auditId;
    if (this.#pending.size >= PENDING_MAX) this.#pending.delete(this.#pending.keys().next().value as string);
    this.#pending.set(auditId, auditor);
    if (!(await auditor.emit('RequestReceived'))) {
      this.#pending.delete(auditId);
      this.reject();
      throw new Error('failed to store audit event');
    }
    return auditId;
  }

  /** Logs the answer of a request, stage ResponseComplete. A request that is not known (any more) is taken from here. */
  async logResponse(response: LoggedResponse): Promise<void> {
    const { auditId, status, requestObject, responseObject } = response;
    const known = this.#pending.get(auditId);
    this.#pending.delete(auditId);
    const auditor = known ?? this.#beginLogged(response);
    if (auditor === null) return;
    if (known !== undefined && requestObject) auditor.setRequestObject(requestObject);
    auditor.setResponseStatus(status);
    if ((responseObject as { kind?: unknown } | undefined)?.kind === 'Status') auditor.setResponseStatusObject(responseObject as object);
    else if (responseObject) auditor.setResponseObject(responseObject);
    await auditor.complete();
  }

  #beginLogged(request: LoggedRequest & { auditId: string }): RequestAuditor | null {
    const { uri, verb, user, auditId, requestObject, headers = {}, remoteAddress } = request;
    const attributes = kubernetesAttributes(verb, uri);
    const auditor = this.begin({
      attributes: { ...attributes, user: { username: user.username, groups: user.groups ?? [] } },
      uri,
      user,
      auditId,
      headers,
      remoteAddress,
    });
    if (requestObject) auditor?.setRequestObject(requestObject);
    return auditor;
  }

  /** Writes out everything that is held. */
  close(): Promise<void> {
    return this.#backend.close();
  }
}
