/** What kube-controller-manager, kube-scheduler and clients in Go rely on, request by request. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRootCa } from '../src/controllers/root-ca-bundle.js';
import { selfSignedCertificate } from '../src/testing/certificate.js';
import { startTestServer, type TestServer } from '../src/testing.js';

type Fields = Record<string, unknown>;
interface Resource extends Fields {
  apiVersion: string;
  kind: string;
  metadata: Fields & { name: string; uid: string; resourceVersion: string; ownerReferences?: Fields[] };
  data?: Record<string, string>;
}

const PODS = '/api/v1/namespaces/default/pods';
const SYSTEM = '/api/v1/namespaces/kube-system';
const WAIT = { timeout: 30_000 };
const MANAGER = { headers: { 'user-agent': 'kube-controller-manager/v1.36.2 (linux/amd64) kubernetes/abc' } };
const second = await selfSignedCertificate();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ identity: 'host-a' });
});
afterAll(() => server.close());

const get = async (path: string): Promise<Resource> => (await server.client.request<Resource>('GET', path)).body;
const statusOf = async (path: string): Promise<number> => (await server.client.request('GET', path)).status;

describe('owners that wait for each other', () => {
  it('are let go: a circle of foreground deletions ends', async () => {
    const pod = (name: string, owner?: Resource): Fields => ({
      metadata: {
        name,
        ...(owner === undefined
          ? {}
          : {
              ownerReferences: [
                { apiVersion: 'v1', kind: 'Pod', name: owner.metadata.name, uid: owner.metadata.uid, blockOwnerDeletion: true },
              ],
            }),
      },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'i' }] },
    });
    const create = async (body: Fields): Promise<Resource> => (await server.client.request<Resource>('POST', PODS, { body })).body;
    const first = await create(pod('first'));
    const second = await create(pod('second', first));
    const third = await create(pod('third', second));
    const closed = await server.client.request('PATCH', `${PODS}/first`, { body: { metadata: pod('first', third)['metadata'] } });
    expect(closed.status).toBe(200);
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', preconditions: { uid: first.metadata.uid } };
    expect((await server.client.request('DELETE', `${PODS}/first`, { body })).status).toBe(200);
    await expect.poll(async () => ((await get(PODS)) as unknown as { items: unknown[] }).items.length, WAIT).toBe(0);
  });
});

describe('options of a delete in protobuf', () => {
  const field = (number: number, content: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), Buffer.from(content)]);
  const options = (apiVersion: string, uid: string): Buffer => {
    const type = Buffer.concat([field(1, apiVersion), field(2, 'DeleteOptions')]);
    const raw = Buffer.concat([field(2, field(1, uid)), field(4, 'Background')]);
    return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw)]);
  };

  it.each(['v1', 'apps/v1', 'meta.k8s.io/v1'])('hold their preconditions in the version %s', async (apiVersion) => {
    const path = '/api/v1/namespaces/default/configmaps';
    const { uid } = (await server.client.request<Resource>('POST', path, { body: { metadata: { name: 'a' } } })).body.metadata;
    const type = 'application/vnd.kubernetes.protobuf';
    const refused = await server.client.request('DELETE', `${path}/a`, { body: options(apiVersion, 'another'), type });
    expect([refused.status, refused.body['reason']]).toEqual([409, 'Conflict']);
    expect((await server.client.request('DELETE', `${path}/a`, { body: options(apiVersion, uid), type })).status).toBe(200);
  });
});

describe('a review', () => {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const body = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

  it('is no table', async () => {
    const refused = await server.client.request('POST', path, { body, headers: { accept: table } });
    expect([refused.status, refused.body['reason']]).toEqual([406, 'NotAcceptable']);
    const answered = await server.client.request('POST', path, { body, headers: { accept: `${table},application/json` } });
    expect([answered.status, answered.body['kind']]).toEqual([201, 'SelfSubjectAccessReview']);
  });
});

describe('what kube-system holds', () => {
  it('says since when stored tokens are tracked, and nothing of client certificates where none are accepted', async () => {
    const { data } = await get(`${SYSTEM}/configmaps/kube-apiserver-legacy-service-account-token-tracking`);
    expect(data?.['since']).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(await statusOf(`${SYSTEM}/configmaps/extension-apiserver-authentication`)).toBe(404);
  });

  it('shows that the server runs', async () => {
    const path =
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases?labelSelector=apiserver.kubernetes.io/identity%3Dkube-apiserver';
    const list = async (): Promise<Resource[]> => ((await get(path)) as unknown as { items: Resource[] }).items;
    // The server does not wait for it.
    await expect.poll(async () => (await list()).length, WAIT).toBe(1);
    const items = await list();
    expect(items.map(({ metadata, spec }) => [metadata.name, metadata['labels'], spec])).toEqual([
      [
        'apiserver-yfi6hewkklkxh5c3txuev5hfue',
        { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'host-a' },
        {
          holderIdentity: expect.stringMatching(/^apiserver-yfi6hewkklkxh5c3txuev5hfue_[0-9a-f-]{36}$/),
          leaseDurationSeconds: 3600,
          renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        },
      ],
    ]);
  });
});

describe('the root CA of a namespace', () => {
  const path = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt';
  const write = (ca: string, request: object): Promise<unknown> =>
    server.client.request('PATCH', path, { body: { data: { 'ca.crt': ca } }, ...request });
  const current = async (): Promise<unknown> => (await get(path)).data?.['ca.crt'];

  it('is put back when somebody changes or deletes it', async () => {
    await write('', {});
    await expect.poll(current, WAIT).toBe(server.ca);
    await server.client.request('DELETE', path);
    await expect.poll(current, WAIT).toBe(server.ca);
  });

  it('is left to kube-controller-manager where that keeps it', async () => {
    await write('other', MANAGER);
    // The controller has seen it when it has done later work.
    await server.client.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'later' } } });
    await expect.poll(() => statusOf('/api/v1/namespaces/later/configmaps/kube-root-ca.crt'), WAIT).toBe(200);
    expect(await current()).toBe('other');
  });
});

describe('a bundle of certificates', () => {
  it('gains a certificate on lines of its own, loses what is no certificate, and is left alone when it has it', () => {
    const now = Date.now();
    const [own, other] = [server.ca.trim(), second.cert.trim()];
    expect(withRootCa('', own, now)).toBe(own);
    expect(withRootCa(`${other} # other`, own, now)).toBe(`${other}\n${own}`);
    expect(withRootCa('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', own, now)).toBe(own);
    expect(withRootCa(other, own, now + 3 * 86_400_000)).toBe(own);
    expect(withRootCa(`${other}\n${own}\n`, own, now)).toBe(null);
  });
});

describe('two servers on one store that were given different root CAs', () => {
  it('publish both and write no more then', { timeout: 60_000 }, async () => {
    const other = await startTestServer({ store: server.store });
    const [map, namespace] = ['kube-root-ca.crt', 'kube-public'];
    const read = async (): Promise<Resource> => get(`/api/v1/namespaces/${namespace}/configmaps/${map}`);
    await expect.poll(async () => (await read()).data?.['ca.crt'], WAIT).toBe(`${server.ca.trim()}\n${other.ca}`);
    const { resourceVersion } = (await read()).metadata;
    const made = await other.client.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'shared' } } });
    expect(made.status).toBe(201);
    const holdsBoth = async (): Promise<boolean> => {
      const bundle = (await get(`/api/v1/namespaces/shared/configmaps/${map}`)).data?.['ca.crt'] ?? '';
      return bundle.includes(server.ca.trim()) && bundle.includes(other.ca.trim());
    };
    await expect.poll(holdsBoth, WAIT).toBe(true);
    expect((await read()).metadata.resourceVersion).toBe(resourceVersion);
    await other.close();
  });
});

describe('APIServices', () => {
  const path = '/apis/apiregistration.k8s.io/v1/apiservices';
  const shown = async (name: string): Promise<unknown> => {
    const { metadata, spec, status } = await get(`${path}/${name}`);
    const conditions = ((status as Fields | undefined)?.['conditions'] ?? []) as Fields[];
    return [metadata?.['labels'], spec, conditions.map(({ type, status: value, reason }) => [type, value, reason])];
  };

  it('are there for every group version, and come and go with those of custom resources', async () => {
    const available = [['Available', 'True', 'Local']];
    await expect
      .poll(() => shown('v1.apps'), WAIT)
      .toEqual([
        { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
        { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 },
        available,
      ]);
    expect(await statusOf(`${path}/v1.apiregistration.k8s.io`)).toBe(404);
    const schema = { openAPIV3Schema: { type: 'object' } };
    const body = {
      metadata: { name: 'foos.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'foos', kind: 'Foo' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await server.client.request('POST', crds, { body });
    await expect
      .poll(() => shown('v1.example.com'), WAIT)
      .toEqual([
        { 'kube-aggregator.kubernetes.io/automanaged': 'true' },
        { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
        available,
      ]);
    await server.client.request('DELETE', `${crds}/foos.example.com`);
    await expect.poll(() => statusOf(`${path}/v1.example.com`), WAIT).toBe(404);
  });
});

describe('health', () => {
  it('names what kube-apiserver starts', async () => {
    const { text } = await server.client.request('GET', '/readyz?verbose');
    const names = text.split('\n').flatMap((line) => /^\[\+\](\S+) ok$/.exec(line)?.[1] ?? []);
    const first = ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync'];
    expect(names.filter((name) => !name.startsWith('poststarthook/'))).toEqual([...first, 'autoregister-completion', 'shutdown']);
    expect(names).toContain('poststarthook/rbac/bootstrap-roles');
    expect((await server.client.request('GET', '/livez/etcd-readiness')).status).toBe(404);
    expect((await server.client.request('GET', '/livez/poststarthook/crd-informer-synced')).text).toBe('ok');
  });

  it('counts what every check found, apart from other metrics', async () => {
    const lines = async (check: string): Promise<string[]> =>
      (await server.client.request('GET', '/metrics/slis')).text.split('\n').filter((line) => line.includes(`name="${check}"`));
    expect((await server.client.request('DELETE', '/metrics/slis')).text).toBe('metrics reset\n');
    await server.client.request('GET', '/readyz');
    await server.client.request('GET', '/livez');
    await server.client.request('GET', '/livez?exclude=etcd');
    await server.client.request('GET', '/livez/etcd');
    expect(await lines('etcd')).toEqual([
      'kubernetes_healthcheck{name="etcd",type="readyz"} 1',
      'kubernetes_healthcheck{name="etcd",type="livez"} 1',
      'kubernetes_healthchecks_total{name="etcd",type="readyz",status="success"} 1',
      'kubernetes_healthchecks_total{name="etcd",type="livez",status="success"} 1',
    ]);
    expect(await lines('ping')).toContain('kubernetes_healthchecks_total{name="ping",type="livez",status="success"} 2');
    expect((await server.client.request('GET', '/metrics')).text).not.toContain('kubernetes_healthcheck');
  });
});
