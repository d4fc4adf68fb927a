/** Kinds of other servers in discovery and OpenAPI, beside our own. */
import { beforeAll, describe, expect, it } from 'vitest';
import { useAggregatingServer, WAIT } from '../support/aggregating-server.js';
import { GROUP } from '../support/extension-server.js';

const parts = useAggregatingServer();
const send: (typeof parts.server.client)['request'] = (method, path, request) => parts.server.client.request(method, path, request);

interface Groups {
  groups: { name: string; versions: { version: string }[]; preferredVersion: object }[];
}

const groupNames = async (): Promise<string[]> => (await send<Groups>('GET', '/apis')).body.groups.map(({ name }) => name);

beforeAll(async () => {
  await parts.publishService();
  await parts.register();
  await parts.untilDiscovered();
});

describe('discovery', () => {
  const resource = {
    resource: 'notes',
    responseKind: { group: GROUP, version: 'v1', kind: 'Note' },
    scope: 'Namespaced',
    singularResource: 'note',
    verbs: ['create', 'get', 'list', 'watch'],
    shortNames: ['nt'],
  };

  it('shows what another server serves', async () => {
    expect(await parts.discovered()).toEqual({ version: 'v1', resources: [resource], freshness: 'Current' });
    const version = { groupVersion: `${GROUP}/v1`, version: 'v1' };
    const { body } = await send('GET', `/apis/${GROUP}`);
    expect(body).toEqual({ kind: 'APIGroup', apiVersion: 'v1', name: GROUP, versions: [version], preferredVersion: version });
    expect((await send<{ resources: { name: string }[] }>('GET', `/apis/${GROUP}/v1`)).body.resources.map(({ name }) => name)).toEqual([
      'notes',
    ]);
    expect((await send('GET', `/apis/${GROUP}/v2`)).status).toBe(404);
  });

  it('orders groups and versions by their priorities', async () => {
    const add = (group: string, version: string, groupPriorityMinimum: number, versionPriority: number) =>
      parts.register({ group, version, spec: { groupPriorityMinimum, versionPriority } });
    await add('high.example.com', 'v1', 17_450, 10);
    await add('same.example.com', 'v1', 2000, 10);
    await add('same.example.com', 'v2', 2000, 10);
    await add('same.example.com', 'v1beta1', 2000, 20);
    await add('low.example.com', 'v1', 1, 10);
    await expect.poll(groupNames, WAIT).toContain('low.example.com');
    const names = await groupNames();
    expect([names[0], ...names.slice(names.indexOf('autoscaling'), names.indexOf('autoscaling') + 3)]).toEqual([
      'apiregistration.k8s.io',
      'autoscaling',
      'high.example.com',
      'batch',
    ]);
    expect(names.slice(names.indexOf('flowcontrol.apiserver.k8s.io'))).toEqual([
      'flowcontrol.apiserver.k8s.io',
      GROUP,
      'same.example.com',
      'low.example.com',
    ]);
    const { groups } = (await send<Groups>('GET', '/apis')).body;
    expect(groups.find(({ name }) => name === 'same.example.com')?.versions.map(({ version }) => version)).toEqual(['v1beta1', 'v2', 'v1']);
    for (const [group, version] of [
      ['high.example.com', 'v1'],
      ['same.example.com', 'v1'],
      ['same.example.com', 'v2'],
      ['same.example.com', 'v1beta1'],
      ['low.example.com', 'v1'],
    ] as const) {
      await parts.unregister(group, version);
    }
    await expect.poll(groupNames, WAIT).not.toContain('low.example.com');
  });

  it('reads the older form of servers that know no other', async () => {
    const old = 'old.example.com';
    const resources = [
      { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
      { name: 'pods/status', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get'] },
      { name: 'nodes/proxy', singularName: '', namespaced: false, kind: '', verbs: ['get'] },
    ];
    parts.extension.answers.set('/apis', (_, response) => response.writeHead(404).end());
    parts.extension.answers.set(`/apis/${old}/v1`, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'APIResourceList', resources }));
    });
    await parts.register({ group: old, spec: { insecureSkipTLSVerify: true } });
    await parts.untilDiscovered(old);
    const kind = { group: '', version: '', kind: 'PodMetrics' };
    expect((await parts.discovered(old))?.resources).toEqual([
      {
        ...{ resource: 'pods', responseKind: kind, scope: 'Namespaced', singularResource: '', verbs: ['get', 'list'] },
        subresources: [{ subresource: 'status', responseKind: kind, verbs: ['get'] }],
      },
      { resource: 'nodes', scope: 'Cluster', verbs: [], subresources: [{ subresource: 'proxy', verbs: ['get'] }] },
    ]);
    await parts.unregister(old);
    parts.extension.answers.delete('/apis');
  });

  it('keeps a group whose server is away, without its resources', async () => {
    await parts.withdrawService();
    await expect.poll(() => parts.discovered(), WAIT).toEqual({ version: 'v1', freshness: 'Stale' });
    expect(await groupNames()).toContain(GROUP);
    expect((await send('GET', `/apis/${GROUP}/v1`)).text).toBe('service unavailable\n');
    await parts.publishService();
    await parts.untilDiscovered();
    expect((await parts.discovered())?.resources).toEqual([resource]);
  });

  it('has an etag that follows other servers', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const tag = async () => (await send('GET', '/apis', { headers: { accept } })).headers.etag as string;
    const before = await tag();
    expect((await send('GET', '/apis', { headers: { accept, 'if-none-match': before } })).status).toBe(304);
    await parts.unregister();
    await expect.poll(tag, WAIT).not.toBe(before);
    await parts.register();
    await parts.untilDiscovered();
    await expect.poll(tag, WAIT).toBe(before);
  });
});

