/** Audit logs for servers of node:http. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AuditLogger } from '../logger.js';
import { type AdapterOptions, type AuditedExchange, auditExchange } from './audited-response.js';

export type { AdapterOptions } from './audited-response.js';

/** A handler under audit. What it throws is logged as a Panic and answered with a bare 500; so is what the options throw, without an event. */
export function withAudit(
  logger: AuditLogger,
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: AdapterOptions<IncomingMessage> = {},
): RequestListener {
  return (request, response) => {
    void (async () => {
      let exchange: AuditedExchange | null = null;
      try {
        exchange = await auditExchange(logger, options, { request, message: request, response });
        if (exchange.isAccepted) await handler(request, response);
      } catch (error) {
        exchange?.panic(error);
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('Internal Server Error\n');
      }
    })();
  };
}
