/** Conversion webhooks in a real server: every way in which a client reads and writes another version than the stored one. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../src/testing/certificate.js';
import { startTestServer, type TestServer } from '../src/testing.js';

type Fields = Record<string, unknown>;
interface Resource extends Fields {
  apiVersion: string;
  kind: string;
  metadata: Fields & { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  hostPort?: string;
  host?: string;
  port?: string;
}
interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: Resource[] };
  response?: unknown;
}

const GROUP = 'stable.example.com';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MERGE = { type: 'application/merge-patch+json' };
const certificate = await selfSignedCertificate();
const caBundle = Buffer.from(certificate.cert).toString('base64');
let received: Review[] = [];
let answerWith: (review: Review, converted: Resource[]) => unknown;

/** v1 says `hostPort`, v2 and v3 say `host` and `port`. */
function convert(object: Resource, apiVersion: string): Resource {
  const { hostPort, host, port, ...rest } = object;
  const [first, second] = hostPort?.split(':') ?? [host, port];
  if (apiVersion.endsWith('/v1')) return { ...rest, apiVersion, hostPort: `${first}:${second}` };
  return { ...rest, apiVersion, ...(first === undefined ? {} : { host: first }), ...(second === undefined ? {} : { port: second }) };
}

const success = (review: Review, convertedObjects: unknown[]): unknown => ({
  apiVersion: review.apiVersion,
  kind: 'ConversionReview',
  response: { uid: review.request.uid, result: { status: 'Success' }, convertedObjects },
});

const webhook = createServer(certificate, (request, response) => {
  void (async () => {
    const review = (await json(request)) as Review;
    received.push(review);
    const converted = review.request.objects.map((object) => convert(object, review.request.desiredAPIVersion));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answerWith(review, converted)));
  })();
});
let server: TestServer;
let url: string;

beforeAll(async () => {
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  url = `https://127.0.0.1:${(webhook.address() as AddressInfo).port}/crdconvert`;
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
  webhook.closeAllConnections();
  await new Promise((resolve) => webhook.close(resolve));
});
beforeEach(() => {
  received = [];
  answerWith = success;
});

const text = { type: 'string' };
const version = (name: string, properties: Fields, more: Fields = {}): Fields => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties } },
  selectableFields: Object.keys(properties).map((field) => ({ jsonPath: `.${field}` })),
  ...more,
});

/** Makes a kind with the versions v1 (stored) and v2; resolves when it is served. */
async function define(plural: string, spec: Fields = {}): Promise<{ v1: string; v2: string }> {
  const kind = `${plural[0]?.toUpperCase()}${plural.slice(1, -1)}`;
  const hook = { clientConfig: { url, caBundle }, conversionReviewVersions: ['v1', 'v1beta1'] };
  const body = {
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [version('v1', { hostPort: text }), version('v2', { host: text, port: text })],
      conversion: { strategy: 'Webhook', webhook: hook },
      ...spec,
    },
  };
  const made = await server.client.request('POST', CRDS, { body });
  expect([made.status, made.text]).toEqual([201, made.text]);
  const at = (name: string): string => `/apis/${GROUP}/${name}/namespaces/default/${plural}`;
  while ((await server.client.request('GET', at('v1'))).status !== 200) await new Promise((resolve) => setTimeout(resolve, 10));
  return { v1: at('v1'), v2: at('v2') };
}

const made = (plural: string, apiVersion: string, name: string, content: Fields): Fields => ({
  apiVersion: `${GROUP}/${apiVersion}`,
  kind: `${plural[0]?.toUpperCase()}${plural.slice(1, -1)}`,
  metadata: { name },
  ...content,
});
const get = async (path: string): Promise<Resource> => (await server.client.request<Resource>('GET', path)).body;

