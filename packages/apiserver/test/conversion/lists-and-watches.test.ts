/** Many objects in another version than the stored one: lists, watches, selectors. */
import { describe, expect, it } from 'vitest';
import { GROUP, MERGE, made, type Resource, useConvertedKinds } from '../support/converted-kinds.js';

const kinds = useConvertedKinds();

describe('a conversion webhook of many objects', () => {
  it('converts lists in one call, tables and metadata', async () => {
    const { v1, v2 } = await kinds.define('lists');
    for (const name of ['a', 'b', 'c']) {
      await kinds.server.client.request('POST', v1, { body: made('lists', 'v1', name, { hostPort: `${name}:1` }) });
    }
    const list = (await kinds.server.client.request<{ apiVersion: string; items: Resource[] }>('GET', v2)).body;
    expect([list.apiVersion, list.items.map(({ apiVersion, host }) => [apiVersion, host])]).toEqual([
      `${GROUP}/v2`,
      ['a', 'b', 'c'].map((host) => [`${GROUP}/v2`, host]),
    ]);
    expect(kinds.received.map(({ request }) => request.objects.length)).toEqual([3]);
    const page = (await kinds.server.client.request<{ metadata: { continue: string }; items: Resource[] }>('GET', `${v2}?limit=2`)).body;
    expect(page.items.map(({ host }) => host)).toEqual(['a', 'b']);
    const rest = await kinds.server.client.request<{ items: Resource[] }>('GET', `${v2}?limit=2&continue=${page.metadata.continue}`);
    expect(rest.body.items.map(({ host }) => host)).toEqual(['c']);
    const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };
    const rows = (await kinds.server.client.request<{ rows: { cells: unknown[] }[] }>('GET', `${v2}?includeObject=Object`, table)).body
      .rows;
    expect(rows.map(({ cells, ...row }) => [cells[0], (row as unknown as { object: Resource }).object.host])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ]);
    const partial = { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } };
    const shown = (await kinds.server.client.request<{ items: Resource[] }>('GET', v2, partial)).body.items;
    expect(shown.map(({ kind, metadata }) => [kind, metadata.name])).toEqual(
      ['a', 'b', 'c'].map((name) => ['PartialObjectMetadata', name]),
    );
    // Nothing changed since the first list.
    expect(kinds.received).toHaveLength(1);
  });

  it('converts the events of a watch in their order', async () => {
    const { v1, v2 } = await kinds.define('watches');
    const { client } = kinds.server;
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
    const { v1, v2 } = await kinds.define('fields');
    const { client } = kinds.server;
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
});
