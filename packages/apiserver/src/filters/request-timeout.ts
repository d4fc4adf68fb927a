import { newBadRequest, newStatusError } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import { sendStatus } from '../http/respond.js';

/** Requests that stay open by design. */
function isLongRunning(context: RequestContext): boolean {
  const { verb, subresource } = context.info;
  return verb === 'watch' || ['proxy', 'exec', 'attach', 'portforward', 'log'].includes(subresource);
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a duration in the form that Go reads.
 *
 * @throws 400 in the words of Go's parser.
 */
function parseTimeoutMs(text: string): number {
  const quoted = JSON.stringify(text);
  const refuse = (fault: string): Error => newBadRequest(`invalid timeout specified in the request URL - time: ${fault} ${quoted}`);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw refuse('invalid duration');
  let ms = 0;
  while (rest !== '') {
    const [whole, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)?([^\d.]*)/.exec(rest) ?? [''];
    if (number === '') throw refuse('invalid duration');
    if (unit === '') throw refuse('missing unit in duration');
    const factor = DURATION_UNITS[unit];
    if (factor === undefined) throw refuse(`unknown unit ${JSON.stringify(unit)} in duration`);
    ms += Number(number) * factor;
    rest = rest.slice(whole.length);
  }
  return sign * ms;
}

/** Milliseconds that a request may take: those of the server, or what `?timeout=` asks for if that is less. @throws 400 */
export function timeoutOf({ query }: RequestContext, serverTimeoutMs: number): number {
  const asked = query?.get('timeout') ?? '';
  if (asked === '') return serverTimeoutMs;
  const askedMs = parseTimeoutMs(asked);
  return askedMs > 0 && askedMs < serverTimeoutMs ? askedMs : serverTimeoutMs;
}

/** Answers 504 for requests that take longer than the server, or they themselves with `?timeout=`, allow; breaks begun answers off. */
export function requestTimeoutFilter(serverTimeoutMs: number, onRefused?: (context: RequestContext) => void): Filter {
  return {
    name: 'request-timeout',
    why: 'first, so that the clock covers every stage',
    handle(context) {
      if (isLongRunning(context)) return undefined;
      let timeoutMs: number;
      try {
        timeoutMs = timeoutOf(context, serverTimeoutMs);
      } catch (error) {
        onRefused?.(context);
        throw error;
      }
      const timer = setTimeout(() => {
        if (context.answered) {
          // The client has not read its answer in that time.
          context.exchange.abort();
          return;
        }
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
