/** What APIServices say of the servers that they name, and of this one. */
import { describe, expect, it } from 'vitest';
import { API_SERVICES, useAggregatingServer, WAIT } from '../support/aggregating-server.js';
import { GROUP } from '../support/extension-server.js';

const parts = useAggregatingServer();
const send: (typeof parts.server.client)['request'] = (method, path, request) => parts.server.client.request(method, path, request);
const shows = (expected: unknown[], group = GROUP) => expect.poll(() => parts.condition(group), WAIT).toEqual(expected);

/** Values of metrics, by what stands before them. */
async function metrics(name: string): Promise<Record<string, string>> {
  const { text } = await send('GET', '/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(lines.map((line) => [/\{(.*)\}/.exec(line)?.[1] ?? '', line.slice(line.lastIndexOf(' ') + 1)]));
}

describe('an APIService of another server', () => {
  it('tells what is missing, step by step, until all is there', async () => {
    await parts.register();
    expect((await send<{ spec: { service: object } }>('GET', `${API_SERVICES}/v1.${GROUP}`)).body.spec.service).toEqual({
      name: 'notes',
      namespace: 'default',
      port: 443,
    });
    await shows(['False', 'ServiceNotFound', 'service/notes in "default" is not present']);
    const { client } = parts.server.server;
    const service = {
      metadata: { name: 'notes', namespace: 'default' },
      spec: { type: 'ClusterIP', clusterIP: '10.0.0.99', ports: [{ name: 'https', port: 8443, protocol: 'TCP' }] },
    };
    await client.create('', 'services', service);
    await shows(['False', 'ServicePortError', 'service/notes in "default" is not listening on port 443']);
    const ports = [{ name: 'https', port: 443, protocol: 'TCP' }];
    await client.update('', 'services', 'default', 'notes', (current) => ({ ...current, spec: { ...service.spec, ports } }));
    await shows(['False', 'EndpointsNotFound', 'cannot find endpointslices for service/notes in "default"']);
    await client.create('discovery.k8s.io', 'endpointslices', {
      metadata: { name: 'notes-0', namespace: 'default', labels: { 'kubernetes.io/service-name': 'notes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: false } }],
      ports: [{ name: 'https', port: parts.extension.port }],
    });
    await shows(['False', 'MissingEndpoints', 'endpointslices for service/notes in "default" have no addresses with port name "https"']);
    const path = `/apis/${GROUP}/v1`;
    parts.extension.answers.set(path, (_, response) => response.writeHead(500).end());
    await parts.publishEndpoints();
    const url = `https://127.0.0.1:${parts.extension.port}${path}`;
    await shows(['False', 'FailedDiscoveryCheck', `failing or missing response from ${url}: bad status from ${url}: 500`]);
    parts.extension.answers.delete(path);
    await parts.untilAvailable();
    const check = parts.extension.seen.find((seen) => seen.url === path);
    expect([check?.headers['x-remote-user'], check?.headers['x-remote-group']]).toEqual(['system:kube-aggregator', 'system:masters']);
  });

  it('is counted when it becomes unavailable', async () => {
    const name = `name="v1.${GROUP}"`;
    expect((await metrics('aggregator_unavailable_apiservice'))[name]).toBe('0');
    expect((await metrics('aggregator_unavailable_apiservice'))['name="v1.apps"']).toBe('0');
    expect(await metrics('aggregator_unavailable_apiservice_total')).toEqual({});
    await parts.withdrawService();
    await shows(['False', 'ServiceNotFound', 'service/notes in "default" is not present']);
    expect((await metrics('aggregator_unavailable_apiservice'))[name]).toBe('1');
    expect(await metrics('aggregator_unavailable_apiservice_total')).toEqual({ [`${name},reason="ServiceNotFound"`]: '1' });
    await parts.publishService();
    await parts.untilAvailable();
    await parts.unregister();
    await expect.poll(async () => (await metrics('aggregator_unavailable_apiservice'))[name], WAIT).toBeUndefined();
  });

  it('says when its last change was', async () => {
    const conditionOf = async () => {
      const { body } = await send<{ status: { conditions: Record<string, string>[] } }>('GET', `${API_SERVICES}/v1.gone.example.com`);
      return body.status.conditions[0] as Record<string, string>;
    };
    await parts.register({ group: 'gone.example.com', spec: { service: { name: 'gone', namespace: 'default' } } });
    await shows(['False', 'ServiceNotFound', 'service/gone in "default" is not present'], 'gone.example.com');
    const first = await conditionOf();
    const old = { ...first, lastTransitionTime: '2020-01-01T00:00:00Z' };
    await send('PATCH', `${API_SERVICES}/v1.gone.example.com/status`, { body: { status: { conditions: [old] } } });
    const spec = { service: { name: 'gone', namespace: 'other' } };
    await send('PATCH', `${API_SERVICES}/v1.gone.example.com`, { body: { spec } });
    await shows(['False', 'ServiceNotFound', 'service/gone in "other" is not present'], 'gone.example.com');
    expect((await conditionOf())['lastTransitionTime']).toBe('2020-01-01T00:00:00Z');
    await parts.unregister('gone.example.com');
  });
});

describe('an APIService of this server', () => {
  const local = ['True', 'Local', 'Local APIServices are always available'];

  it('comes back when somebody deletes it', async () => {
    await shows(local, 'apps');
    expect((await send('DELETE', `${API_SERVICES}/v1.apps`)).status).toBe(200);
    await shows(local, 'apps');
  });

  it('is available, also when somebody made it or says otherwise', async () => {
    const spec = { group: 'mine.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 };
    await send('POST', API_SERVICES, { body: { metadata: { name: 'v1.mine.example.com' }, spec } });
    await shows(local, 'mine.example.com');
    const wrong = { type: 'Available', status: 'False', reason: 'Because', message: '' };
    await send('PATCH', `${API_SERVICES}/v1.mine.example.com/status`, { body: { status: { conditions: [wrong] } } });
    await shows(local, 'mine.example.com');
    await parts.unregister('mine.example.com');
  });

  it('gives its group to another server when it names one, until it is put right', async () => {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const versions = [{ name: 'v1', served: true, storage: true, schema }];
    const names = { plural: 'things', kind: 'Thing' };
    const body = { metadata: { name: `things.${GROUP}` }, spec: { group: GROUP, scope: 'Namespaced', names, versions } };
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await send('POST', definitions, { body });
    await shows(local);
    const things = `/apis/${GROUP}/v1/namespaces/default/things`;
    await expect.poll(async () => (await send('GET', things)).body['kind'], WAIT).toBe('ThingList');
    // Of custom resources it is put right at once.
    const service = { name: 'notes', namespace: 'default' };
    const caBundle = Buffer.from(parts.ca.pem).toString('base64');
    await send('PATCH', `${API_SERVICES}/v1.${GROUP}`, { body: { spec: { service, caBundle } } });
    await expect
      .poll(async () => (await send<{ spec: object }>('GET', `${API_SERVICES}/v1.${GROUP}`)).body.spec, WAIT)
      .toEqual({ group: GROUP, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 });
    await shows(local);
    // Without our label it is its maker's.
    const metadata = { labels: { 'kube-aggregator.kubernetes.io/automanaged': null } };
    await send('PATCH', `${API_SERVICES}/v1.${GROUP}`, { body: { metadata, spec: { service, caBundle } } });
    await parts.untilAvailable();
    const { status, body: list } = await send('GET', `/apis/${GROUP}/v1/namespaces/default/notes`);
    expect([status, list['kind']]).toEqual([200, 'NoteList']);
    expect((await send('GET', things)).status).toBe(404);
    await parts.unregister();
    await shows(local);
    await expect.poll(async () => (await send('GET', things)).body['kind'], WAIT).toBe('ThingList');
    await send('DELETE', `${definitions}/things.${GROUP}`);
    await expect.poll(async () => (await send('GET', `${API_SERVICES}/v1.${GROUP}`)).status, WAIT).toBe(404);
  });
});
