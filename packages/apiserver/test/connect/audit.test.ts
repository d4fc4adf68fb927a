/** What the audit log has of connections: two stages with the status that the client saw, or 101 for those that were handed over. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLogger, logBackend, parsePolicy } from '@k/audit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CORE, useConnectingServer } from '../support/connecting-server.js';
import { ownAddress } from '../support/kubelet.js';

const dir = mkdtempSync(join(tmpdir(), 'k-audited-'));
const path = join(dir, 'audit.log');
const backend = logBackend({ path, maxSizeMb: 0 });
const rules = [{ level: 'Metadata', omitStages: ['RequestReceived'] }];
const audit = new AuditLogger(backend, parsePolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
const parts = useConnectingServer({ audit });
const SPDY = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };
let pod = '';

beforeAll(async () => {
  const containers = [{ name: 'c', image: 'i', ports: [{ containerPort: parts.pods.port }] }];
  pod = await parts.pod({ nodeName: await parts.node(), containers }, ownAddress());
});
afterAll(async () => {
  await backend.close();
  rmSync(dir, { recursive: true });
});

interface LoggedEvent {
  stage: string;
  verb: string;
  requestURI: string;
  responseStatus: { code: number };
}

/** Stages, verbs and statuses of the requests for a path, once the last is complete. */
async function stages(url: string): Promise<unknown[]> {
  const read = (): LoggedEvent[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedEvent)
      .filter(({ requestURI }) => requestURI === url);
  await expect.poll(() => read().at(-1)?.stage, { timeout: 20_000 }).toBe('ResponseComplete');
  return read().map(({ stage, verb, responseStatus }) => [stage, verb, responseStatus.code]);
}
const both = (verb: string, code: number): unknown[] => [
  ['ResponseStarted', verb, code],
  ['ResponseComplete', verb, code],
];

it('logs', async () => {
  parts.kubelet.answers.set(`/containerLogs/default/${pod}/c`, (_request, response) => void response.end('line'));
  const url = `${CORE}/pods/${pod}/log`;
  await parts.requests.send(`GET ${url}`);
  expect(await stages(url)).toEqual(both('get', 200));
});

it('exec, until its connection ends', async () => {
  const url = `${CORE}/pods/${pod}/exec?command=ls`;
  const { socket } = await parts.upgrade('POST', url, SPDY);
  socket?.destroy();
  expect(await stages(url)).toEqual(both('create', 101));
});

it('exec that the kubelet refuses', async () => {
  parts.kubelet.upgradeStatus = '401 Unauthorized';
  const url = `${CORE}/pods/${pod}/exec?command=refused`;
  expect((await parts.upgrade('POST', url, SPDY)).status).toBe(401);
  parts.kubelet.upgradeStatus = undefined;
  expect(await stages(url)).toEqual(both('create', 101));
});

it('proxies', async () => {
  const url = `${CORE}/pods/${pod}/proxy/x`;
  await parts.requests.send(`DELETE ${url}`);
  expect(await stages(url)).toEqual(both('delete', 404));
});

it('clients that give up while the kubelet does not answer', async () => {
  const asked = new Promise<ServerResponse>((resolve) => {
    parts.kubelet.answers.set(`/containerLogs/default/${pod}/c`, (_request, response) => resolve(response));
  });
  const url = `${CORE}/pods/${pod}/log?tailLines=7`;
  const call = parts.open('GET', url);
  const response = await asked;
  const givenUp = once(response, 'close');
  call.destroy();
  await givenUp;
  expect(await stages(url)).toEqual(both('get', 200));
});
