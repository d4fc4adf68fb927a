import { createServer } from 'node:http';
import { AuditLogger, FileAuditBackend } from '@k/audit';
import { withAudit } from '@k/audit/node-http';

const audit = new AuditLogger(await FileAuditBackend.open('audit.log'), { level: 'Metadata' });
const server = createServer(withAudit(audit, (_request, response) => response.end('hello\n')));
server.listen(Number(process.env['PORT'] ?? 8080));
process.once('SIGTERM', () => server.close(() => audit.close()));
