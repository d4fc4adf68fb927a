import type { TLSSocket } from 'node:tls';
import { newUnauthorized } from '@k/apimachinery';
import { type AuthenticationResult, type Authenticator, authenticateWith } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';

/** Who asks. A request with bad credentials is a 401, even where anonymous ones are welcome. */
export function authenticationFilter(options: {
  authenticators: readonly Authenticator[];
  /** Whether requests without credentials are taken; paths = those alone. */
  anonymous: boolean | ReadonlySet<string>;
  /** Hears of a refused request before it is answered. */
  onFailure?: (context: RequestContext) => void;
}): Filter {
  const conclude = (context: RequestContext, started: number, result: AuthenticationResult | null): void => {
    context.authenticationMs = performance.now() - started;
    if (result === null) {
      options.onFailure?.(context);
      throw newUnauthorized();
    }
    context.user = result.user;
    for (const text of result.warnings ?? []) context.warnings.add(text);
    if (result.auditAnnotations !== undefined) context.authenticationAnnotations = result.auditAnnotations;
  };
  return {
    name: 'authentication',
    why: 'everything after it depends on who asks',
    handle(context) {
      const started = performance.now();
      const { anonymous } = options;
      const mayBeAnonymous = typeof anonymous === 'boolean' ? anonymous : anonymous.has(context.path);
      const outcome = authenticateWith(options.authenticators, mayBeAnonymous, {
        headers: context.exchange.headers,
        socket: context.exchange.socket as TLSSocket,
        path: context.path,
        source: context.exchange,
      });
      if (outcome instanceof Promise) return outcome.then(({ result }) => conclude(context, started, result));
      return conclude(context, started, outcome.result);
    },
  };
}
