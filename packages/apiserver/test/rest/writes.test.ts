import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

let server: TestServer;
let serial = 0;
const base = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  server = await startTestServer({
    users: [{ token: 'patcher', username: 'patcher' }],
  });
});
afterAll(() => server.close());

interface Thing {
  metadata: {
    name: string;
    resourceVersion: string;
    uid: string;
    generation?: number;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    finalizers?: string[];
    [field: string]: unknown;
  };
  data?: Record<string, string>;
  message?: string;
  reason?: string;
  details?: unknown;
}

const send = (method: string, path: string, body?: unknown, type?: string) =>
  server.client.request<Thing>(method, path, { ...(body === undefined ? {} : { body }), ...(type === undefined ? {} : { type }) });
const fresh = (): string => `thing-${++serial}`;
const create = async (metadata: object = {}): Promise<{ name: string; path: string; object: Thing }> => {
  const { status, body } = await send('POST', base, { metadata: { name: fresh(), ...metadata }, data: { k: 'v' } });
  expect(status).toBe(201);
  const { name } = body.metadata;
  return { name, path: `${base}/${name}`, object: body };
};

describe('create', () => {
  it('fills in what the server owns and drops what a client may not set', async () => {
    const { object } = await create({
      metadata: { name: fresh(), uid: 'mine', deletionTimestamp: '2001-01-01T00:00:00Z', selfLink: '/x' },
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(object.metadata['selfLink']).toBeUndefined();
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default' }, data: { k: 'v' } });
  });

  it('generates names', async () => {
    const { status, body } = await send('POST', base, { metadata: { generateName: 'gen-' } });
    expect(status).toBe(201);
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('refuses a name that is taken, also in a dry run, and says when its owner is on the way out', async () => {
    await create({ name: 'taken', finalizers: ['example.com/hold'] });
    for (const query of ['', '?dryRun=All']) {
      const { status, body } = await send('POST', `${base}${query}`, { metadata: { name: 'taken' } });
      expect([status, body.message]).toEqual([409, 'configmaps "taken" already exists']);
    }
    await send('DELETE', `${base}/taken`);
    expect((await send('POST', base, { metadata: { name: 'taken' } })).body.message).toBe(
      'object is being deleted: configmaps "taken" already exists',
    );
  });

  it('a dry run stores nothing', async () => {
    const name = fresh();
    expect((await send('POST', `${base}?dryRun=All`, { metadata: { name } })).status).toBe(201);
    expect((await send('GET', `${base}/${name}`)).status).toBe(404);
  });

  it('refuses a resourceVersion, another namespace, another kind', async () => {
    expect((await send('POST', base, { metadata: { name: 'x', resourceVersion: '5' } })).body).toMatchObject({
      code: 400,
      message: 'resourceVersion should not be set on objects to be created',
    });
    expect((await send('POST', base, { metadata: { name: 'x', namespace: 'other' } })).body).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect((await send('POST', base, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })).status).toBe(400);
  });
});

describe('update', () => {
  it('goes by resourceVersion', async () => {
    const { path, object } = await create();
    const next = { ...object, data: { k: 'w' } };
    const { status, body } = await send('PUT', path, next);
    expect([status, body.data]).toEqual([200, { k: 'w' }]);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(object.metadata.resourceVersion));
    const late = await send('PUT', path, next);
    expect([late.status, late.body.reason]).toEqual([409, 'Conflict']);
  });

  it('writes nothing when nothing changes', async () => {
    const { path, object } = await create();
    const { body } = await send('PUT', path, object);
    expect(body.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it('a dry run shows the change under the present version', async () => {
    const { path, object } = await create();
    const { body } = await send('PUT', `${path}?dryRun=All`, { ...object, data: { k: 'w' } });
    expect([body.data, body.metadata.resourceVersion]).toEqual([{ k: 'w' }, object.metadata.resourceVersion]);
    expect((await send('GET', path)).body.data).toEqual({ k: 'v' });
  });

  it('names what does not fit', async () => {
    const { name, path } = await create();
    expect((await send('PUT', path, { metadata: { name: 'other' } })).body.message).toBe(
      `the name of the object (other) does not match the name on the URL (${name})`,
    );
    expect((await send('PUT', path, { metadata: {} })).body.message).toBe(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
    expect((await send('PUT', path, { metadata: { name, resourceVersion: 'abc' } })).body).toMatchObject({
      code: 400,
      message: 'strconv.ParseUint: parsing "abc": invalid syntax',
    });
  });
});

describe('patch', () => {
  const types = {
    json: 'application/json-patch+json',
    merge: 'application/merge-patch+json',
    strategic: 'application/strategic-merge-patch+json',
    apply: 'application/apply-patch+yaml',
  };

  it.each([
    ['json', [{ op: 'add', path: '/data/l', value: 'w' }]],
    ['merge', { data: { l: 'w' } }],
    ['strategic', { data: { l: 'w' } }],
  ] as const)('%s', async (form, patch) => {
    const { path } = await create();
    const { status, body } = await send('PATCH', path, patch, types[form]);
    expect([status, body.data]).toEqual([200, { k: 'v', l: 'w' }]);
  });

  it('parallel patches of one object are all kept', async () => {
    const { path } = await create();
    const statuses = await Promise.all(
      Array.from({ length: 25 }, (_, i) => send('PATCH', path, { data: { [`k${i}`]: String(i) } }).then(({ status }) => status)),
    );
    expect(statuses).toEqual(Array.from({ length: 25 }, () => 200));
    expect(Object.keys((await send('GET', path)).body.data ?? {})).toHaveLength(26);
  });

  it('apply creates, and needs the right to create for that', async () => {
    const name = fresh();
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'v' } };
    const path = `${base}/${name}?fieldManager=one`;
    await send('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
      metadata: { name: 'patch' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }],
    });
    await send('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'patch' },
      subjects: [{ kind: 'User', name: 'patcher' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patch' },
    });
    const refused = await server.client.request<Thing>('PATCH', path, { body: applied, type: types.apply, token: 'patcher' });
    expect([refused.status, refused.body.message]).toEqual([
      403,
      `configmaps "${name}" is forbidden: User "patcher" cannot create resource "configmaps" in API group "" in the namespace "default"`,
    ]);
    expect((await send('PATCH', path, applied, types.apply)).status).toBe(201);
    const again = await send('PATCH', path, applied, types.apply);
    expect([again.status, again.body.metadata.resourceVersion]).toEqual([200, (await send('GET', path)).body.metadata.resourceVersion]);
  });

  it('refuses what cannot be decoded', async () => {
    const { path } = await create();
    expect((await send('PATCH', path, { data: { k: 7 } })).body.message).toBe(
      ' "" is invalid: patch: Invalid value: <object>: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    expect((await send('PATCH', path, { data: 'x' }, types.strategic)).body.message).toBe(
      ' "" is invalid: patch: Invalid value: "map[data:x]": cannot restore map from string',
    );
    expect((await send('PATCH', path, { metadata: { uid: 'x' } })).status).toBe(422);
    expect((await send('PATCH', path, {}, 'text/plain')).status).toBe(415);
  });
});

describe('delete', () => {
  it('answers with a Status that names the object', async () => {
    const { name, path, object } = await create();
    const { body } = await send('DELETE', path);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, kind: 'configmaps', uid: object.metadata.uid },
    });
    expect((await send('DELETE', path)).status).toBe(404);
  });

  it('waits for finalizers, which may only be taken away then', async () => {
    const { path: held } = await create({ finalizers: ['example.com/one', 'example.com/two'] });
    const { body } = await send('DELETE', held);
    expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, finalizers: ['example.com/one', 'example.com/two'] });
    expect((await send('PATCH', held, { metadata: { finalizers: ['example.com/three'] } })).status).toBe(422);
    expect((await send('PATCH', held, { metadata: { finalizers: ['example.com/two'] } })).status).toBe(200);
    expect((await send('PATCH', held, { metadata: { finalizers: null } })).status).toBe(200);
    expect((await send('GET', held)).status).toBe(404);
  });

  it('keeps to preconditions', async () => {
    const { name, path } = await create();
    const { status, body } = await send('DELETE', path, { preconditions: { uid: 'other' } });
    expect([status, body.details]).toEqual([409, { name, kind: 'ConfigMap' }]);
  });

  it('gives a pod on a node its grace period, and only ever shortens it', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const name = fresh();
    await waitForDefaultAccount();
    const pod = { metadata: { name }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } };
    expect((await send('POST', pods, pod)).status).toBe(201);
    const first = await send('DELETE', `${pods}/${name}`);
    expect(first.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, generation: 2 });
    expect((await send('DELETE', `${pods}/${name}`, { gracePeriodSeconds: 60 })).body.metadata.deletionGracePeriodSeconds).toBe(30);
    const shorter = await send('DELETE', `${pods}/${name}`, { gracePeriodSeconds: 5 });
    expect(shorter.body.metadata.deletionGracePeriodSeconds).toBe(5);
    const seconds = (text: string | undefined): number => Date.parse(text ?? '') / 1000;
    expect(seconds(first.body.metadata.deletionTimestamp) - seconds(shorter.body.metadata.deletionTimestamp)).toBe(25);
    expect((await send('DELETE', `${pods}/${name}`, { gracePeriodSeconds: 0 })).status).toBe(200);
    expect((await send('GET', `${pods}/${name}`)).status).toBe(404);
  });

  it('deletes a selected collection', async () => {
    const labels = { run: fresh() };
    for (let i = 0; i < 3; i++) await create({ labels });
    const path = `${base}?labelSelector=run%3D${labels.run}`;
    expect((await send('DELETE', path)).status).toBe(200);
    expect((await server.client.request<{ items: object[] }>('GET', path)).body.items).toEqual([]);
  });
});

