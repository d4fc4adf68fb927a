import { gunzipSync } from 'node:zlib';
import { createBuiltInCatalogue } from '@k/api';
import { resolveRequestInfo } from '@k/apimachinery';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../src/context.js';
import { discoveryFilter } from '../../src/discovery/filter.js';
import { runChain } from '../../src/handler-chain.js';
import { openApiFilter } from '../../src/openapi/filter.js';
import { WarningRecorder } from '../../src/warnings.js';
import { MemoryExchange } from '../support/memory-exchange.js';

const catalogue = createBuiltInCatalogue();
const noOthers = { generation: 0, groupVersions: () => [], openApiV3: () => ({}), openApiV2: async () => [] };
const filters = [openApiFilter(catalogue, noOthers), discoveryFilter(catalogue, noOthers, () => '10.0.0.1:6443')];
const log = pino({ level: 'silent' });

async function get(url: string, headers: Record<string, string> = {}): Promise<MemoryExchange> {
  const exchange = new MemoryExchange('GET', url, headers, Buffer.alloc(0));
  const [path = '', search] = url.split('?');
  const query = search === undefined ? null : new URLSearchParams(search);
  const context: RequestContext = {
    exchange,
    receivedAtMs: Date.parse('2026-01-01T00:00:00Z'),
    path,
    query,
    info: resolveRequestInfo('GET', path, query),
    auditId: 'a',
    user: { username: 'u', groups: [] },
    originalUser: null,
    audit: null,
    warnings: new WarningRecorder(),
    media: null,
    responseHeaders: {},
    answered: false,
    onStreamStart: null,
    aborted: false,
    admissionEnds: [],
  };
  await runChain(filters, context, log);
  return exchange;
}

const index = async (): Promise<Record<string, { serverRelativeURL: string }>> =>
  (JSON.parse((await get('/openapi/v3')).text) as { paths: Record<string, { serverRelativeURL: string }> }).paths;

describe('OpenAPI over HTTP', () => {
  it('lets clients cache documents by their hash for ever', async () => {
    const url = (await index())['apis/coordination.k8s.io/v1']?.serverRelativeURL as string;
    expect(url).toMatch(/^\/openapi\/v3\/apis\/coordination\.k8s\.io\/v1\?hash=[0-9A-F]{128}$/);
    const answer = await get(url);
    expect([answer.statusCode, answer.responseHeaders['cache-control'], answer.responseHeaders['expires']]).toEqual([
      200,
      'public, immutable',
      'Fri, 01 Jan 2027 00:00:00 GMT',
    ]);
    expect(answer.responseHeaders['etag']).toBe(`"${url.split('=')[1]}"`);
  });

  it('sends clients with an old hash to the new one', async () => {
    const url = (await index())['apis/apps/v1']?.serverRelativeURL;
    const answer = await get('/openapi/v3/apis/apps/v1?hash=ABC');
    expect([answer.statusCode, answer.responseHeaders['location']]).toEqual([301, url]);
  });

  it.each(['/openapi/v2', '/openapi/v3', '/openapi/v3/version', '/apis'])('answers 304 to who has %s already', async (path) => {
    const headers: Record<string, string> =
      path === '/apis' ? { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } : {};
    const first = await get(path, headers);
    const second = await get(path, { ...headers, 'if-none-match': String(first.responseHeaders['etag']) });
    expect([first.statusCode, second.statusCode, second.text]).toEqual([200, 304, '']);
  });

  it('answers in protobuf under the name that is a media type', async () => {
    const answer = await get('/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' });
    expect(answer.responseHeaders['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(Buffer.concat(answer.chunks).subarray(0, 5)).toEqual(Buffer.from([0x0a, 3, 0x32, 0x2e, 0x30]));
  });

  it('compresses for who accepts it, with the same content', async () => {
    const plain = await get('/openapi/v3/apis/batch/v1');
    const zipped = await get('/openapi/v3/apis/batch/v1', { 'accept-encoding': 'gzip' });
    expect([zipped.responseHeaders['content-encoding'], zipped.responseHeaders['vary']]).toEqual(['gzip', 'Accept, Accept-Encoding']);
    expect(gunzipSync(Buffer.concat(zipped.chunks)).toString('utf8')).toBe(plain.text);
  });

  it.each([
    ['/openapi/v2', 'text/html', 406],
    ['/openapi/v3/apis/apps/v1', 'application/yaml', 406],
    ['/openapi/v3/apis/apps/v9', '*/*', 404],
    ['/openapi/v3/', 'application/json', 404],
    ['/openapi/v3/__proto__', 'application/json', 404],
  ])('refuses %s as %s with %d', async (path, accept, status) => {
    expect((await get(path, { accept })).statusCode).toBe(status);
  });
});

describe('discovery over HTTP', () => {
  const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };

  it('tells in which form objects are stored', async () => {
    const { resources } = JSON.parse((await get('/api/v1')).text) as { resources: { name: string; storageVersionHash?: string }[] };
    const hashes = Object.fromEntries(resources.map(({ name, storageVersionHash }) => [name, storageVersionHash]));
    expect([hashes['pods'], hashes['events'], hashes['pods/status'], hashes['bindings']]).toEqual([
      'xPOwRZ+Yhw8=',
      'r2yiGXH7wu8=',
      undefined,
      undefined,
    ]);
    expect((await get('/apis/events.k8s.io/v1')).text).toContain('"storageVersionHash":"r2yiGXH7wu8="');
  });

  it('leaves the group of its own kinds out of the aggregated form', async () => {
    const answer = await get('/apis', aggregated);
    const { items } = JSON.parse(answer.text) as {
      items: { metadata: { name: string }; versions: { resources: { resource: string; responseKind: object }[] }[] }[];
    };
    expect(answer.responseHeaders['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(items.slice(0, 3).map(({ metadata }) => metadata.name)).toEqual(['apiregistration.k8s.io', 'apps', 'events.k8s.io']);
    expect(items[1]?.versions[0]?.resources[0]?.responseKind).toEqual({ group: '', version: '', kind: 'ControllerRevision' });
  });

  it.each([
    ['/apis/apps/v9', 'application/json'],
    ['/api/v2', 'application/json'],
    ['/apis/nope/v1', 'text/plain; charset=utf-8'],
    ['/apis/nope', 'text/plain; charset=utf-8'],
  ])('answers 404 to %s as %s', async (path, type) => {
    const answer = await get(path);
    expect([answer.statusCode, answer.responseHeaders['content-type']]).toEqual([404, type]);
  });

  it('does not know the old aggregated form', async () => {
    expect((await get('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList' })).statusCode).toBe(
      406,
    );
  });
});
