/** exec, attach and port-forward: what kubelets are asked, and connections that go on with another protocol. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { CORE, ConnectingServer, nodeStatus, type Upgraded, useConnectingServer } from '../support/connecting-server.js';
import type { Seen } from '../support/kubelet.js';

const users = [
  { token: 'reader-token', username: 'reader' },
  { token: 'runner-token', username: 'runner' },
];
const parts = useConnectingServer({ users });
const { requests } = parts;
const SPDY = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };
const last = (): Seen => parts.kubelet.seen.at(-1) as Seen;
let pod = '';
let path = '';

beforeAll(async () => {
  pod = await parts.pod({ nodeName: await parts.node() });
  path = `${CORE}/pods/${pod}`;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  for (const [username, verbs] of [
    ['reader', ['get']],
    ['runner', ['get', 'create']],
  ] as const) {
    const rules = [{ apiGroups: [''], resources: ['pods/exec', 'pods/attach', 'pods/portforward'], verbs }];
    await requests.ok(`POST ${rbac}/clusterroles`, { metadata: { name: username }, rules });
    const subjects = [{ kind: 'User', name: username, apiGroup: 'rbac.authorization.k8s.io' }];
    const roleRef = { kind: 'ClusterRole', name: username, apiGroup: 'rbac.authorization.k8s.io' };
    await requests.ok(`POST ${rbac}/clusterrolebindings`, { metadata: { name: username }, subjects, roleRef });
  }
});

/** Everything that comes until the connection ends. */
async function rest({ socket, text }: Upgraded): Promise<string> {
  let all = text;
  socket?.on('data', (chunk: Buffer) => (all += chunk.toString('utf8')));
  if (socket !== null && !socket.destroyed) await once(socket, 'close');
  return all;
}

function open(url: string, protocols: string[], token = parts.server.token): Client {
  // The library refuses names with a slash, which Kubernetes' own have.
  const headers = { authorization: `Bearer ${token}`, 'sec-websocket-protocol': protocols.join(', ') };
  const socket = new WebSocket(`${parts.server.url.replace('https', 'wss')}${url}`, { ca: parts.server.ca, headers }) as Client;
  socket.once('upgrade', ({ headers: answered }) => {
    socket.agreed = answered['sec-websocket-protocol'];
    delete answered['sec-websocket-protocol'];
  });
  return socket;
}

interface Client extends WebSocket {
  /** The protocol that the server has chosen. */
  agreed?: string | undefined;
}

/** Status and body with which a WebSocket is refused. */
async function refusal(socket: WebSocket): Promise<[status: number, text: string]> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return [response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')];
}

describe('SPDY', () => {
  it.each([
    [
      'exec?command=ls&command=-l%20a&stdin=true&stdout=1&stderr=true&tty=false&container=c',
      '/exec/default/POD/c?command=ls&command=-l+a&error=1&input=1&output=1',
    ],
    ['attach?stdin&tty=true', '/attach/default/POD/c?input=1&tty=1'],
    ['portforward?ports=80&ports=443', '/portForward/default/POD?port=80%2C443'],
    ['portforward', '/portForward/default/POD'],
  ])('%s is passed through', async (asked, sent) => {
    const answer = await parts.upgrade('POST', `${path}/${asked}`, SPDY);
    expect([answer.status, answer.headers['upgrade'], answer.headers['x-stream-protocol-version']]).toEqual([
      101,
      'SPDY/3.1',
      'v4.channel.k8s.io',
    ]);
    const { method, url, client, headers } = last();
    expect([method, url, client]).toEqual(['POST', sent.replace('POD', pod), 'kube-apiserver']);
    expect([headers.authorization, headers['x-forwarded-for'], headers['x-forwarded-uri']]).toEqual([undefined, '127.0.0.1', undefined]);
    answer.socket?.write('bytes ');
    answer.socket?.write('bye');
    expect(await rest(answer)).toMatch(/^hello (BYTES )?BYE$/);
  });

  it('ends on both sides when the client goes', async () => {
    const { socket } = await parts.upgrade('POST', `${path}/exec`, SPDY);
    const open = [...parts.kubelet.sockets].at(-1) as NonNullable<typeof socket>;
    const closed = once(open, 'close');
    socket?.destroy();
    await closed;
  });

  it('is refused as the kubelet refuses it', async () => {
    const { kubelet } = parts;
    kubelet.upgradeStatus = '401 Unauthorized';
    const { status, text } = await parts.upgrade('POST', `${path}/exec`, SPDY);
    kubelet.upgradeStatus = undefined;
    expect([status, text]).toEqual([401, 'Unauthorized']);
  });
});

