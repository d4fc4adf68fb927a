/** How requests are told which FlowSchema they belong to, and what a server does without the controllers of a manager. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';

interface Resource {
  metadata: { name: string; uid: string };
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const WAIT = { timeout: 30_000 };
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ users: [{ token: 'noxu-token', username: 'noxu' }], disabledControllers: ['*'] });
});
afterAll(() => server.close());

const get = async (path: string): Promise<Resource> => (await server.client.request<Resource>('GET', path)).body;
/** The names of the schema and the level that an answer names by uid. */
async function classOf(path: string, token = server.token): Promise<string[]> {
  const { headers } = await server.client.request('GET', path, { token });
  const names: string[] = [];
  for (const [resource, header] of [
    ['flowschemas', 'x-kubernetes-pf-flowschema-uid'],
    ['prioritylevelconfigurations', 'x-kubernetes-pf-prioritylevel-uid'],
  ] as const) {
    const { items } = (await server.client.request<{ items: Resource[] }>('GET', `${GROUP}/${resource}`)).body;
    names.push(items.find(({ metadata }) => metadata.uid === headers[header])?.metadata.name ?? `no ${resource}`);
  }
  return names;
}
const schema = (name: string, level: string): object => ({
  metadata: { name },
  spec: {
    matchingPrecedence: 800,
    priorityLevelConfiguration: { name: level },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'noxu' } }],
        resourceRules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/version', '/openapi/*'] }],
      },
    ],
  },
});

describe('a request', () => {
  it('is told the first schema that matches, whether it is allowed or not', async () => {
    expect(await classOf('/api/v1/pods')).toEqual(['exempt', 'exempt']);
    expect(await classOf('/healthz', 'noxu-token')).toEqual(['probes', 'exempt']);
    expect(await classOf('/api/v1/pods', 'noxu-token')).toEqual(['global-default', 'global-default']);
    await server.client.request('POST', `${GROUP}/flowschemas`, { body: schema('noxu', 'workload-high') });
    expect(await classOf('/api/v1/namespaces/default/pods', 'noxu-token')).toEqual(['noxu', 'workload-high']);
    expect(await classOf('/openapi/v3', 'noxu-token')).toEqual(['noxu', 'workload-high']);
    for (const other of ['/api/v1/pods', '/api/v1/namespaces/kube-system/pods', '/api/v1/namespaces/default/pods/a', '/versions']) {
      expect([other, await classOf(other, 'noxu-token')]).toEqual([other, ['global-default', 'global-default']]);
    }
    await server.client.request('DELETE', `${GROUP}/flowschemas/noxu`);
    expect(await classOf('/openapi/v3', 'noxu-token')).toEqual(['global-default', 'global-default']);
  });

  it('is not told of one who was not recognised', async () => {
    const { status, headers } = await server.client.request('GET', '/api/v1/pods', { token: 'wrong' });
    expect([status, headers['x-kubernetes-pf-flowschema-uid']]).toEqual([401, undefined]);
  });
});

describe('a FlowSchema', () => {
  it('says whether its priority level exists, and counts only when it does', async () => {
    const shown = async (): Promise<unknown> => {
      const condition = (await get(`${GROUP}/flowschemas/late`)).status?.conditions?.find(({ type }) => type === 'Dangling');
      return condition && [condition.status, condition.reason, condition.message];
    };
    const subject = 'This FlowSchema references the PriorityLevelConfiguration object named "late-level"';
    await server.client.request('POST', `${GROUP}/flowschemas`, { body: schema('late', 'late-level') });
    await expect.poll(shown, WAIT).toEqual(['True', 'NotFound', `${subject} but there is no such object`]);
    expect(await classOf('/version', 'noxu-token')).toEqual(['global-default', 'global-default']);
    const level = { metadata: { name: 'late-level' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } };
    await server.client.request('POST', `${GROUP}/prioritylevelconfigurations`, { body: level });
    await expect.poll(shown, WAIT).toEqual(['False', 'Found', `${subject} and it exists`]);
    expect(await classOf('/version', 'noxu-token')).toEqual(['late', 'late-level']);
  });
});

describe('a server beside a kube-controller-manager', () => {
  it('still serves custom resources, and leaves the rest to it', async () => {
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
    const spec = { group: 'example.com', scope: 'Cluster', names: { plural: 'foos', kind: 'Foo' }, versions };
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await server.client.request('POST', crds, { body: { metadata: { name: 'foos.example.com' }, spec } });
    const status = async (path: string): Promise<number> => (await server.client.request('GET', path)).status;
    await expect.poll(() => status('/apis/example.com/v1/foos'), WAIT).toBe(200);
    await server.client.request('DELETE', `${crds}/foos.example.com`);
    await expect.poll(() => status(`${crds}/foos.example.com`), WAIT).toBe(404);
    expect(await status('/api/v1/namespaces/default/serviceaccounts/default')).toBe(404);
  });
});