describe('OpenAPI', () => {
  it('v3 lists and hands on the document of another server', async () => {
    const index = async () => (await send<{ paths: Record<string, object> }>('GET', '/openapi/v3')).body.paths;
    const serverRelativeURL = `/openapi/v3/apis/${GROUP}/v1?hash=H1`;
    await expect.poll(async () => (await index())[`apis/${GROUP}/v1`], WAIT).toEqual({ serverRelativeURL });
    expect(Object.keys(await index())).toContain('apis/apps/v1');
    const { status, body } = await send<{ info: { title: string } }>('GET', serverRelativeURL);
    expect([status, body.info.title]).toEqual([200, 'Notes']);
    expect(parts.extension.seen.map(({ url }) => url)).toContain(serverRelativeURL);
    // Who has read an older index is led to the present document, as by the other server itself.
    const path = `/openapi/v3/apis/${GROUP}/v1`;
    const moved = async (location: string) => {
      parts.extension.answers.set(path, (_, response) => response.writeHead(301, { location }).end());
      const { status: code, headers } = await send('GET', `${path}?hash=H0`);
      return [code, headers.location];
    };
    expect(await moved(`${path}?hash=H1`)).toEqual([301, `${path}?hash=H1`]);
    expect(await moved(`https://elsewhere${path}?hash=H1`)).toEqual([502, undefined]);
    parts.extension.answers.delete(path);
  });

  it('v2 has its paths and what they refer to, under another name where that is taken', async () => {
    interface Document {
      paths: Record<string, { get: { responses: Record<number, { schema: object }> } }>;
      definitions: Record<string, { description?: string; properties?: Record<string, { $ref?: string }> }>;
    }
    const { body } = await send<Document>('GET', '/openapi/v2');
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
    expect(body.paths[`/apis/${GROUP}/v1/namespaces/{namespace}/notes/{name}`]?.get.responses[200]?.schema).toEqual({
      $ref: '#/definitions/com.example.Note',
    });
    expect(body.definitions['com.example.Note']?.properties?.['metadata']).toEqual({ $ref: `#/definitions/${meta}_v2` });
    expect(body.definitions[`${meta}_v2`]?.description).toBe('Another one.');
    expect(body.definitions[meta]?.description).toMatch(/^ObjectMeta is metadata/);
    expect(body.definitions['io.k8s.api.core.v1.Pod']?.properties?.['metadata']?.$ref).toBe(`#/definitions/${meta}`);
    expect(Object.keys(body.definitions)).not.toContain('com.example.Unused');
    expect(Object.keys(body.paths)).toContain('/api/v1/namespaces/{namespace}/pods');
    await parts.unregister();
    await expect
      .poll(async () => Object.keys((await send<Document>('GET', '/openapi/v2')).body.definitions), WAIT)
      .not.toContain('com.example.Note');
  });
});