describe('WebSockets', () => {
  it('are passed through to kubelets that take them', async () => {
    const socket = open(`${path}/exec?command=cat&stdin=true&stdout=true`, ['v5.channel.k8s.io']);
    await once(socket, 'open');
    expect([socket.agreed, last().method, last().url]).toEqual([
      'v5.channel.k8s.io',
      'GET',
      `/exec/default/${pod}/c?command=cat&input=1&output=1`,
    ]);
    socket.send(Buffer.from('\0echo'));
    expect(String((await once(socket, 'message'))[0])).toBe('\0echo');
    socket.close();
    await once(socket, 'close');
  });

  it('are refused as the kubelet refuses them: clients fall back to SPDY', async () => {
    expect(await refusal(open(`${path}/exec?command=cat`, ['v9.channel.k8s.io']))).toEqual([403, 'no protocol that is known here']);
  });

  it('do not tell kubelets the token that stands among their protocols', async () => {
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('reader-token').toString('base64url')}`;
    const socket = open(`${path}/attach`, [token, 'v4.channel.k8s.io']);
    await once(socket, 'open');
    expect(last().headers['sec-websocket-protocol']).toBe('v4.channel.k8s.io');
    socket.terminate();
  });

  it.each([['exec'], ['attach'], ['portforward']])('for %s need the right to create', async (subresource) => {
    const [status, text] = await refusal(open(`${path}/${subresource}`, ['v4.channel.k8s.io'], 'reader-token'));
    const { reason, message, details } = JSON.parse(text) as Record<string, unknown>;
    expect([status, reason, details]).toEqual([403, 'Forbidden', { name: pod, kind: 'pods' }]);
    expect(message).toBe(`pods "${pod}" is forbidden: `);
    const allowed = open(`${path}/${subresource}`, ['v4.channel.k8s.io'], 'runner-token');
    await once(allowed, 'open');
    allowed.terminate();
  });
});

describe('port-forwards in a WebSocket', () => {
  const TUNNEL = 'SPDY/3.1+portforward.k8s.io';

  it('are taken out of it for kubelets that know SPDY alone', async () => {
    const socket = open(`${path}/portforward`, [TUNNEL]);
    const first = once(socket, 'message');
    await once(socket, 'open');
    const { method, url, headers } = last();
    expect([socket.agreed, method, url]).toEqual([TUNNEL, 'POST', `/portForward/default/${pod}`]);
    expect([
      headers.upgrade,
      headers['x-stream-protocol-version'],
      headers['sec-websocket-key'],
      headers['sec-websocket-protocol'],
    ]).toEqual(['SPDY/3.1', 'portforward.k8s.io', undefined, undefined]);
    expect(String((await first)[0])).toBe('hello ');
    socket.send(Buffer.from('bytes'));
    const [data, isBinary] = await once(socket, 'message');
    expect([String(data), isBinary]).toEqual(['BYTES', true]);
    socket.send(Buffer.from('bye'));
    await once(socket, 'close');
  });

  it('end on the other side when the client goes', async () => {
    const socket = open(`${path}/portforward`, [TUNNEL]);
    await once(socket, 'open');
    const closed = once([...parts.kubelet.sockets].at(-1) as NonNullable<Upgraded['socket']>, 'close');
    socket.terminate();
    await closed;
  });

  it('are passed through to kubelets that take WebSockets', async () => {
    const { port } = parts.kubelet;
    const node = await parts.node(nodeStatus(port, [['Hostname', 'localhost']], { declaredFeatures: ['ExtendWebSocketsToKubelet'] }));
    parts.kubelet.webSocketProtocols.push(TUNNEL);
    const socket = open(`${CORE}/pods/${await parts.pod({ nodeName: node })}/portforward`, [TUNNEL]);
    await once(socket, 'open');
    expect([socket.agreed, last().method, last().headers.upgrade]).toEqual([TUNNEL, 'GET', 'websocket']);
    socket.terminate();
  });

  it('must carry a protocol of Kubernetes', async () => {
    expect(await refusal(open(`${path}/portforward`, ['SPDY/3.1+x']))).toEqual([
      400,
      'unable to upgrade: no tunneling spdy protocols provided\n',
    ]);
  });
});

describe('refusals', () => {
  const ask = async (url: string, method = 'POST', headers: Record<string, string> = SPDY): Promise<unknown[]> => {
    const { status, text } = await parts.upgrade(method, url, headers);
    const { reason, message } = JSON.parse(text) as Record<string, unknown>;
    return [status, reason, message];
  };

  it('of kubelets that are not there', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const name = await parts.pod({ nodeName: await parts.node(nodeStatus(port, [['InternalIP', '127.0.0.1']])) });
    expect(await ask(`${CORE}/pods/${name}/exec`)).toEqual([
      500,
      undefined,
      `error dialing backend: dial tcp 127.0.0.1:${port}: connect: connection refused`,
    ]);
  });

  it('of kubelets that go on as if they had not been asked', async () => {
    parts.kubelet.upgradeStatus = '200 OK';
    expect(await ask(`${path}/exec`)).toEqual([500, undefined, 'invalid upgrade response: status code 200']);
    parts.kubelet.upgradeStatus = undefined;
  });

  it('of what is only tried, and of what cannot be', async () => {
    expect(await ask(`${path}/exec?dryRun=All`)).toEqual([400, 'BadRequest', 'dryRun is not supported']);
    expect(await ask(`${path}/portforward?ports=x`)).toEqual([400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax']);
    expect(await ask(`${path}/exec?container=x`)).toEqual([400, 'BadRequest', `container x is not valid for pod ${pod}`]);
    expect(await requests.refusal(`POST ${path}/exec`)).toEqual([400, 'BadRequest', 'Upgrade request required']);
  });

  it('of admission, which sees the options', async () => {
    const v1 = '/apis/admissionregistration.k8s.io/v1';
    const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec'] };
    const validations = [
      {
        expression: "!object.command.exists(word, word == 'rm')",
        messageExpression: "'not ' + object.command[0] + ' in ' + object.container",
      },
    ];
    const spec = { failurePolicy: 'Fail', matchConstraints: { resourceRules: [rule] }, validations };
    await requests.ok(`POST ${v1}/validatingadmissionpolicies`, { metadata: { name: 'exec' }, spec });
    await requests.ok(`POST ${v1}/validatingadmissionpolicybindings`, {
      metadata: { name: 'exec' },
      spec: { policyName: 'exec', validationActions: ['Deny'] },
    });
    const denied = `pods "${pod}" is forbidden: ValidatingAdmissionPolicy 'exec' with binding 'exec' denied request: not rm in c`;
    await expect.poll(() => ask(`${path}/exec?command=rm&container=c`), { timeout: 20_000 }).toEqual([422, 'Invalid', denied]);
    const { status, socket } = await parts.upgrade('POST', `${path}/exec?command=ls&container=c`, SPDY);
    expect(status).toBe(101);
    socket?.destroy();
  });
});

describe('the end of the server', () => {
  it('ends connections', async () => {
    const own = new ConnectingServer();
    await own.start({});
    const name = await own.pod({ nodeName: await own.node() });
    const stream = await own.upgrade('POST', `${CORE}/pods/${name}/exec`, SPDY);
    own.kubelet.answers.set(`/containerLogs/default/${name}/c`, (_request, response) => void response.write('line'));
    const log = own.requests.send(`GET ${CORE}/pods/${name}/log?follow`);
    await expect.poll(() => own.kubelet.seen.at(-1)?.url, { timeout: 20_000 }).toContain('/containerLogs/');
    await own.server.server.close();
    expect(await rest(stream)).toBe('hello ');
    expect((await log).text).toBe('line');
    await own.stop();
  });
});

describe('requests that ask for another protocol in vain', () => {
  it('are served as if they had not, with their body', async () => {
    const data = { text: 'x'.repeat(300_000) };
    const body = JSON.stringify({ metadata: { name: 'upgraded' }, data });
    const headers = { upgrade: 'h2c', 'content-type': 'application/json', 'content-length': String(body.length) };
    const { status, text } = await parts.upgrade('POST', `${CORE}/configmaps`, headers, body);
    expect([status, (JSON.parse(text) as { data: object }).data]).toEqual([201, data]);
  });
});
