/** Webhooks that decide who a caller is and what they may do: the server as a process, a real HTTPS service. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, configMap, MAPS, TOKENS } from './http-client.js';
import { selfSigned } from './self-signed.js';
import { ServerProcess } from './server-process.js';

interface Review {
  kind: string;
  apiVersion: string;
  spec: {
    token?: string;
    user?: string;
    groups?: string[];
    resourceAttributes?: { verb?: string; resource?: string; name?: string };
  };
}

let service: Server;
let ca = '';
const received: { path: string; review: Review }[] = [];
const started: ServerProcess[] = [];

/** Tokens `user-NAME` are NAME's; `/allow` allows, `/deny` denies what is called `secret`, `/broken` fails. */
function statusOf(path: string, { kind, spec }: Review): object {
  if (kind === 'TokenReview') {
    const username = /^user-(.+)$/.exec(spec.token ?? '')?.[1];
    return username === undefined ? { authenticated: false } : { authenticated: true, user: { username, groups: ['people'] } };
  }
  if (path === '/deny') return { allowed: false, denied: spec.resourceAttributes?.name === 'secret', reason: 'not yours' };
  return { allowed: path === '/allow' };
}

beforeAll(async () => {
  const pair = await selfSigned();
  ca = pair.cert;
  service = createServer(pair, (request, response) => {
    void (async () => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      const review = (await json(request)) as Review;
      received.push({ path, review });
      if (path === '/broken') response.writeHead(404).end();
      else response.end(JSON.stringify({ ...review, status: statusOf(path, review) }));
    })();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  service.closeAllConnections();
  service.close();
});
afterEach(async () => {
  received.length = 0;
  for (const server of started.splice(0)) await server.dispose();
});

/** Starts a server; `DIR` in flags and files is its folder, and `DIR/NAME.kubeconfig` leads to `/NAME`. */
async function start(flags: readonly string[], files: Record<string, object> = {}): Promise<ServerProcess> {
  const server = new ServerProcess((dir) => {
    writeFileSync(join(dir, 'tokens.csv'), TOKENS);
    for (const name of ['allow', 'deny', 'broken', 'token']) writeFileSync(join(dir, `${name}.kubeconfig`), kubeconfig(name));
    for (const [name, file] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(file).replaceAll('DIR', dir));
    return ['--token-auth-file', join(dir, 'tokens.csv'), ...flags.map((flag) => flag.replace('DIR', dir))];
  });
  started.push(server);
  await server.start();
  return server;
}

function kubeconfig(name: string): string {
  const { port } = service.address() as AddressInfo;
  const cluster = { server: `https://127.0.0.1:${port}/${name}`, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    'current-context': 'x',
    clusters: [{ name: 'x', cluster }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    users: [{ name: 'x', user: {} }],
  });
}

const asked = (kind: string) => received.filter(({ review }) => review.kind === kind);
const TOKEN_FLAGS = ['--authentication-token-webhook-config-file=DIR/token.kubeconfig', '--authentication-token-webhook-version=v1'];

describe('mode Webhook by flags', () => {
  it('lets the service decide what RBAC has no opinion about, and the token service say who asks', async () => {
    const server = await start([
      ...TOKEN_FLAGS,
      '--authorization-mode=RBAC,Webhook',
      '--authorization-webhook-config-file=DIR/allow.kubeconfig',
    ]);
    expect((await call(server, 'POST', MAPS, { body: configMap('a', '1'), token: 'user-jane' })).status).toBe(201);
    expect((await call(server, 'GET', `${MAPS}/a`, { token: 'user-jane' })).status).toBe(200);
    expect((await call(server, 'GET', `${MAPS}/a`, { token: 'unknown' })).status).toBe(401);
    expect((await call(server, 'GET', `${MAPS}/a`)).status).toBe(200);
    expect(asked('TokenReview').map(({ review }) => [review.apiVersion, review.spec.token])).toEqual([
      ['authentication.k8s.io/v1', 'user-jane'],
      ['authentication.k8s.io/v1', 'unknown'],
    ]);
    const questions = asked('SubjectAccessReview');
    expect(questions.map(({ path, review }) => [path, review.apiVersion, review.spec.user, review.spec.resourceAttributes?.verb])).toEqual([
      ['/allow', 'authorization.k8s.io/v1beta1', 'jane', 'create'],
      ['/allow', 'authorization.k8s.io/v1beta1', 'jane', 'get'],
    ]);
  });

  it('never sends the tokens of service accounts to the token service, and shows it the others in a TokenReview', async () => {
    const server = await start(TOKEN_FLAGS);
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    await expect.poll(async () => (await call(server, 'GET', '/api/v1/namespaces/default/serviceaccounts/default')).status).toBe(200);
    const made = await call(server, 'POST', path, { body: { spec: { expirationSeconds: 3600 } } });
    const { token } = made.body['status'] as { token: string };
    expect((await call(server, 'GET', '/version', { token })).status).toBe(200);
    const reviewed = async (text: string) =>
      (await call(server, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token: text } } })).body['status'];
    expect(await reviewed(token)).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:default:default' } });
    expect(asked('TokenReview')).toEqual([]);
    expect(await reviewed('user-joe')).toMatchObject({
      authenticated: true,
      user: { username: 'joe', groups: ['people', 'system:authenticated'] },
    });
  });
});

describe('an AuthorizationConfiguration', () => {
  const webhook = (name: string, more: object = {}): object => ({
    type: 'Webhook',
    name,
    webhook: {
      timeout: '3s',
      subjectAccessReviewVersion: 'v1',
      failurePolicy: 'Deny',
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: `DIR/${name}.kubeconfig` },
      ...more,
    },
  });
  const conditions = (...expressions: string[]): object => ({
    matchConditionSubjectAccessReviewVersion: 'v1',
    matchConditions: expressions.map((expression) => ({ expression })),
  });
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers: [
      webhook('deny', conditions('has(request.resourceAttributes)', "request.resourceAttributes.resource == 'configmaps'")),
      { type: 'RBAC', name: 'rbac' },
      webhook('broken', conditions("request.user == 'unlucky'")),
      webhook('allow', conditions("!('system:unauthenticated' in request.groups)")),
    ],
  };

  it('asks several services in order, each what it wants to be asked', async () => {
    const server = await start([...TOKEN_FLAGS, '--authorization-config=DIR/authorization.json'], { 'authorization.json': configuration });
    const paths = (): string[] => asked('SubjectAccessReview').map(({ path }) => path);
    const get = async (path: string, token: string) => {
      received.length = 0;
      const { status, text, body } = await call(server, 'GET', path, { token });
      return [status, (body['message'] as string | undefined) ?? text, paths()];
    };
    expect(await get(`${MAPS}/secret`, 'user-jane')).toEqual([
      403,
      'configmaps "secret" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "default": not yours',
      ['/deny'],
    ]);
    expect(await get(`${MAPS}/other`, 'user-jane')).toEqual([404, 'configmaps "other" not found', ['/deny', '/allow']]);
    expect(await get('/api/v1/namespaces/default/pods/p', 'user-jane')).toEqual([404, 'pods "p" not found', ['/allow']]);
    expect(await get('/api/v1/namespaces/default/pods/p', 'user-unlucky')).toEqual([
      500,
      'Internal Server Error: "/api/v1/namespaces/default/pods/p": the server could not find the requested resource\n',
      ['/broken'],
    ]);
    expect((await get('/api/v1/namespaces/default/pods/p', ''))[0]).toBe(403);
    expect(paths()).toEqual([]);
    expect((await call(server, 'GET', `${MAPS}/secret`)).status).toBe(404);
  });
});