describe('garbage collection', () => {
  const owned = async (more: object, owner: Thing): Promise<string> => {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...more }];
    return (await create({ ownerReferences })).path;
  };
  const gone = (path: string): Promise<void> => until(async () => (await send('GET', path)).status === 404);

  it('background: the owner goes at once, its dependents after it', async () => {
    const owner = await create();
    const dependent = await owned({}, owner.object);
    await send('DELETE', `${owner.path}?propagationPolicy=Background`);
    expect((await send('GET', owner.path)).status).toBe(404);
    await gone(dependent);
  });

  it('foreground: the owner waits for dependents that block it', async () => {
    const owner = await create();
    const dependent = await owned({ blockOwnerDeletion: true }, owner.object);
    const { body } = await send('DELETE', `${owner.path}?propagationPolicy=Foreground`);
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await gone(dependent);
    await gone(owner.path);
  });

  it('orphan: dependents lose their reference and stay', async () => {
    const owner = await create();
    const dependent = await owned({}, owner.object);
    await send('DELETE', `${owner.path}?propagationPolicy=Orphan`);
    await gone(owner.path);
    expect((await send('GET', dependent)).body.metadata['ownerReferences']).toBeUndefined();
  });

  it('a dependent of two owners stays as long as one is there', async () => {
    const [first, second] = [await create(), await create()];
    const reference = ({ object }: { object: Thing }): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: object.metadata.name,
      uid: object.metadata.uid,
    });
    const { path } = await create({ ownerReferences: [reference(first), reference(second)] });
    await send('DELETE', first.path);
    await until(async () => ((await send('GET', path)).body.metadata['ownerReferences'] as object[]).length === 1);
    await send('DELETE', second.path);
    await gone(path);
  });
});

describe('namespaces', () => {
  it('a deleted namespace takes its contents with it', async () => {
    const name = fresh();
    await send('POST', '/api/v1/namespaces', { metadata: { name } });
    await send('POST', `/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'a' } });
    const { body } = await send('DELETE', `/api/v1/namespaces/${name}`);
    expect(body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    await until(async () => (await send('GET', `/api/v1/namespaces/${name}`)).status === 404);
    expect((await send('GET', `/api/v1/namespaces/${name}/configmaps/a`)).status).toBe(404);
  });
});

async function until(condition: () => Promise<boolean>, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function waitForDefaultAccount(): Promise<void> {
  return until(async () => (await send('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200);
}
