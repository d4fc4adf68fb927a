/** Audit logs for Fastify. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditLogger } from '../logger.js';
import { type AdapterOptions, type AuditedExchange, auditExchange, isFault } from './audited-response.js';

export type { AdapterOptions } from './audited-response.js';

/** Adds the audit to an instance: its routes and those of its children from here on. Register hooks that authenticate before. */
export function fastifyAudit(app: FastifyInstance, logger: AuditLogger, options: AdapterOptions<FastifyRequest> = {}): void {
  const exchanges = new WeakMap<object, AuditedExchange>();
  app.addHook('onRequest', async (request, reply) => {
    const exchange = await auditExchange(logger, options, { request, message: request.raw, response: reply.raw });
    exchanges.set(request, exchange);
    if (!exchange.isAccepted) reply.hijack();
  });
  app.addHook('onError', async (request, _reply, error) => {
    if (isFault(error)) exchanges.get(request)?.panic(error);
  });
}
