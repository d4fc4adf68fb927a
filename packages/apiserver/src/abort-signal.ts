import type { RequestContext } from './context.js';

/** Aborted when the exchange is over: its client has gone, its time is up, or it was answered. The same for every call. */
export function abortSignalOf(context: RequestContext): AbortSignal {
  if (context.abortSignal === undefined) {
    const controller = new AbortController();
    context.abortSignal = controller.signal;
    context.exchange.onClose(() => controller.abort());
  }
  return context.abortSignal;
}