describe('a conversion webhook', () => {
  it('is asked for one object with a review in the first version that both know', async () => {
    const { v1, v2 } = await define('gauges');
    const created = await server.client.request<Resource>('POST', v1, { body: made('gauges', 'v1', 'a', { hostPort: 'local:80' }) });
    expect(created.status).toBe(201);
    expect(received).toEqual([]);
    expect(await get(`${v2}/a`)).toEqual({
      apiVersion: `${GROUP}/v2`,
      kind: 'Gauge',
      metadata: created.body.metadata,
      host: 'local',
      port: '80',
    });
    expect(received).toEqual([
      {
        kind: 'ConversionReview',
        apiVersion: 'apiextensions.k8s.io/v1',
        request: { uid: received[0]?.request.uid, desiredAPIVersion: `${GROUP}/v2`, objects: [created.body] },
      },
    ]);
  });

  it('is asked in v1beta1, too, and then need not repeat the uid', async () => {
    const hook = { clientConfig: { url, caBundle }, conversionReviewVersions: ['v9', 'v1beta1', 'v1'] };
    const { v1, v2 } = await define('olds', { conversion: { strategy: 'Webhook', webhook: hook } });
    await server.client.request('POST', v1, { body: made('olds', 'v1', 'a', { hostPort: 'local:80' }) });
    answerWith = (_review, convertedObjects) => ({ response: { result: { status: 'Success' }, convertedObjects } });
    expect(await get(`${v2}/a`)).toMatchObject({ host: 'local', port: '80' });
    expect(received[0]?.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
  });

  it('stands between what clients write and what is stored', async () => {
    const { v1, v2 } = await define('writes');
    const { client } = server;
    const created = await client.request<Resource>('POST', v2, { body: made('writes', 'v2', 'a', { host: 'h', port: '1' }) });
    expect([created.status, created.body.host, created.body.port]).toEqual([201, 'h', '1']);
    expect(await get(`${v1}/a`)).toMatchObject({ hostPort: 'h:1' });
    const put = await client.request<Resource>('PUT', `${v2}/a`, { body: { ...created.body, port: '2' } });
    expect([put.status, put.body.port, put.body.metadata['generation']]).toEqual([200, '2', 2]);
    const patched = await client.request<Resource>('PATCH', `${v2}/a`, { body: { port: '3' }, ...MERGE });
    expect([patched.status, patched.body.port]).toEqual([200, '3']);
    const before = patched.body.metadata['resourceVersion'];
    const same = await client.request<Resource>('PATCH', `${v2}/a`, { body: { port: '3' }, ...MERGE });
    expect(same.body.metadata['resourceVersion']).toBe(before);
    expect(await get(`${v1}/a`)).toMatchObject({ hostPort: 'h:3' });
    const json = [{ op: 'test', path: '/host', value: 'h' }, { op: 'replace', path: '/port', value: '4' }]; // biome-ignore format: one line
    const type = 'application/json-patch+json';
    expect((await client.request<Resource>('PATCH', `${v2}/a`, { body: json, type })).body.port).toBe('4');
    const dry = await client.request<Resource>('PATCH', `${v2}/a?dryRun=All`, { body: { port: '5' }, ...MERGE });
    expect(dry.body.port).toBe('5');
    expect(await get(`${v1}/a`)).toMatchObject({ hostPort: 'h:4' });
    expect((await client.request('DELETE', `${v2}/a`)).status).toBe(200);
    expect((await client.request('GET', `${v1}/a`)).status).toBe(404);
  });

  it('converts what several managers applied in their own versions', async () => {
    const { v1, v2 } = await define('applieds');
    const apply = (path: string, manager: string, body: Fields, force = false) =>
      server.client.request<Resource>('PATCH', `${path}/a?fieldManager=${manager}&force=${force}`, {
        body: JSON.stringify(body),
        type: 'application/apply-patch+yaml',
      });
    const first = await apply(v2, 'two', made('applieds', 'v2', 'a', { host: 'h', port: '1' }));
    expect([first.status, first.body.host]).toEqual([201, 'h']);
    const taken = await apply(v1, 'one', made('applieds', 'v1', 'a', { hostPort: 'h:2' }));
    expect([taken.status, taken.text]).toEqual([
      409,
      expect.stringContaining(`Apply failed with 1 conflict: conflict with \\"two\\": .port`),
    ]);
    const forced = await apply(v1, 'one', made('applieds', 'v1', 'a', { hostPort: 'h:2' }), true);
    expect([forced.status, forced.body.hostPort]).toEqual([200, 'h:2']);
    const managers = forced.body.metadata['managedFields'] as Fields[];
    // Their order is that of their times.
    const shown = managers.map(({ manager, apiVersion, fieldsV1 }) => [manager, apiVersion, fieldsV1]);
    expect(shown.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['one', `${GROUP}/v1`, { 'f:hostPort': {} }],
      ['two', `${GROUP}/v2`, { 'f:host': {} }],
    ]);
  });

  it('converts lists in one call, tables and metadata', async () => {
    const { v1, v2 } = await define('lists');
    for (const name of ['a', 'b', 'c']) {
      await server.client.request('POST', v1, { body: made('lists', 'v1', name, { hostPort: `${name}:1` }) });
    }
    const list = (await server.client.request<{ apiVersion: string; items: Resource[] }>('GET', v2)).body;
    expect([list.apiVersion, list.items.map(({ apiVersion, host }) => [apiVersion, host])]).toEqual([
      `${GROUP}/v2`,
      ['a', 'b', 'c'].map((host) => [`${GROUP}/v2`, host]),
    ]);
    expect(received.map(({ request }) => request.objects.length)).toEqual([3]);
    const page = (await server.client.request<{ metadata: { continue: string }; items: Resource[] }>('GET', `${v2}?limit=2`)).body;
    expect(page.items.map(({ host }) => host)).toEqual(['a', 'b']);
    const rest = await server.client.request<{ items: Resource[] }>('GET', `${v2}?limit=2&continue=${page.metadata.continue}`);
    expect(rest.body.items.map(({ host }) => host)).toEqual(['c']);
    const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };
    const rows = (await server.client.request<{ rows: { cells: unknown[] }[] }>('GET', `${v2}?includeObject=Object`, table)).body.rows;
    expect(rows.map(({ cells, ...row }) => [cells[0], (row as unknown as { object: Resource }).object.host])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ]);
    const partial = { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } };
    const shown = (await server.client.request<{ items: Resource[] }>('GET', v2, partial)).body.items;
    expect(shown.map(({ kind, metadata }) => [kind, metadata.name])).toEqual(
      ['a', 'b', 'c'].map((name) => ['PartialObjectMetadata', name]),
    );
    // Nothing changed since the first list.
    expect(received).toHaveLength(1);
  });

  it('converts the events of a watch in their order', async () => {
    const { v1, v2 } = await define('watches');
    const { client } = server;
    await client.request('POST', v1, { body: made('watches', 'v1', 'a', { hostPort: 'a:1' }) });
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await client.watch(`${v2}?${query}`);
    const other = await client.watch(`${v2}?${query}`);
    await watch.until(2, 30_000);
    for (let port = 2; port <= 5; port++) await client.request('PATCH', `${v1}/a`, { body: { hostPort: `a:${port}` }, ...MERGE });
    await client.request('DELETE', `${v1}/a`);
    const seen = (await watch.until(7, 30_000)).map(({ type, object }) => [type, object['apiVersion'], object['host'], object['port']]);
    expect(seen).toEqual([
      ['ADDED', `${GROUP}/v2`, 'a', '1'],
      ['BOOKMARK', `${GROUP}/v2`, undefined, undefined],
      ...['2', '3', '4', '5'].map((port) => ['MODIFIED', `${GROUP}/v2`, 'a', port]),
      ['DELETED', `${GROUP}/v2`, 'a', '5'],
    ]);
    expect(await other.until(7, 30_000)).toEqual(watch.events);
    watch.close();
    other.close();
  });

  it('selects by the fields of the version that is asked for', async () => {
    const { v1, v2 } = await define('fields');
    const { client } = server;
    const watch = await client.watch(`${v2}?watch=1&fieldSelector=host%3Dx`);
    for (const [name, hostPort] of [
      ['a', 'x:1'],
      ['b', 'y:1'],
      ['c', 'x:2'],
    ] as const) {
      await client.request('POST', v1, { body: made('fields', 'v1', name, { hostPort }) });
    }
    const names = async (path: string): Promise<string[]> =>
      (await client.request<{ items: Resource[] }>('GET', path)).body.items.map(({ metadata }) => metadata.name);
    expect(await names(`${v2}?fieldSelector=host%3Dx`)).toEqual(['a', 'c']);
    expect(await names(`${v2}?fieldSelector=host%3Dx,port%3D2`)).toEqual(['c']);
    expect(await names(`${v2}?fieldSelector=host%3Dx&limit=1`)).toEqual(['a']);
    expect(await names(`${v1}?fieldSelector=hostPort%3Dy:1`)).toEqual(['b']);
    expect((await client.request('GET', `${v1}?fieldSelector=host%3Dx`)).body['message']).toBe('field label not supported: host');
    await client.request('PATCH', `${v2}/b`, { body: { host: 'x' }, ...MERGE });
    await client.request('PATCH', `${v2}/a`, { body: { host: 'z' }, ...MERGE });
    const seen = (await watch.until(4, 30_000)).map(({ type, object }) => [
      type,
      (object as unknown as Resource).metadata.name,
      object['host'],
    ]);
    expect(seen).toEqual([
      ['ADDED', 'a', 'x'],
      ['ADDED', 'c', 'x'],
      ['ADDED', 'b', 'x'],
      ['DELETED', 'a', 'x'],
    ]);
    watch.close();
    expect((await client.request('DELETE', `${v2}?fieldSelector=host%3Dx`)).status).toBe(200);
    expect(await names(v2)).toEqual(['a']);
  });

  it('serves both versions after the storage version moved, and takes stored objects along when they are written', async () => {
    const { v1, v2 } = await define('moves');
    const { client } = server;
    const path = `${CRDS}/moves.${GROUP}`;
    await client.request('POST', v1, { body: made('moves', 'v1', 'a', { hostPort: 'a:1' }) });
    const versions = [version('v1', { hostPort: text }, { storage: false }), version('v2', { host: text, port: text }, { storage: true })];
    await client.request('PATCH', path, { body: { spec: { versions } }, ...MERGE });
    const stored = async (): Promise<unknown> => (await server.server.client.get(GROUP, 'moves', 'default', 'a'))?.apiVersion;
    await expect
      .poll(async () => (await client.request<{ status: Fields }>('GET', path)).body.status['storedVersions'], { timeout: 20_000 })
      .toEqual(['v1', 'v2']);
    await client.request('POST', v2, { body: made('moves', 'v2', 'b', { host: 'b', port: '2' }) });
    for (const [at, shown] of [
      [
        v1,
        [
          ['a:1', undefined],
          ['b:2', undefined],
        ],
      ],
      [
        v2,
        [
          [undefined, 'a'],
          [undefined, 'b'],
        ],
      ],
    ] as const) {
      const { items } = (await client.request<{ items: Resource[] }>('GET', at)).body;
      expect(items.map(({ hostPort, host }) => [hostPort, host])).toEqual(shown);
    }
    expect(await stored()).toBe(`${GROUP}/v1`);
    await client.request('PUT', `${v2}/a`, { body: await get(`${v2}/a`) });
    expect(await stored()).toBe(`${GROUP}/v2`);
  });

  it('may change labels and annotations and nothing else of the metadata', async () => {
    const { v1, v2 } = await define('metas');
    const body = made('metas', 'v1', 'a', { hostPort: 'a:1', metadata: { name: 'a', labels: { l: '1' }, annotations: { n: '1' } } });
    const created = (await server.client.request<Resource>('POST', v1, { body })).body;
    answerWith = (review, converted) =>
      success(
        review,
        converted.map((object) => ({
          ...object,
          metadata: {
            ...object.metadata,
            generation: 77,
            creationTimestamp: null,
            finalizers: ['x/y'],
            labels: { l: '2', m: 'new' },
            annotations: null,
          },
        })),
      );
    const { annotations: _gone, ...kept } = created.metadata;
    expect((await get(`${v2}/a`)).metadata).toEqual({ ...kept, labels: { l: '2', m: 'new' } });
  });

  it('takes unknown fields from what it returns and puts no defaults in', async () => {
    const versions = [version('v1', { hostPort: text }), version('v2', { host: { ...text, default: 'nowhere' }, port: text })];
    const { v1, v2 } = await define('prunes', { versions });
    await server.client.request('POST', v1, { body: made('prunes', 'v1', 'a', {}) });
    answerWith = (review, converted) =>
      success(
        review,
        converted.map(({ hostPort: _gone, host: _none, ...object }) => ({ ...object, port: '9', more: 1 })),
      );
    const { metadata: _metadata, ...content } = await get(`${v2}/a`);
    expect(content).toEqual({ apiVersion: `${GROUP}/v2`, kind: 'Prune', port: '9' });
  });
});

