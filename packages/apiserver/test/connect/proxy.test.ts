/** Proxies to pods, services and nodes: where they lead, what is passed on, and what is not. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { CORE, nodeStatus, useConnectingServer } from '../support/connecting-server.js';
import { ownAddress, type Seen } from '../support/kubelet.js';

const parts = useConnectingServer();
const { requests } = parts;
const last = (of: 'pods' | 'kubelet' = 'pods'): Seen => parts[of].seen.at(-1) as Seen;
let pod = '';
let base = '';

beforeAll(async () => {
  const { port } = parts.pods;
  const containers = [
    { name: 'c', image: 'i' },
    { name: 'd', image: 'i', ports: [{ containerPort: port }] },
  ];
  pod = await parts.pod({ containers }, ownAddress());
  base = `${CORE}/pods/${pod}/proxy`;
  parts.pods.answers.set('/echo', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(202, { 'content-type': 'text/x', 'x-own': 'yes', 'access-control-allow-origin': '*', connection: 'close' });
      response.end(`${request.method} ${Buffer.concat(chunks).toString('utf8')}`);
    });
  });
});

describe('requests to pods', () => {
  it.each([['GET'], ['POST'], ['PUT'], ['PATCH'], ['DELETE']])('with %s are passed on with their body', async (method) => {
    const body = method === 'GET' ? undefined : 'text';
    const { status, text, headers } = await requests.send(`${method} ${base}/echo?a=b&a=%20c`, body, { type: 'text/own' });
    expect([status, text, headers['content-type'], headers['x-own']]).toEqual([202, `${method} ${body ?? ''}`, 'text/x', 'yes']);
    expect([headers['access-control-allow-origin'], typeof headers['audit-id']]).toEqual([undefined, 'string']);
    const seen = last();
    expect([seen.url, seen.headers['content-type'], seen.headers.authorization]).toEqual(['/echo?a=b&a=%20c', 'text/own', undefined]);
    expect([seen.headers['x-forwarded-for'], seen.headers['x-forwarded-uri'], seen.headers.host]).toEqual([
      '127.0.0.1',
      `${base}/echo`,
      new URL(parts.server.url).host,
    ]);
  });

  it('with HEAD and OPTIONS reach them too', async () => {
    const head = await requests.send(`HEAD ${base}/echo`);
    expect([head.status, head.text, last().method]).toEqual([202, '', 'HEAD']);
    const options = await requests.send(`OPTIONS ${base}/echo`);
    expect([options.status, options.text]).toEqual([202, 'OPTIONS ']);
    expect((await requests.send(`HEAD ${CORE}/pods/${pod}`)).status).toBe(405);
  });

  it.each([
    ['/a/b/', '/a/b/'],
    ['/', '/'],
    ['//a//b', '/a/b'],
    ['/a%20b/%C3%A4?x=%2F', '/a%20b/%C3%A4?x=%2F'],
    ["/(a)*'!", '/%28a%29%2A%27%21'],
    ['/a%3Fb', '/a%3Fb'],
  ])('below %s ask for %s', async (asked, sent) => {
    expect((await requests.send(`GET ${base}${asked}`)).text).toBe('404 page not found\n');
    expect(last().url).toBe(sent);
  });

  it('without a path are sent to the one with a slash', async () => {
    const { status, headers, text } = await requests.send(`GET ${base}?a=b`);
    expect([status, headers['location'], text]).toEqual([301, `${base}/?a=b`, '']);
    await requests.send(`POST ${base}?a=b`, 'x');
    expect([last().method, last().url]).toEqual(['POST', '/?a=b']);
  });

  it('name a scheme and a port', async () => {
    const { port } = parts.pods;
    const other = await parts.pod({}, ownAddress());
    expect((await requests.send(`GET ${CORE}/pods/${other}:${port}/proxy/echo`)).status).toBe(202);
    expect((await requests.send(`GET ${CORE}/pods/http:${other}:${port}/proxy/echo`)).status).toBe(202);
    expect((await requests.send(`GET ${CORE}/pods/https:${other}:${parts.kubelet.port}/proxy/echo`)).status).toBe(401);
    expect(await requests.refusal(`GET ${CORE}/pods/${other}:web/proxy/`)).toEqual([
      400,
      'BadRequest',
      `invalid pod request "${other}:web"`,
    ]);
    expect(await requests.refusal(`GET ${CORE}/pods/${other}:99999/proxy/`)).toEqual([
      400,
      'BadRequest',
      `invalid pod request "${other}:99999"`,
    ]);
  });

  it('may go on with another protocol', async () => {
    const { status, socket, text } = await parts.upgrade('GET', `${base}/ws/x?q=1`, { upgrade: 'own' });
    expect([status, last().url, last().headers.upgrade]).toEqual([101, '/ws/x?q=1', 'own']);
    let all = text;
    socket?.on('data', (chunk: Buffer) => (all += chunk.toString('utf8')));
    socket?.write('bye');
    await once(socket as NonNullable<typeof socket>, 'close');
    expect(all).toBe('hello BYE');
  });

  it.each(['127.0.0.1', '169.254.169.254', '224.0.0.1', '::1', 'fe80::1', '0.0.0.0'])('at %s are not allowed', async (ip) => {
    const name = await parts.pod({}, ip);
    expect(await requests.refusal(`GET ${CORE}/pods/${name}:80/proxy/`)).toEqual([400, 'BadRequest', 'address not allowed']);
  });

  it('that do not answer are told so', async () => {
    const gone = createServer().listen(0);
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    expect(await requests.refusal(`GET ${CORE}/pods/${pod}:${port}/proxy/`)).toEqual([
      503,
      'ServiceUnavailable',
      `error trying to reach service: dial tcp ${ownAddress()}:${port}: connect: connection refused`,
    ]);
  });
});

describe('answers that lead elsewhere', () => {
  const behind = (): string => `${ownAddress()}:${parts.pods.port}`;
  it.each([
    ['/there?x#y', () => `${base}/there?x#y`],
    ['/there/', () => `${base}/there/`],
    ['there', () => 'there'],
    ['http://elsewhere/x', () => 'http://elsewhere/x'],
    ['http://BEHIND/x', () => `${base}/x`],
    ['https://ASKED/x', () => `${parts.server.url}${base}/x`],
    ['BASE/x', () => `${base}/x`],
  ])('%s', async (location, expected) => {
    const asked = new URL(parts.server.url).host;
    const sent = location.replace('BEHIND', behind()).replace('ASKED', asked).replace('BASE', base);
    parts.pods.answers.set('/moved', (_request, response) => void response.writeHead(302, { location: sent }).end());
    const { status, headers } = await requests.send(`GET ${base}/moved`);
    expect([status, headers['location']]).toEqual([302, expected()]);
  });
});

describe('requests to services', () => {
  const publish = async (targetRef: object | undefined, ip = ownAddress()): Promise<string> => {
    const name = requests.fresh('service');
    await requests.ok(`POST ${CORE}/services`, {
      metadata: { name },
      spec: {
        ports: [
          { name: 'web', port: 80 },
          { name: 'other', port: 81 },
        ],
      },
    });
    const subsets = [
      { addresses: [{ ip, ...(targetRef === undefined ? {} : { targetRef }) }], ports: [{ name: 'web', port: parts.pods.port }] },
    ];
    await requests.ok(`POST ${CORE}/endpoints`, { metadata: { name }, subsets });
    return name;
  };
  const unavailable = (id: string): unknown[] => [503, 'ServiceUnavailable', `no endpoints available for service "${id}"`];

  it('reach a pod by the name or the number of a port', async () => {
    const name = await publish({ kind: 'Pod', namespace: 'default', name: pod });
    for (const id of [`${name}:web`, `${name}:80`, `http:${name}:web`]) {
      expect((await requests.send(`GET ${CORE}/services/${id}/proxy/echo?a`)).text).toBe('GET ');
      expect(last().url).toBe('/echo?a');
    }
    expect(await requests.refusal(`GET ${CORE}/services/${name}/proxy/`)).toEqual(unavailable(name));
    expect(await requests.refusal(`GET ${CORE}/services/${name}:81/proxy/`)).toEqual(unavailable(`${name}:81`));
  });

  it.each([
    ['names no pod', () => undefined, undefined],
    ['names a pod that is not there', () => ({ kind: 'Pod', namespace: 'default', name: 'gone' }), undefined],
    ['names a pod of another namespace', () => ({ kind: 'Pod', namespace: 'other', name: pod }), undefined],
    ['is not that of the pod', () => ({ kind: 'Pod', namespace: 'default', name: pod }), '203.0.113.9'],
  ])('do not reach an address that %s', async (_why, targetRef, ip) => {
    const name = await publish(targetRef(), ip);
    expect(await requests.refusal(`GET ${CORE}/services/${name}:web/proxy/echo`)).toEqual(unavailable(`${name}:web`));
  });
});

describe('requests to nodes', () => {
  it('reach their kubelet with the certificate of this server, and other ports without', async () => {
    parts.kubelet.answers.set('/metrics', (_request, response) => void response.end('up 1\n'));
    const { port } = parts.kubelet;
    const node = await parts.node(nodeStatus(port, [['InternalIP', ownAddress()]]));
    for (const id of [node, `${node}:${port}`, `http:${node}:${port}`]) {
      expect((await requests.send(`GET /api/v1/nodes/${id}/proxy/metrics`)).text).toBe('up 1\n');
      expect([last('kubelet').client, last('kubelet').url]).toEqual(['kube-apiserver', '/metrics']);
    }
    expect((await requests.send(`GET /api/v1/nodes/${node}:${parts.pods.port}/proxy/echo`)).text).toBe('GET ');
  });

  it('at addresses of this machine alone are not allowed', async () => {
    for (const address of ['127.0.0.1', 'localhost', '::ffff:127.0.0.1']) {
      const node = await parts.node(nodeStatus(1, [['InternalIP', address]]));
      expect(await requests.refusal(`GET /api/v1/nodes/${node}/proxy/metrics`)).toEqual([400, 'BadRequest', 'address not allowed']);
    }
  });
});
