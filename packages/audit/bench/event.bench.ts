/**
 * What one Metadata event costs, from the request to the file, beside JSON.stringify on the same file and with
 * writeSync in place of sonic-boom, in one run.
 *
 *     npx tsx --conditions=@k/source bench/event.bench.ts
 *
 * Ends with 1 when an event costs more than 10 µs of CPU.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditBackend, type AuditEvent, AuditLogger, formatEvent, logBackend, microTime } from '../src/index.js';
import { CLUSTER_POLICY } from './cluster-policy.js';

const MICROS_MAX = 10;
const CALLS = 10_000;
const ROUNDS = 15;
const dir = mkdtempSync(join(tmpdir(), 'audit-bench-'));
const fd = openSync(join(dir, 'direct.log'), 'a');
const log = logBackend({ path: join(dir, 'audit.log'), maxSizeMb: 0 });
const backend = (name: string, write: (event: AuditEvent) => unknown): AuditBackend => ({
  name,
  process: (events) => {
    for (const event of events) write(event);
    return true;
  },
  close: async () => {},
});
const stringify = ({ requestReceivedMicros, stageMicros, ...event }: AuditEvent): string =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    ...event,
    requestReceivedTimestamp: microTime(requestReceivedMicros),
    stageTimestamp: microTime(stageMicros),
  });
const backends: [string, AuditBackend][] = [
  ['log backend (sonic-boom)', log],
  ['own format, writeSync', backend('direct', (event) => writeSync(fd, `${formatEvent(event)}\n`))],
  ['JSON.stringify, writeSync', backend('stringify', (event) => writeSync(fd, `${stringify(event)}\n`))],
  ['own format, not written', backend('none', (event) => formatEvent(event))],
];

function one(logger: AuditLogger): void {
  const auditor = logger.begin({
    attributes: {
      user: { username: 'alice', groups: ['dev', 'system:authenticated'] },
      verb: 'get',
      isResourceRequest: true,
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'secrets',
      subresource: '',
      namespace: 'default',
      name: 'password',
      path: '/api/v1/namespaces/default/secrets/password',
    },
    uri: '/api/v1/namespaces/default/secrets/password',
    user: { username: 'alice', groups: ['dev', 'system:authenticated'] },
    headers: { 'user-agent': 'kubectl/v1.36.2 (linux/amd64) kubernetes/abcdef' },
    remoteAddress: '::ffff:10.0.0.1',
  });
  auditor?.emit('RequestReceived');
  auditor?.addAnnotation('authorization.k8s.io/decision', 'allow');
  auditor?.addAnnotation('authorization.k8s.io/reason', 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "alice"');
  auditor?.setResponseStatus(200);
  auditor?.complete();
}

const loggers = backends.map(([, sink]) => new AuditLogger(sink, CLUSTER_POLICY));
const best = loggers.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < ROUNDS; round++) {
  loggers.forEach((logger, i) => {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call++) one(logger);
    const { user, system } = process.cpuUsage(before);
    best[i] = Math.min(best[i] as number, (user + system) / CALLS);
  });
}
console.log('µs of CPU per Metadata event, policy and all');
backends.forEach(([name], i) => void console.log(`  ${name.padEnd(28)}${(best[i] as number).toFixed(1)}`));
await log.close();
closeSync(fd);
rmSync(dir, { recursive: true });
if ((best[0] as number) > MICROS_MAX) process.exitCode = 1;
