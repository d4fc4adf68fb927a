/** The audit log of the server as a process: both backends at once, the end, logrotate, a receiver that is down. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, configMap, MAPS, TOKENS } from './http-client.js';
import { selfSigned } from './self-signed.js';
import { ServerProcess } from './server-process.js';

const POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: None
    nonResourceURLs: ["*"]
  - level: Metadata
    users: [admin]
    resources: [{group: "", resources: [configmaps]}]
`;

interface Event {
  auditID: string;
  stage: string;
  verb: string;
}

let receiver: Server;
let kubeconfig = '';
const received: { url: string | undefined; items: Event[] }[] = [];
const started: ServerProcess[] = [];

beforeAll(async () => {
  const pair = await selfSigned();
  receiver = createServer(pair, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push({ url: request.url, items: (JSON.parse(text) as { items: Event[] }).items });
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const cluster = {
    server: `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`,
    'certificate-authority-data': Buffer.from(pair.cert).toString('base64'),
  };
  const named = (part: string, value: object) => [{ name: 'x', [part]: value }];
  kubeconfig = JSON.stringify({
    'current-context': 'x',
    clusters: named('cluster', cluster),
    contexts: named('context', { cluster: 'x', user: 'x' }),
    users: named('user', {}),
  });
});
afterAll(() => receiver.close());
afterEach(async () => {
  received.length = 0;
  for (const server of started.splice(0)) await server.dispose();
});

async function start(...flags: string[]): Promise<ServerProcess> {
  const server = new ServerProcess((dir) => {
    writeFileSync(join(dir, 'tokens.csv'), TOKENS);
    writeFileSync(join(dir, 'policy.yaml'), POLICY);
    writeFileSync(join(dir, 'webhook.kubeconfig'), kubeconfig);
    return [
      ...['--token-auth-file', join(dir, 'tokens.csv'), '--audit-policy-file', join(dir, 'policy.yaml')],
      ...flags.map((flag) => flag.replace('DIR', dir)),
    ];
  });
  started.push(server);
  await server.start();
  return server;
}

describe('the audit log', () => {
  it('goes to the file and to the webhook, and SIGTERM loses none of it', async () => {
    const server = await start(
      '--audit-log-path=DIR/logs/audit.log',
      '--audit-webhook-config-file=DIR/webhook.kubeconfig',
      '--audit-webhook-batch-max-wait=1h',
    );
    for (let i = 0; i < 30; i++) await call(server, 'POST', MAPS, { body: configMap(`m${i}`, 'v') });
    expect(received).toEqual([]);
    expect(await server.end('SIGTERM')).toBe(0);
    const logged = server.jsonLines('logs/audit.log') as unknown as Event[];
    expect(logged.length).toBe(60);
    expect(new Set(logged.map(({ stage, verb }) => `${verb} ${stage}`))).toEqual(
      new Set(['create RequestReceived', 'create ResponseComplete']),
    );
    expect(received.map(({ url }) => url)).toEqual(['/events?timeout=30s']);
    const plain = ({ kind: _kind, apiVersion: _version, ...event }: Event & { kind?: string; apiVersion?: string }): object => event;
    expect(received.flatMap(({ items }) => items)).toEqual(logged.map(plain));
  });

  it('goes on in a new file after SIGHUP', async () => {
    const server = await start('--audit-log-path=DIR/audit.log', '--audit-log-maxsize=0');
    const path = join(server.dir, 'audit.log');
    const verbs = (file: string): string[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as Event).verb);
    await call(server, 'POST', MAPS, { body: configMap('a', 'v') });
    await expect.poll(() => verbs(path).length, { timeout: 20_000 }).toBe(2);
    renameSync(path, `${path}.1`);
    server.signal('SIGHUP');
    await expect.poll(() => existsSync(path), { timeout: 20_000 }).toBe(true);
    await expect
      .poll(
        async () => {
          await call(server, 'GET', `${MAPS}/a`);
          return verbs(path).includes('get');
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(verbs(`${path}.1`).slice(0, 2)).toEqual(['create', 'create']);
  });

  it('refuses requests in mode blocking-strict when the receiver is down, counts them and says so', async () => {
    const server = await start(
      '--audit-webhook-config-file=DIR/webhook.kubeconfig',
      '--audit-webhook-mode=blocking-strict',
      '--audit-webhook-batch-initial-backoff=10ms',
    );
    expect((await call(server, 'POST', MAPS, { body: configMap('a', 'v') })).status).toBe(201);
    await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
    const { port } = receiver.address() as AddressInfo;
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    const refused = await call(server, 'GET', `${MAPS}/a`);
    expect([refused.status, refused.text]).toEqual([500, `Internal Server Error: "${MAPS}/a": failed to store audit event\n`]);
    const { text } = await call(server, 'GET', '/metrics');
    expect(text).toMatch(/^apiserver_audit_requests_rejected_total 1$/m);
    expect(text).toMatch(/^apiserver_audit_error_total\{plugin="webhook"\} 1$/m);
    const said = `${server.stderr}${server.stdout}`;
    expect(said).toContain("Error in audit plugin 'webhook' affecting 1 audit events: Post \\\"https://127.0.0.1:");
    expect(said).toContain('Impacted events:');
    expect(said).toContain('"err":{"type":"AuditWebhookError"');
    await new Promise<void>((resolve) => receiver.listen(port, '127.0.0.1', resolve));
    expect((await call(server, 'GET', `${MAPS}/a`)).status).toBe(200);
  });
});
