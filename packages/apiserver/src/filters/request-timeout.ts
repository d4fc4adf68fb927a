import { newStatusError } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import { sendStatus } from '../http/respond.js';

/** Requests that stay open by design. */
function isLongRunning(context: RequestContext): boolean {
  const { verb, subresource } = context.info;
  return verb === 'watch' || ['proxy', 'exec', 'attach', 'portforward', 'log'].includes(subresource);
}

/** Answers 504 for requests that take longer than the server allows. */
export function requestTimeoutFilter(timeoutMs: number): Filter {
  return {
    name: 'request-timeout',
    why: 'first, so that the clock covers every stage',
    handle(context) {
      if (isLongRunning(context)) return undefined;
      const timer = setTimeout(() => {
        if (context.answered) return;
        context.aborted = true;
        const error = newStatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {});
        void sendStatus(context, error.status);
      }, timeoutMs);
      timer.unref();
      context.exchange.onClose(() => clearTimeout(timer));
      return undefined;
    },
  };
}
