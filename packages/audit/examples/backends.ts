import { AuditLogger, bufferedBackend, failureText, logBackend, truncateBackend, unionBackend, webhookBackend } from '@k/audit';

const onError = (failure: Parameters<typeof failureText>[0]): void => console.error(failureText(failure));
const log = logBackend({ path: 'audit.log', onError });
const webhook = webhookBackend({ target: { url: 'https://127.0.0.1:9/events' }, onError });
const inBatches = bufferedBackend(webhook, { maxBatchSize: 400, throttle: { qps: 10, burst: 15 }, onError });
const backend = unionBackend([log, truncateBackend(inBatches, { maxEventBytes: 102_400, onError })]);
console.log(backend.name); // union[log,truncate<buffered<webhook>>]

const audit = new AuditLogger(backend, { level: 'Metadata', logRequests: false });
const request = { uri: '/api/v1/pods', verb: 'GET', user: { username: 'alice' } };
await audit.logResponse({ ...request, auditId: await audit.logRequest(request), status: 200 });
process.on('SIGHUP', () => log.reopen()); // logrotate has moved the file
await audit.close(); // what is held is written out; the webhook gets a last try
