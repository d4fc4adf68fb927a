import { beforeAll, describe, expect, it } from 'vitest';
import { at, type Loose, useServer } from '../support/requests.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const AUTHORIZATION = '/apis/authorization.k8s.io/v1';

const requests = useServer({
  users: [
    { token: 'alice-token', username: 'alice', groups: ['developers'] },
    { token: 'proxy-token', username: 'proxy' },
  ],
});

beforeAll(async () => {
  const rules = [
    { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['carol'] },
    { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['dev'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], verbs: ['impersonate'], resourceNames: ['view'] },
  ];
  await requests.ok(`POST ${RBAC}/clusterroles`, { metadata: { name: 'impersonator' }, rules });
  await requests.ok(`POST ${RBAC}/clusterrolebindings`, {
    metadata: { name: 'impersonator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'impersonator' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'proxy' }],
  });
});

type Headers = Record<string, string | string[]>;

/** Who a request is made by: `username groups…`, or the refusal. */
async function whoAmI(headers: Headers, token?: string): Promise<unknown> {
  const line = `POST ${AUTHENTICATION}/selfsubjectreviews`;
  const { status, body } = await requests.send(line, {}, { headers, ...(token === undefined ? {} : { token }) });
  return status === 201 ? at(body, 'status.userInfo') : [status, body.message];
}

describe('Authorization', () => {
  const alice = { username: 'alice', uid: 'alice', groups: ['developers', 'system:authenticated'] };
  const anonymous = [
    403,
    'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
  ];

  it.each<[string, unknown]>([
    ['Bearer alice-token', alice],
    ['bearer alice-token', alice],
    ['BEARER alice-token more', alice],
    ['Bearer', anonymous],
    ['Bearer  alice-token', anonymous],
    ['Basic YWxpY2U6YWxpY2U=', anonymous],
    ['alice-token', anonymous],
    ['', anonymous],
    ['Bearer alice-tokens', [401, 'Unauthorized']],
    ['Bearer alice-token, Bearer x', [401, 'Unauthorized']],
    ['Bearer a.b.c', [401, 'Unauthorized']],
  ])('%s', async (authorization, outcome) => {
    expect(await whoAmI({ authorization }, '')).toEqual(outcome);
  });

  it('bad credentials are refused before the path is looked at, also where anonymous requests may go', async () => {
    for (const path of ['/healthz', '/nowhere', '/api/v1/nodes']) {
      const { status, body, headers } = await requests.send(`GET ${path}`, undefined, { token: 'none' });
      expect([status, body.reason, headers['www-authenticate'], headers['content-type']]).toEqual([
        401,
        'Unauthorized',
        undefined,
        'application/json',
      ]);
    }
    expect((await requests.send('GET /healthz', undefined, { token: '' })).status).toBe(200);
  });

  it('names in headers and queries are no credentials', async () => {
    expect(await whoAmI({ 'x-remote-user': 'alice', 'x-remote-group': 'system:masters' }, '')).toEqual(anonymous);
    expect((await requests.send('GET /api/v1/nodes?access_token=alice-token', undefined, { token: '' })).status).toBe(403);
  });
});

describe('impersonation', () => {
  const as = (username: string, groups: string[], more: object = {}): object => ({ username, groups, ...more });

  it.each<[Headers, unknown]>([
    [{ 'impersonate-user': 'carol' }, as('carol', ['system:authenticated'])],
    [{ 'impersonate-user': 'carol', 'impersonate-group': ['dev', 'qa'] }, as('carol', ['dev', 'qa', 'system:authenticated'])],
    [
      { 'impersonate-user': 'carol', 'impersonate-uid': 'u', 'impersonate-extra-example.com%2Fteam': 'one' },
      as('carol', ['system:authenticated'], { uid: 'u', extra: { 'example.com/team': ['one'] } }),
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:a:b' },
      as('system:serviceaccount:a:b', ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated']),
    ],
    [
      { 'impersonate-group': 'dev' },
      [
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
      ],
    ],
    [
      { 'impersonate-uid': 'u', 'impersonate-extra-b': ['1', '2'], 'impersonate-extra-a': '3' },
      [
        400,
        'requested &user.DefaultInfo{Name:"", UID:"u", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"3"}, "b":[]string{"1", "2"}}} without impersonating a user name',
      ],
    ],
  ])('by an administrator: %j', async (headers, outcome) => {
    expect(await whoAmI(headers)).toEqual(outcome);
  });

  it('acts with the rights of the other', async () => {
    const { status, body } = await requests.send('GET /api/v1/nodes', undefined, { headers: { 'impersonate-user': 'carol' } });
    expect([status, body.message]).toEqual([
      403,
      'nodes is forbidden: User "carol" cannot list resource "nodes" in API group "" at the cluster scope',
    ]);
    const headers = { 'impersonate-user': 'carol', 'impersonate-group': 'system:masters' };
    expect((await requests.send('GET /api/v1/nodes', undefined, { headers })).status).toBe(200);
  });

  it('needs the right to be each part of the identity', async () => {
    await expect
      .poll(() => whoAmI({ 'impersonate-user': 'carol' }, 'proxy-token'), { timeout: 30_000 })
      .toEqual(as('carol', ['system:authenticated']));
    const whole = { 'impersonate-user': 'carol', 'impersonate-group': 'dev', 'impersonate-extra-scopes': 'view' };
    expect(await whoAmI(whole, 'proxy-token')).toEqual(as('carol', ['dev', 'system:authenticated'], { extra: { scopes: ['view'] } }));
    const refused = async (more: Headers): Promise<unknown> => ((await whoAmI({ ...whole, ...more }, 'proxy-token')) as unknown[])[1];
    // The mode that worked last is the one whose refusal is told.
    expect(await refused({ 'impersonate-user': 'dave' })).toBe(
      'users "dave" is forbidden: User "proxy" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    expect(await refused({ 'impersonate-group': ['dev', 'system:masters'] })).toBe(
      'groups "system:masters" is forbidden: User "proxy" cannot impersonate resource "groups" in API group "" at the cluster scope',
    );
    expect(await refused({ 'impersonate-extra-scopes': 'edit' })).toBe(
      'userextras.authentication.k8s.io "edit" is forbidden: User "proxy" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    );
    expect(await refused({ 'impersonate-uid': 'u' })).toBe(
      'uids.authentication.k8s.io "u" is forbidden: User "proxy" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  it('tells a caller who never could the first refusal', async () => {
    expect(await whoAmI({ 'impersonate-user': 'alice' }, 'alice-token')).toEqual([
      403,
      'selfsubjectreviews.authentication.k8s.io is forbidden: User "alice" cannot impersonate-on:user-info:create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
    ]);
  });
});

describe('reviews', () => {
  const review = async (path: string, spec: object): Promise<unknown> => {
    const { status, body } = await requests.send(`POST ${path}`, { spec });
    return status === 201 ? body['status'] : [status, body.message];
  };

  it('tokens', async () => {
    const path = `${AUTHENTICATION}/tokenreviews`;
    expect(await review(path, { token: 'alice-token' })).toEqual({
      authenticated: true,
      user: { username: 'alice', uid: 'alice', groups: ['developers', 'system:authenticated'] },
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
    expect(await review(path, { token: 'none' })).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(await review(path, { token: 'alice-token', audiences: ['other'] })).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(await review(path, {})).toEqual([400, 'token is required for TokenReview in authentication']);
  });

  it('rights', async () => {
    const path = `${AUTHORIZATION}/subjectaccessreviews`;
    const pods = { verb: 'get', resource: 'pods' };
    expect(await review(path, { user: 'x', resourceAttributes: pods })).toEqual({ allowed: false });
    expect(await review(path, { groups: ['system:masters'], resourceAttributes: pods })).toEqual({ allowed: true });
    expect(
      await review(path, { user: 'x', groups: ['system:authenticated'], nonResourceAttributes: { path: '/healthz', verb: 'get' } }),
    ).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
    });
    expect(await review(path, {})).toEqual([
      422,
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
    ]);
    expect(await review(`${AUTHORIZATION}/selfsubjectrulesreviews`, {})).toEqual([400, 'no namespace on request']);
    expect(
      await review(`${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`, {
        user: 'x',
        resourceAttributes: { ...pods, namespace: 'other' },
      }),
    ).toEqual([
      422,
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    ]);
  });

  it('are made, and neither read nor kept', async () => {
    for (const line of [`GET ${AUTHENTICATION}/tokenreviews`, `DELETE ${AUTHORIZATION}/subjectaccessreviews`]) {
      expect((await requests.send(line)).status).toBe(405);
    }
    const { body } = await requests.send(`POST ${AUTHENTICATION}/selfsubjectreviews`, { metadata: { name: 'x' } });
    expect(Object.keys((body as Loose).metadata)).toEqual(['creationTimestamp']);
  });
});
