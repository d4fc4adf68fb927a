/** One call of one webhook: checks before it, the call, checks of the answer. */
import { goQuote, newBadRequest, type StatusError } from '@k/apimachinery';
import { WebhookCallError, type WebhookClient } from './client.js';
import type { Hook } from './hooks.js';
import { parseReview, type ReviewResponse, readReview, refusalOf, writeReview } from './review.js';
import type { VersionedRequest } from './versioned-request.js';

/** Seconds of a webhook that names no limit. */
const TIMEOUT_SECONDS = 10;

/** A webhook did not answer as it must; its failure policy decides what that means. */
export class HookCallError extends Error {
  /** For metrics. */
  readonly code: number;

  constructor(name: string, reason: string, code: number) {
    super(`failed calling webhook ${goQuote(name)}: ${reason}`);
    this.code = code;
  }
}

/** A webhook refused the request. */
export class HookRejection extends Error {
  readonly status: StatusError;

  constructor(status: StatusError) {
    super(status.message);
    this.status = status;
  }
}

/**
 * Calls a webhook and passes its warnings and annotations on.
 *
 * @param options.leftMs - Milliseconds that are left of the request.
 * @returns The answer of a webhook that allows the request.
 * @throws {@link HookCallError}, {@link HookRejection}; StatusError 400 for dry runs that the webhook does not support.
 */
export async function callHook(
  client: WebhookClient,
  hook: Hook,
  versioned: VersionedRequest,
  options: { isMutating: boolean; leftMs: number },
): Promise<ReviewResponse> {
  const { spec } = hook;
  const { request } = versioned;
  const failed = (reason: string, code = 503): HookCallError => new HookCallError(spec.name, reason, code);
  if (request.dryRun && spec.sideEffects !== 'None' && spec.sideEffects !== 'NoneOnDryRun') {
    throw newBadRequest(`admission webhook ${goQuote(spec.name)} does not support dry run`);
  }
  let review: ReturnType<typeof writeReview>;
  try {
    review = writeReview(spec, versioned);
  } catch (error) {
    throw failed(`could not create admission objects: ${(error as Error).message}`, 400);
  }
  let answer: Record<string, unknown>;
  try {
    const timeoutMs = Math.min((spec.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000, options.leftMs);
    const signal = request.abortSignal?.();
    const limits = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    answer = parseReview(await client.post(spec.clientConfig, review.body, limits));
  } catch (error) {
    throw failed(`failed to call webhook: ${(error as Error).message}`, error instanceof WebhookCallError ? error.code : 503);
  }
  let response: ReviewResponse;
  try {
    response = readReview(answer, review, options.isMutating);
  } catch (error) {
    throw failed(`received invalid webhook response: ${(error as Error).message}`);
  }
  for (const [key, value] of Object.entries(response.auditAnnotations)) request.addAuditAnnotation(`${spec.name}/${key}`, value);
  for (const text of response.warnings) request.addWarning(text);
  if (!response.allowed) throw new HookRejection(refusalOf(spec.name, response.status));
  return response;
}
