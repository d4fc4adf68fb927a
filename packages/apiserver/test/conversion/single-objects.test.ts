/** Every way in which a client reads and writes one object in another version than the stored one. */
import { describe, expect, it } from 'vitest';
import {
  CRDS,
  caBundle,
  type Fields,
  GROUP,
  MERGE,
  made,
  type Resource,
  success,
  text,
  useConvertedKinds,
  version,
} from '../support/converted-kinds.js';

const kinds = useConvertedKinds();

describe('a conversion webhook', () => {
  it('is asked for one object with a review in the first version that both know', async () => {
    const { v1, v2 } = await kinds.define('gauges');
    const created = await kinds.server.client.request<Resource>('POST', v1, { body: made('gauges', 'v1', 'a', { hostPort: 'local:80' }) });
    expect(created.status).toBe(201);
    expect(kinds.received).toEqual([]);
    expect(await kinds.get(`${v2}/a`)).toEqual({
      apiVersion: `${GROUP}/v2`,
      kind: 'Gauge',
      metadata: created.body.metadata,
      host: 'local',
      port: '80',
    });
    expect(kinds.received).toEqual([
      {
        kind: 'ConversionReview',
        apiVersion: 'apiextensions.k8s.io/v1',
        request: { uid: kinds.received[0]?.request.uid, desiredAPIVersion: `${GROUP}/v2`, objects: [created.body] },
      },
    ]);
  });

  it('is asked in v1beta1, too, and then need not repeat the uid', async () => {
    const hook = { clientConfig: { url: kinds.url, caBundle }, conversionReviewVersions: ['v9', 'v1beta1', 'v1'] };
    const { v1, v2 } = await kinds.define('olds', { conversion: { strategy: 'Webhook', webhook: hook } });
    await kinds.server.client.request('POST', v1, { body: made('olds', 'v1', 'a', { hostPort: 'local:80' }) });
    kinds.answerWith = (_review, convertedObjects) => ({ response: { result: { status: 'Success' }, convertedObjects } });
    expect(await kinds.get(`${v2}/a`)).toMatchObject({ host: 'local', port: '80' });
    expect(kinds.received[0]?.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
  });

  it('stands between what clients write and what is stored', async () => {
    const { v1, v2 } = await kinds.define('writes');
    const { client } = kinds.server;
    const created = await client.request<Resource>('POST', v2, { body: made('writes', 'v2', 'a', { host: 'h', port: '1' }) });
    expect([created.status, created.body.host, created.body.port]).toEqual([201, 'h', '1']);
    expect(await kinds.get(`${v1}/a`)).toMatchObject({ hostPort: 'h:1' });
    const put = await client.request<Resource>('PUT', `${v2}/a`, { body: { ...created.body, port: '2' } });
    expect([put.status, put.body.port, put.body.metadata['generation']]).toEqual([200, '2', 2]);
    const patched = await client.request<Resource>('PATCH', `${v2}/a`, { body: { port: '3' }, ...MERGE });
    expect([patched.status, patched.body.port]).toEqual([200, '3']);
    const before = patched.body.metadata['resourceVersion'];
    const same = await client.request<Resource>('PATCH', `${v2}/a`, { body: { port: '3' }, ...MERGE });
    expect(same.body.metadata['resourceVersion']).toBe(before);
    expect(await kinds.get(`${v1}/a`)).toMatchObject({ hostPort: 'h:3' });
    const json = [{ op: 'test', path: '/host', value: 'h' }, { op: 'replace', path: '/port', value: '4' }]; // biome-ignore format: one line
    const type = 'application/json-patch+json';
    expect((await client.request<Resource>('PATCH', `${v2}/a`, { body: json, type })).body.port).toBe('4');
    const dry = await client.request<Resource>('PATCH', `${v2}/a?dryRun=All`, { body: { port: '5' }, ...MERGE });
    expect(dry.body.port).toBe('5');
    expect(await kinds.get(`${v1}/a`)).toMatchObject({ hostPort: 'h:4' });
    expect((await client.request('DELETE', `${v2}/a`)).status).toBe(200);
    expect((await client.request('GET', `${v1}/a`)).status).toBe(404);
  });

  it('converts what several managers applied in their own versions', async () => {
    const { v1, v2 } = await kinds.define('applieds');
    const apply = (path: string, manager: string, body: Fields, force = false) =>
      kinds.server.client.request<Resource>('PATCH', `${path}/a?fieldManager=${manager}&force=${force}`, {
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

  it('serves both versions after the storage version moved, and takes stored objects along when they are written', async () => {
    const { v1, v2 } = await kinds.define('moves');
    const { client } = kinds.server;
    const path = `${CRDS}/moves.${GROUP}`;
    await client.request('POST', v1, { body: made('moves', 'v1', 'a', { hostPort: 'a:1' }) });
    const versions = [version('v1', { hostPort: text }, { storage: false }), version('v2', { host: text, port: text }, { storage: true })];
    await client.request('PATCH', path, { body: { spec: { versions } }, ...MERGE });
    const stored = async (): Promise<unknown> => (await kinds.server.server.client.get(GROUP, 'moves', 'default', 'a'))?.apiVersion;
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
    await client.request('PUT', `${v2}/a`, { body: await kinds.get(`${v2}/a`) });
    expect(await stored()).toBe(`${GROUP}/v2`);
  });

  it('may change labels and annotations and nothing else of the metadata', async () => {
    const { v1, v2 } = await kinds.define('metas');
    const body = made('metas', 'v1', 'a', { hostPort: 'a:1', metadata: { name: 'a', labels: { l: '1' }, annotations: { n: '1' } } });
    const created = (await kinds.server.client.request<Resource>('POST', v1, { body })).body;
    kinds.answerWith = (review, converted) =>
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
    expect((await kinds.get(`${v2}/a`)).metadata).toEqual({ ...kept, labels: { l: '2', m: 'new' } });
  });

  it('takes unknown fields from what it returns and puts no defaults in', async () => {
    const versions = [version('v1', { hostPort: text }), version('v2', { host: { ...text, default: 'nowhere' }, port: text })];
    const { v1, v2 } = await kinds.define('prunes', { versions });
    await kinds.server.client.request('POST', v1, { body: made('prunes', 'v1', 'a', {}) });
    kinds.answerWith = (review, converted) =>
      success(
        review,
        converted.map(({ hostPort: _gone, host: _none, ...object }) => ({ ...object, port: '9', more: 1 })),
      );
    const { metadata: _metadata, ...content } = await kinds.get(`${v2}/a`);
    expect(content).toEqual({ apiVersion: `${GROUP}/v2`, kind: 'Prune', port: '9' });
  });
});