describe('a conversion that fails', () => {
  let v2: string;
  const subject = `conversion webhook for ${GROUP}/v1, Kind=Broken`;
  beforeAll(async () => {
    answerWith = success;
    const { v1, v2: other } = await define('brokens');
    v2 = other;
    await server.client.request('POST', v1, { body: made('brokens', 'v1', 'a', { hostPort: 'a:1' }) });
  });

  const change = (edit: (object: Resource) => Fields) => (review: Review, converted: Resource[]) => success(review, converted.map(edit));
  it.each<[string, typeof answerWith, string]>([
    [
      'the webhook says why',
      ({ apiVersion, request }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: { uid: request.uid, result: { status: 'Failure', message: 'out of order' } },
      }),
      'failed: out of order',
    ],
    [
      'the webhook does not say why',
      ({ apiVersion, request }) => ({ apiVersion, kind: 'ConversionReview', response: { uid: request.uid, result: {} } }),
      "failed: response.result.status was '', not 'Success'",
    ],
    ['no response', ({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview' }), 'failed: no response provided'],
    [
      'another kind',
      () => ({ apiVersion: 'v1', kind: 'Pod' }),
      'failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /v1, Kind=Pod',
    ],
    ['too few objects', (review) => success(review, []), 'returned 0 objects, expected 1'],
    [
      'another version',
      change((object) => ({ ...object, apiVersion: `${GROUP}/v1` })),
      `returned invalid object at index 0: invalid groupVersion (expected ${GROUP}/v2, received ${GROUP}/v1)`,
    ],
    [
      'another kind of object',
      change((object) => ({ ...object, kind: 'Whole' })),
      'returned invalid object at index 0: invalid kind (expected Broken, received Whole)',
    ],
    [
      'another name',
      change((object) => ({ ...object, metadata: { ...object.metadata, name: 'b' } })),
      'returned invalid object: must have the same name: a != b',
    ],
    [
      'another namespace',
      change((object) => ({ ...object, metadata: { ...object.metadata, namespace: 'kube-system' } })),
      'returned invalid object: must have the same namespace: default != kube-system',
    ],
    [
      'a label that is no string',
      change((object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } })),
      'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
    ],
    [
      'a malformed label',
      change((object) => ({ ...object, metadata: { ...object.metadata, labels: { 'a b': 'c' } } })),
      'returned invalid metadata: metadata.labels: Invalid value: "a b": ',
    ],
  ])('%s', async (_name, answer, message) => {
    answerWith = answer;
    const { status, body } = await server.client.request<{ message: string }>('GET', `${v2}/a`);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: expect.stringContaining(`${subject} ${message}`),
      code: 500,
    });
    expect(status).toBe(500);
  });

  it('names the answer to another review', async () => {
    answerWith = (review, converted) => success({ ...review, request: { ...review.request, uid: 'other' } }, converted);
    const { message } = (await server.client.request('GET', `${v2}/a`)).body;
    expect(message).toBe(`${subject} failed: expected response.uid="${received[0]?.request.uid}", got "other"`);
  });

  it('ends a watch with an error event, and a list with the error; both work again when the webhook does', async () => {
    answerWith = (review) => success(review, []);
    const message = `${subject} returned 0 objects, expected 1`;
    const watch = await server.client.watch(`${v2}?watch=1`);
    await watch.ended;
    expect(watch.events.map(({ type, object }) => [type, object['message']])).toEqual([['ERROR', message]]);
    expect((await server.client.request('GET', v2)).body['message']).toBe(message);
    answerWith = success;
    expect((await server.client.request<{ items: Resource[] }>('GET', v2)).body.items.map(({ host }) => host)).toEqual(['a']);
    const again = await server.client.watch(`${v2}?watch=1`);
    expect((await again.until(1, 30_000))[0]?.object['host']).toBe('a');
    again.close();
  });

  it('stores nothing, and says where the webhook was not reached', async () => {
    const nowhere = { url: 'https://127.0.0.1:1/convert', caBundle };
    const hook = { clientConfig: nowhere, conversionReviewVersions: ['v1'] };
    const { v1, v2: at } = await define('losts', { conversion: { strategy: 'Webhook', webhook: hook } });
    const refused = await server.client.request('POST', at, { body: made('losts', 'v2', 'a', { host: 'h' }) });
    const subjectHere = `conversion webhook for ${GROUP}/v2, Kind=Lost`;
    expect(refused.body['message']).toBe(
      `${subjectHere} failed: Post "https://127.0.0.1:1/convert?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`,
    );
    expect((await server.client.request<{ items: unknown[] }>('GET', v1)).body.items).toEqual([]);
    const service = {
      clientConfig: { service: { namespace: 'default', name: 'hook', path: '/convert' }, caBundle },
      conversionReviewVersions: ['v1'],
    };
    const { v2: other } = await define('services', { conversion: { strategy: 'Webhook', webhook: service } });
    expect((await server.client.request('POST', other, { body: made('services', 'v2', 'a', {}) })).body['message']).toBe(
      `conversion webhook for ${GROUP}/v2, Kind=Service failed: Post "https://hook.default.svc:443/convert?timeout=30s": service "hook" not found`,
    );
  });
});

