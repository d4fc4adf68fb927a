import { AuditLogger, logBackend, parsePolicy } from '@k/audit';

const policy = parsePolicy(`
  apiVersion: audit.k8s.io/v1
  kind: Policy
  omitStages: [RequestReceived]
  rules:
    - level: None
      users: [system:kube-proxy]
    - level: Metadata
      resources: [{group: "", resources: [secrets]}]
    - level: Request
      verbs: [create, update, patch, delete]
`);
const audit = new AuditLogger(logBackend({ path: 'audit.log', maxSizeMb: 100, maxBackups: 10, compress: true }), policy);

const request = {
  uri: '/api/v1/namespaces/shop/secrets',
  verb: 'POST',
  user: { username: 'alice', groups: ['clerks'] },
  requestObject: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'card' }, data: { number: 'NDI=' } },
};
const auditId = await audit.logRequest(request);
await audit.logResponse({ ...request, auditId, status: 201 });
await audit.close();
