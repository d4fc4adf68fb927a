/**
 * The handler chain: an array in the order in which a request meets its stages. The first stage to answer or throw
 * ends the walk; stages that answer synchronously cost no promise.
 */

import { StatusError } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Filter, RequestContext } from './context.js';
import { sendStatus, toStatus } from './http/respond.js';

/** Runs a request through the stages; never rejects. */
export async function runChain(filters: readonly Filter[], context: RequestContext, log: Logger): Promise<void> {
  try {
    for (const filter of filters) {
      const pending = filter.handle(context);
      if (pending !== undefined) await pending;
      if (context.answered) return;
    }
  } catch (error) {
    await fail(context, error, log);
  }
}

/** Answers with the error's Status; a stream that has begun can only be broken off. */
export async function fail(context: RequestContext, error: unknown, log: Logger): Promise<void> {
  const status = toStatus(error);
  if (status.code === 500 && !StatusError.is(error)) context.onPanic?.(error);
  if (status.code >= 500) {
    const cause = StatusError.is(error) ? (error.cause ?? error) : error;
    const entry = { err: cause, auditId: context.auditId, method: context.exchange.method, path: context.path };
    // A deadline or a revision that did not come is the client's to know; only faults of ours are errors.
    if (status.code === 500) log.error(entry, 'request failed');
    else log.info(entry, 'request failed');
  }
  try {
    if (context.answered) context.exchange.abort();
    else await sendStatus(context, status);
  } catch (sendError) {
    log.error({ err: sendError, path: context.path }, 'answer could not be sent');
    context.exchange.abort();
  }
}
