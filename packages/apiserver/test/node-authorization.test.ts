import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';

describe('authorization modes Node and RBAC', () => {
  let server: TestServer;
  const groups = ['system:nodes'];
  beforeAll(async () => {
    server = await startTestServer({
      authorizers: ['Node', 'RBAC'],
      users: ['n1', 'n2'].map((name) => ({ token: name, username: `system:node:${name}`, groups })),
    });
    for (const name of ['n1', 'n2']) await admin('POST', '/api/v1/nodes', { metadata: { name } });
    await admin('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { k: 'v' } });
    const pod = (name: string, nodeName: string, volumes: object[]): object => ({
      metadata: { name },
      spec: { nodeName, automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }], volumes },
    });
    await admin('POST', '/api/v1/namespaces/default/pods', pod('p1', 'n1', [{ name: 'v', secret: { secretName: 's' } }]));
    await admin('POST', '/api/v1/namespaces/default/pods', pod('p2', 'n2', []));
  });
  afterAll(() => server.close());

  const admin = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await server.client.request(method, path, { body });
    expect([path, answer.status]).toEqual([path, 201]);
  };
  const get = async (token: string, path: string): Promise<unknown> => {
    const { status, body } = await server.client.request<{ message?: string; items?: { metadata: { name: string } }[] }>('GET', path, {
      token,
    });
    return status === 200 ? (body.items?.map(({ metadata }) => metadata.name) ?? status) : body.message;
  };

  it('shows a secret to the node of the pod that mounts it, as long as the pod is there', async () => {
    const path = '/api/v1/namespaces/default/secrets/s';
    const refused = (node: string): string =>
      `secrets "s" is forbidden: User "system:node:${node}" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node '${node}' and this object`;
    expect(await get('n1', path)).toBe(200);
    expect(await get('n2', path)).toBe(refused('n2'));
    await server.client.request('DELETE', '/api/v1/namespaces/default/pods/p1?gracePeriodSeconds=0');
    expect(await get('n1', path)).toBe(refused('n1'));
  });

  it('shows a node its own pods, asked for by field selector', async () => {
    expect(await get('n2', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2')).toEqual(['p2']);
    expect(await get('n2', '/api/v1/pods')).toBe(
      'pods is forbidden: User "system:node:n2" cannot list resource "pods" in API group "" at the cluster scope: can only list/watch pods with spec.nodeName field selector',
    );
    expect(await get('n2', '/api/v1/nodes/n2')).toBe(200);
    expect(await get('n2', '/api/v1/nodes/n1')).toBe(
      `nodes "n1" is forbidden: User "system:node:n2" cannot get resource "nodes" in API group "" at the cluster scope: node 'n2' cannot read 'n1', only its own Node object`,
    );
  });

  it('finds the selector in an access review', async () => {
    const review = (requirements: object): Promise<unknown> =>
      server.client
        .request<{ status: object }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          body: {
            spec: {
              user: 'system:node:n2',
              groups,
              resourceAttributes: { verb: 'list', resource: 'pods', version: 'v1', ...requirements },
            },
          },
        })
        .then(({ body }) => body.status);
    expect(await review({ fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n2'] }] } })).toEqual({
      allowed: true,
    });
    expect(await review({ fieldSelector: { rawSelector: 'spec.nodeName=n2' } })).toEqual({ allowed: true });
    for (const requirements of [
      [{ key: 'spec.nodeName', operator: 'NotIn', values: ['n2'] }],
      [{ key: 'spec.nodeName', operator: 'In', values: ['n2', 'n1'] }],
      [{ key: 'spec.nodeName', operator: 'Exists' }],
    ]) {
      expect(await review({ fieldSelector: { requirements } })).toMatchObject({ allowed: false });
    }
    expect(await review({})).toEqual({ allowed: false, reason: 'can only list/watch pods with spec.nodeName field selector' });
  });
});
