/** Audit logs for Express. */
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { AuditLogger } from '../logger.js';
import { type AdapterOptions, type AuditedExchange, auditExchange, isFault } from './audited-response.js';

export type { AdapterOptions } from './audited-response.js';

/**
 * Two pieces: `requests` goes before body parsers and routes (behind authentication, for `user` to see who asks),
 * `errors` behind the routes: it logs faults as Panic and passes them on.
 */
export function expressAudit(
  logger: AuditLogger,
  options: AdapterOptions<Request> = {},
): { requests: RequestHandler; errors: ErrorRequestHandler } {
  const exchanges = new WeakMap<object, AuditedExchange>();
  return {
    requests(request, response, next) {
      auditExchange(logger, options, { request, message: request, response }).then((exchange) => {
        exchanges.set(request, exchange);
        if (exchange.isAccepted) next();
      }, next);
    },
    errors(error, request, _response, next) {
      if (isFault(error)) exchanges.get(request)?.panic(error);
      next(error);
    },
  };
}
