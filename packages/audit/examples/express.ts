import { AuditLogger, FileAuditBackend } from '@k/audit';
import { expressAudit } from '@k/audit/express';
import express from 'express';

const logger = new AuditLogger(await FileAuditBackend.open('audit.log'), { level: 'RequestResponse' });
const audit = expressAudit(logger, {
  attributes: ({ path }) => ({ isResourceRequest: true, apiGroup: 'shop', resource: 'orders', verb: 'order', path }),
});
const app = express();
app.use(audit.requests, express.json());
app.post('/orders', (request, response) => void response.status(201).json({ ordered: request.body.item }));
app.use(audit.errors);
const server = app.listen(Number(process.env['PORT'] ?? 8080));
process.once('SIGTERM', () => server.close(() => logger.close()));