describe('an admission webhook', () => {
  it('sees the version that its rules name', async () => {
    const { v1, v2 } = await define('admitteds');
    const reviews: Fields[] = [];
    const admission = createServer(certificate, (request, response) => {
      void (async () => {
        const { request: given } = (await json(request)) as { request: Fields & { uid: string } };
        reviews.push(given);
        const patch = Buffer.from(JSON.stringify([{ op: 'replace', path: '/port', value: '7' }])).toString('base64');
        const verdict = { uid: given.uid, allowed: true, patchType: 'JSONPatch', patch };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: verdict }));
      })();
    });
    admission.listen(0, '127.0.0.1');
    await once(admission, 'listening');
    const hook = {
      name: 'test.example.com',
      clientConfig: { url: `https://127.0.0.1:${(admission.address() as AddressInfo).port}`, caBundle },
      rules: [{ operations: ['CREATE'], apiGroups: [GROUP], apiVersions: ['v2'], resources: ['admitteds'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
    };
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    await server.client.request('POST', path, { body: { metadata: { name: 'test' }, webhooks: [hook] } });
    const created = await server.client.request<Resource>('POST', v1, { body: made('admitteds', 'v1', 'a', { hostPort: 'a:1' }) });
    expect([created.status, created.body.hostPort]).toEqual([201, 'a:7']);
    expect(reviews.map(({ kind, requestKind, object }) => [kind, requestKind, (object as Resource).host])).toEqual([
      [{ group: GROUP, version: 'v2', kind: 'Admitted' }, { group: GROUP, version: 'v1', kind: 'Admitted' }, 'a'],
    ]);
    expect(await get(`${v2}/a`)).toMatchObject({ host: 'a', port: '7' });
    await server.client.request('DELETE', `${path}/test`);
    admission.closeAllConnections();
    admission.close();
  });
});
