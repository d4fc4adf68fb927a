/** Webhooks that decide who a caller is and what they may do: the server as a process, a real HTTPS service. */
import { describe, expect, it } from 'vitest';
import { call, configMap, MAPS } from './http-client.js';
import { authorizationConfiguration, authorizationWebhook, useReviewService } from './review-service.js';

const { service, start } = await useReviewService();

const asked = (kind: string) => service.received.filter(({ review }) => review.kind === kind);
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
  const conditions = (...expressions: string[]): object => ({
    matchConditionSubjectAccessReviewVersion: 'v1',
    matchConditions: expressions.map((expression) => ({ expression })),
  });
  const configuration = authorizationConfiguration(
    authorizationWebhook('deny', conditions('has(request.resourceAttributes)', "request.resourceAttributes.resource == 'configmaps'")),
    { type: 'RBAC', name: 'rbac' },
    authorizationWebhook('broken', conditions("request.user == 'unlucky'")),
    authorizationWebhook('allow', conditions("!('system:unauthenticated' in request.groups)")),
  );

  it('asks several services in order, each what it wants to be asked', async () => {
    const server = await start([...TOKEN_FLAGS, '--authorization-config=DIR/authorization.json'], { 'authorization.json': configuration });
    const paths = (): string[] => asked('SubjectAccessReview').map(({ path }) => path);
    const get = async (path: string, token: string) => {
      service.received.length = 0;
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
