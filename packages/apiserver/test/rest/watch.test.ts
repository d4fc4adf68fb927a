import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

let server: TestServer;
let serial = 0;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Made {
  metadata: { name: string; resourceVersion: string };
}

/** A namespace of its own, so that tests do not see each other. */
async function space(): Promise<{ base: string; put: (name: string, labels?: object, data?: object) => Promise<Made> }> {
  const ns = `watch-${++serial}`;
  await server.client.request('POST', '/api/v1/namespaces', { body: { metadata: { name: ns } } });
  const base = `/api/v1/namespaces/${ns}/secrets`;
  return {
    base,
    put: async (name, labels = {}, stringData = {}) => {
      const body = { metadata: { name, labels }, stringData };
      const made = await server.client.request<Made>('POST', base, { body });
      if (made.status === 201) return made.body;
      return (await server.client.request<Made>('PUT', `${base}/${name}`, { body })).body;
    },
  };
}

const shape = (events: { type: string; object: Record<string, unknown> }[]): string[] =>
  events.map(({ type, object }) => `${type} ${(object['metadata'] as { name?: string }).name ?? ''}`.trim());

describe('watch', () => {
  it('begins with what is there, and goes on from a version', async () => {
    const { base, put } = await space();
    const a = await put('a');
    const all = await server.client.watch(`${base}?watch=1`);
    const later = await server.client.watch(`${base}?watch=1&resourceVersion=${a.metadata.resourceVersion}`);
    await put('b');
    await put('a', {}, { k: 'v' });
    await server.client.request('DELETE', `${base}/a`);
    expect(shape(await all.until(4))).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED a']);
    expect(shape(await later.until(3))).toEqual(['ADDED b', 'MODIFIED a', 'DELETED a']);
    all.close();
    later.close();
  });

  it('selectors turn changes into arrivals and departures; an object leaves as it was', async () => {
    const { base, put } = await space();
    const watch = await server.client.watch(`${base}?watch=1&labelSelector=x%3D1`);
    await put('a', { x: '2' });
    await put('a', { x: '1' });
    await put('a', { x: '1' }, { k: 'v' });
    await put('a', { x: '2' }, { k: 'w' });
    const events = await watch.until(3);
    expect(shape(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(events[2]?.object).toMatchObject({ metadata: { labels: { x: '1' } }, data: { k: Buffer.from('v').toString('base64') } });
    watch.close();
  });

  it('one object, by selector and by the old path', async () => {
    const { base, put } = await space();
    const bySelector = await server.client.watch(`${base}?watch=1&fieldSelector=metadata.name%3Db`);
    const byPath = await server.client.watch(`${base.replace('/api/v1/', '/api/v1/watch/')}/b`);
    await put('a');
    await put('b');
    await put('a', {}, { k: 'v' });
    await put('b', {}, { k: 'v' });
    expect(shape(await bySelector.until(2))).toEqual(['ADDED b', 'MODIFIED b']);
    expect(shape(await byPath.until(2))).toEqual(['ADDED b', 'MODIFIED b']);
    bySelector.close();
    byPath.close();
  });

  it('initial events end with an annotated bookmark where bookmarks are allowed', async () => {
    const { base, put } = await space();
    await put('a');
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const watch = await server.client.watch(`${base}?${query}&allowWatchBookmarks=true`);
    const silent = await server.client.watch(`${base}?${query}`);
    const [, bookmark] = await watch.until(2);
    expect(bookmark).toEqual({
      type: 'BOOKMARK',
      object: {
        kind: 'Secret',
        apiVersion: 'v1',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/), annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    });
    await put('b');
    expect(shape(await silent.until(2))).toEqual(['ADDED a', 'ADDED b']);
    watch.close();
    silent.close();
  });

  it('ends after timeoutSeconds', async () => {
    const { base } = await space();
    const watch = await server.client.watch(`${base}?watch=1&timeoutSeconds=1`);
    await watch.ended;
    expect(watch.events).toEqual([]);
  });

  it('metadata and tables, one form per watcher', async () => {
    const { base, put } = await space();
    const as = (kind: string): { headers: Record<string, string> } => ({
      headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` },
    });
    const metadata = await server.client.watch(`${base}?watch=1`, as('PartialObjectMetadata'));
    const table = await server.client.watch(`${base}?watch=1&includeObject=None`, as('Table'));
    await put('a', {}, { k: 'v' });
    await put('a', { x: '1' }, { k: 'v' });
    const [event] = await metadata.until(1);
    expect(Object.keys(event?.object ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
    const rows = await table.until(2);
    expect(rows.map(({ object }) => [object['kind'], (object['columnDefinitions'] as unknown[] | null)?.length ?? null])).toEqual([
      ['Table', 4],
      ['Table', null],
    ]);
    expect(rows[0]?.object['rows']).toMatchObject([{ object: null }]);
    metadata.close();
    table.close();
  });

  it('every one of 300 watchers gets every event', async () => {
    const { base, put } = await space();
    const watches = await Promise.all(Array.from({ length: 300 }, () => server.client.watch(`${base}?watch=1`)));
    for (let i = 0; i < 5; i++) await put(`n${i}`);
    const expected = Array.from({ length: 5 }, (_, i) => `ADDED n${i}`);
    for (const watch of watches) {
      expect(shape(await watch.until(5))).toEqual(expected);
      watch.close();
    }
  });

  it('a version from before the history of the cache is 410 in an ERROR event', async () => {
    const old = await startTestServer();
    try {
      const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
      const first = await old.client.request<Made>('POST', path, { body: { metadata: { name: 'a' } } });
      await old.store.compact(await old.store.currentRevision());
      const watch = await old.client.watch(`${path}?watch=1&resourceVersion=1`);
      const [event] = await watch.until(1);
      expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
      expect(first.status).toBe(201);
    } finally {
      await old.close();
    }
  });

  it.each([
    ['watch=1&continue=x', 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
    [
      'watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan',
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
  ])('%s is refused', async (query, message) => {
    const { body } = await server.client.request<{ code: number; message: string }>('GET', `/api/v1/namespaces/default/secrets?${query}`);
    expect(body).toMatchObject({ code: 422, message: `ListOptions.meta.k8s.io "" is invalid: ${message}` });
  });
});

describe('many watches of one resource', () => {
  it('each get every event once and in order while writers are busy', { timeout: 60_000 }, async () => {
    const { base, put } = await space();
    const { metadata } = await put('first');
    const watches = await Promise.all(
      Array.from({ length: 150 }, () => server.client.watch(`${base}?watch=1&resourceVersion=${metadata.resourceVersion}`)),
    );
    const revisions: number[] = [];
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; i < 10; i++) revisions.push(Number((await put(name, {}, { i: String(i) })).metadata.resourceVersion));
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(writer));
    revisions.sort((a, b) => a - b);
    for (const watch of watches) {
      const events = await watch.until(revisions.length, 30_000);
      expect(events.map(({ object }) => Number((object as unknown as Made).metadata.resourceVersion))).toEqual(revisions);
      watch.close();
    }
  });
});
