/** Mode `Webhook`: a remote service decides. */
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, DecisionWaiter } from '../interface.js';
import { type AccessReviewSpec, accessReview, accessReviewSpec } from './access-review.js';
import { ExpiringCache } from './expiring-cache.js';
import type { ReviewClient, ReviewTry } from './review-client.js';

/** Hears of an authorizer's doings, for metrics. */
export interface WebhookAuthorizerObserver {
  /** One try to ask the service. */
  onTry(outcome: ReviewTry): void;
  /** The service failed, others decide in its place, and somebody waits for that. `result` is that of the last try. */
  onFailOpen(result: ReviewTry['result']): void;
  /** Conditions were looked at. `excluded`: the service is not asked. */
  onConditions(outcome: 'matched' | 'excluded' | 'failed', seconds: number): void;
}

/** Whom the authorizer asks and how long it remembers. */
export interface WebhookAuthorizerOptions {
  client: ReviewClient;
  /** Of the SubjectAccessReview that is sent and expected. */
  version: 'v1' | 'v1beta1';
  /** Default `Webhook`. */
  name?: string;
  /** Milliseconds that an allowed request is remembered; 0 = not. Default 300,000. */
  authorizedTtlMs?: number;
  /** Milliseconds that any other answer is remembered; 0 = not. Default 30,000. */
  unauthorizedTtlMs?: number;
  /** What a failure means: the next authorizer speaks, or a refusal. Default `NoOpinion`. */
  failurePolicy?: 'NoOpinion' | 'Deny';
  /** False = the service is not asked and has no opinion. A throw is a failure. Default: it is always asked. */
  matches?: (spec: AccessReviewSpec) => boolean | Promise<boolean>;
  /** Hears of failures. */
  onError?: (error: Error) => void;
  observer?: WebhookAuthorizerObserver;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
}

interface Status {
  allowed?: boolean;
  denied?: boolean;
  reason?: string;
}

const ANSWERS_MAX = 8192;
/** Characters chosen by the caller above which an answer is not remembered: keys this long may be an attack. */
const CONTROLLED_LENGTH_MAX = 10_000;

/** Makes the authorizer. */
export function createWebhookAuthorizer(options: WebhookAuthorizerOptions): Authorizer {
  const { client, version, authorizedTtlMs = 300_000, unauthorizedTtlMs = 30_000, failurePolicy = 'NoOpinion', matches, onError } = options;
  const { observer } = options;
  const answers = new ExpiringCache<Status>(ANSWERS_MAX, options.now ?? Date.now);
  const failed = (error: unknown): AuthorizationDecision => {
    const fault = error instanceof Error ? error : new Error(String(error));
    onError?.(fault);
    return { decision: failurePolicy === 'Deny' ? 'deny' : 'noOpinion', reason: '', error: fault.message };
  };
  const isForService = async (spec: AccessReviewSpec): Promise<boolean> => {
    if (matches === undefined) return true;
    const startedMs = performance.now();
    let outcome: Parameters<WebhookAuthorizerObserver['onConditions']>[0] = 'failed';
    try {
      outcome = (await matches(spec)) ? 'matched' : 'excluded';
    } finally {
      observer?.onConditions(outcome, (performance.now() - startedMs) / 1000);
    }
    return outcome === 'matched';
  };
  const askService = async (spec: AccessReviewSpec, waiter: DecisionWaiter | undefined): Promise<Status> => {
    const signal = waiter === undefined ? undefined : signalOf(waiter);
    let result: ReviewTry['result'] = 'error';
    const onTry = (outcome: ReviewTry): void => {
      result = outcome.result;
      observer?.onTry(outcome);
    };
    try {
      return statusIn(await client.post(accessReview(spec, version), { signal, accept: statusIn, onTry }));
    } catch (error) {
      if (failurePolicy === 'NoOpinion' && signal?.aborted !== true) observer?.onFailOpen(result);
      throw error;
    }
  };
  const ask = async (
    attributes: AuthorizationAttributes,
    { spec, key, waiter }: { spec: AccessReviewSpec; key: string; waiter: DecisionWaiter | undefined },
  ): Promise<AuthorizationDecision> => {
    try {
      if (!(await isForService(spec))) return { decision: 'noOpinion', reason: '' };
      let status = answers.get(key);
      if (status === undefined) {
        status = await askService(spec, waiter);
        if (mayRemember(attributes)) answers.set(key, status, status.allowed === true ? authorizedTtlMs : unauthorizedTtlMs);
      }
      return decisionOf(status);
    } catch (error) {
      return failed(error);
    }
  };
  return {
    type: 'Webhook',
    name: options.name ?? 'Webhook',
    authorize(attributes, waiter) {
      const spec = accessReviewSpec(attributes);
      const key = JSON.stringify(spec);
      const known = matches === undefined ? answers.get(key) : undefined;
      return known === undefined ? ask(attributes, { spec, key, waiter }) : decisionOf(known);
    },
    rulesFor: () => ({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'webhook authorizer does not support user rule resolution',
    }),
  };
}

/** Aborted when nobody waits any more. */
function signalOf(waiter: DecisionWaiter): AbortSignal {
  const controller = new AbortController();
  waiter.onClose(() => controller.abort());
  return controller.signal;
}

/** @throws {Error} when the answer's status is not what the API says. */
function statusIn({ status }: Record<string, unknown>): Status {
  const given = (status ?? {}) as Record<string, unknown>;
  const { allowed = false, denied = false, reason = '' } = given;
  if (typeof allowed !== 'boolean') throw new Error("the answer's status.allowed is no boolean");
  if (typeof denied !== 'boolean') throw new Error("the answer's status.denied is no boolean");
  if (typeof reason !== 'string') throw new Error("the answer's status.reason is no string");
  return { allowed, denied, reason };
}

function decisionOf({ allowed, denied, reason = '' }: Status): AuthorizationDecision {
  if (denied === true) {
    const error = 'webhook subject access review returned both allow and deny response';
    return { decision: 'deny', reason, ...(allowed === true ? { error } : {}) };
  }
  return { decision: allowed === true ? 'allow' : 'noOpinion', reason };
}

function mayRemember(attributes: AuthorizationAttributes): boolean {
  const { namespace, verb, apiGroup, apiVersion, resource, subresource, name, path, fieldSelector = '', labelSelector = '' } = attributes;
  const chosen = [namespace, verb, apiGroup, apiVersion, resource, subresource, name, path, fieldSelector, labelSelector];
  return chosen.reduce((length, text) => length + text.length, 0) < CONTROLLED_LENGTH_MAX;
}
