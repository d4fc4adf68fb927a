/**
 * What one Metadata event costs, from the request to the file, beside pino and JSON.stringify on the same event, in one
 * run, one request after the other: alone in its turn of the event loop, and with others.
 *
 *     npx tsx --conditions=@k/source bench/event.bench.ts
 *
 * CPU of the whole process, garbage collection and kernel included, less what the turn itself costs; the best of several
 * rounds. Checks first that every contender writes the same event. Ends with 1 when an event of the log backend
 * costs more than 10 µs.
 */

import { deepStrictEqual } from 'node:assert';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type AuditBackend, type AuditEvent, AuditLogger, createMicroTime, formatEvent, logBackend } from '../src/index.js';
import { CLUSTER_POLICY } from './cluster-policy.js';

const MICROS_MAX = 10;
const CALLS = 2_048;
const ROUNDS = 80;
const PER_TURN = [1, 8, 32];
const dir = mkdtempSync(join(tmpdir(), 'audit-bench-'));

const time = createMicroTime();
/** The event as an object in upstream's form, for writers that take objects. */
const plain = ({ requestReceivedMicros, stageMicros, annotations, ...event }: AuditEvent): object => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  ...event,
  requestReceivedTimestamp: time(requestReceivedMicros),
  stageTimestamp: time(stageMicros),
  annotations,
});
const backend = (name: string, write: (event: AuditEvent) => unknown): AuditBackend => ({
  name,
  process: (events) => {
    for (const event of events) write(event);
    return true;
  },
  close: async () => {},
});
const fd = openSync(join(dir, 'stringify.log'), 'a');
const logger = pino({ base: null, timestamp: false }, pino.destination({ dest: join(dir, 'pino.log'), sync: true }));
const log = logBackend({ path: join(dir, 'audit.log'), maxSizeMb: 0 });
const contenders: [string, AuditBackend, string | null][] = [
  ['log backend', log, 'audit.log'],
  ['pino, same object', backend('pino', (event) => logger.info(plain(event))), 'pino.log'],
  ['JSON.stringify, writeSync', backend('stringify', (event) => writeSync(fd, `${JSON.stringify(plain(event))}\n`)), 'stringify.log'],
  ['format alone, not written', backend('none', (event) => formatEvent(event, true, time)), null],
];

function one(audit: AuditLogger, auditId?: string): unknown {
  const user = { username: 'alice', groups: ['dev', 'system:authenticated'] };
  const path = '/api/v1/namespaces/default/secrets/password';
  const auditor = audit.begin({
    attributes: {
      user,
      verb: 'get',
      isResourceRequest: true,
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'secrets',
      subresource: '',
      namespace: 'default',
      name: 'password',
      path,
    },
    uri: path,
    user,
    headers: { 'user-agent': 'kubectl/v1.36.2 (linux/amd64) kubernetes/abcdef' },
    remoteAddress: '::ffff:10.0.0.1',
    ...(auditId === undefined ? {} : { auditId }),
  });
  auditor?.emit('RequestReceived');
  auditor?.addAnnotation('authorization.k8s.io/decision', 'allow');
  auditor?.addAnnotation('authorization.k8s.io/reason', 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "alice"');
  auditor?.setResponseStatus(200);
  return auditor?.complete();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const loggers = contenders.map(([, sink]) => new AuditLogger(sink, CLUSTER_POLICY));

for (const audit of loggers) await one(audit, 'same');

const written = contenders.flatMap(([, , file]) => {
  if (file === null) return [];
  const event = JSON.parse(readFileSync(join(dir, file), 'utf8'));
  // What is empty is left out of the log.
  for (const key of Object.keys(event.objectRef)) if (event.objectRef[key] === '') delete event.objectRef[key];
  return [{ ...event, requestReceivedTimestamp: '', stageTimestamp: '' }];
});
for (const event of written) deepStrictEqual(event, written[0]);

/** CPU in µs per call, so many calls a turn. */
async function cost(perTurn: number, call: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i += perTurn) {
    for (let k = 0; k < perTurn; k++) call();
    await turn();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const rows: [string, () => unknown][] = [
  ['the turn itself', () => {}],
  ...contenders.map(([name], i): [string, () => unknown] => [name, () => one(loggers[i] as AuditLogger)]),
];
const best = rows.map(() => PER_TURN.map(() => Number.POSITIVE_INFINITY));
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, [, call]] of rows.entries()) {
    const costs = best[i] as number[];
    for (const [j, perTurn] of PER_TURN.entries()) costs[j] = Math.min(costs[j] as number, await cost(perTurn, call));
  }
}
const [turnCosts = [], ...eventCosts] = best;
const line = (name: string, cells: readonly string[]): void =>
  console.log(`${name.padEnd(48)}${cells.map((cell) => cell.padStart(14)).join('')}`);
line(
  'µs of CPU per Metadata event, policy and all',
  PER_TURN.map((perTurn) => `${perTurn} per turn`),
);
const net = eventCosts.map((costs) => costs.map((micros, j) => micros - (turnCosts[j] as number)));
contenders.forEach(
  ([name], i) =>
    void line(
      `  ${name}`,
      (net[i] as number[]).map((micros) => micros.toFixed(1)),
    ),
);
line(
  '  (the turn itself)',
  turnCosts.map((micros) => micros.toFixed(1)),
);
await log.close();
closeSync(fd);
rmSync(dir, { recursive: true });
if (net[0]?.some((micros) => micros > MICROS_MAX) === true) process.exitCode = 1;
