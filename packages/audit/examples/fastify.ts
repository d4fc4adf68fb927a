import { AuditLogger, FileAuditBackend } from '@k/audit';
import { fastifyAudit } from '@k/audit/fastify';
import fastify from 'fastify';

const logger = new AuditLogger(await FileAuditBackend.open('audit.log'), { level: 'Request' });
const app = fastify();
fastifyAudit(app, logger, { user: ({ headers }) => ({ username: String(headers['x-user'] ?? 'nobody') }) });
app.put('/orders/:id', async ({ params }) => params);
app.addHook('onClose', () => logger.close());
await app.listen({ port: Number(process.env['PORT'] ?? 8080) });
process.once('SIGTERM', () => app.close());
