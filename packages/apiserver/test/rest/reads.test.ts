import { connect } from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string }; kind?: string; apiVersion?: string }[];
  message?: string;
  reason?: string;
}

let server: TestServer;
const base = '/api/v1/namespaces/default/secrets';
const NAMES = ['a', 'b', 'c', 'd', 'e'];

beforeAll(async () => {
  server = await startTestServer();
  for (const name of NAMES) {
    await server.client.request('POST', base, { body: { metadata: { name, labels: { odd: String(NAMES.indexOf(name) % 2) } } } });
  }
});
afterAll(() => server.close());

const list = async (query: string, headers: Record<string, string> = {}) =>
  server.client.request<List>('GET', `${base}?${query}`, { headers });
const names = ({ body }: { body: List }): string[] => body.items.map(({ metadata }) => metadata.name);

describe('lists', () => {
  it('name the kind once', async () => {
    const { body } = await list('');
    expect([body.kind, names({ body })]).toEqual(['SecretList', NAMES]);
    expect(body.items[0]).not.toHaveProperty('kind');
    expect(body.items[0]).not.toHaveProperty('apiVersion');
  });

  it('are the same bytes as their objects', async () => {
    const { body } = await list('fieldSelector=metadata.name%3Dc');
    const one = await server.client.request<object>('GET', `${base}/c`);
    expect({ kind: 'Secret', apiVersion: 'v1', ...body.items[0] }).toEqual(one.body);
  });

  it('pages are one consistent snapshot across writes', async () => {
    const first = await list('limit=2');
    expect([names(first), first.body.metadata.remainingItemCount]).toEqual([['a', 'b'], 3]);
    await server.client.request('POST', base, { body: { metadata: { name: 'bb' } } });
    await server.client.request('DELETE', `${base}/d`);
    const next = await list(`limit=2&continue=${first.body.metadata.continue}`);
    expect([names(next), next.body.metadata.remainingItemCount]).toEqual([['c', 'd'], 1]);
    expect(next.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const last = await list(`limit=2&continue=${next.body.metadata.continue}`);
    expect([names(last), last.body.metadata.continue]).toEqual([['e'], undefined]);
    await server.client.request('DELETE', `${base}/bb`);
    await server.client.request('POST', base, { body: { metadata: { name: 'd', labels: { odd: '1' } } } });
  });

  it('a token that outlives its history is answered 410 with one that goes on', async () => {
    await server.store.compact(await server.store.currentRevision());
    const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"b\\u0000"}').toString('base64url');
    const expired = await list(`limit=2&continue=${token}`);
    expect([expired.status, expired.body.reason]).toEqual([410, 'Expired']);
    expect(names(await list(`limit=2&continue=${expired.body.metadata.continue}`))).toEqual(['c', 'd']);
    const exact = await list('resourceVersion=1&resourceVersionMatch=Exact');
    expect([exact.status, exact.body.message]).toEqual([410, 'The resourceVersion for the provided list is too old.']);
  });

  it('selectors leave out the remaining count', async () => {
    const { body } = await list('limit=1&labelSelector=odd%3D0');
    expect(body.metadata.continue).toBeDefined();
    expect(body.metadata).not.toHaveProperty('remainingItemCount');
  });

  it.each([
    ['labelSelector=odd%3D0', ['a', 'c', 'e']],
    ['labelSelector=odd!%3D0', ['b', 'd']],
    ['labelSelector=odd+in+(0,1),odd+notin+(1)', ['a', 'c', 'e']],
    ['labelSelector=!odd', []],
    ['fieldSelector=metadata.name!%3Da', ['b', 'c', 'd', 'e']],
    ['fieldSelector=metadata.namespace%3Dother', []],
    ['fieldSelector=type%3DOpaque&labelSelector=odd%3D1', ['b', 'd']],
    ['limit=2&resourceVersion=0', NAMES],
  ])('%s', async (query, expected) => {
    expect(names(await list(query))).toEqual(expected);
  });

  it.each([
    ['limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['labelSelector=%3D', 400, "found '=', expected: !, identifier, or 'end of string'"],
    ['labelSelector=a+in+(b', 400, "unable to parse requirement: found '', expected: ',' or ')'"],
    ['fieldSelector=spec.x%3D1', 400, 'field label not supported: spec.x'],
    [
      'continue=garbage',
      400,
      "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value",
    ],
    [
      'resourceVersion=abc',
      400,
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'resourceVersionMatch=Exact',
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    [
      'sendInitialEvents=true',
      422,
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
    ],
  ])('%s is refused', async (query, status, message) => {
    const answer = await list(query);
    expect([answer.status, answer.body.message]).toEqual([status, message]);
  });
});

describe('forms', () => {
  const accept = (value: string) => list('limit=1', { accept: value });

  it('metadata only', async () => {
    const { body } = await accept('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
    expect(body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(Object.keys(body.items[0] ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
  });

  it.each([
    [
      'application/xml',
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
    [
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      'you requested PartialObjectMetadata, but the requested object is a list (*core.SecretList)',
    ],
    [
      'application/json;as=Table;g=meta.k8s.io;v=v9',
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
  ])('%s is refused', async (value, message) => {
    const answer = await accept(value);
    expect([answer.status, answer.body.message]).toEqual([406, message]);
  });

  it('is YAML, or pretty, when asked', async () => {
    expect((await accept('application/yaml')).text).toContain('kind: SecretList\n');
    expect((await list('limit=1&pretty=true')).text).toMatch(/^\{\n {2}"kind": "SecretList",\n/);
  });

  it('compresses large answers for those who take gzip', async () => {
    const data = { k: Buffer.alloc(150_000, 'x').toString('base64') };
    await server.client.request('POST', base, { body: { metadata: { name: 'large' }, data } });
    const session = connect(server.url, { ca: server.ca });
    const stream = session.request({ ':path': `${base}/large`, authorization: `Bearer ${server.token}`, 'accept-encoding': 'gzip' });
    const chunks: Buffer[] = [];
    const [headers] = await Promise.all([
      new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve)),
      new Promise<void>((resolve) => stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve())),
    ]);
    session.close();
    expect(headers['content-encoding']).toBe('gzip');
    const { data: received } = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString('utf8')) as { data: { k: string } };
    expect(received.k).toBe(data.k);
    await server.client.request('DELETE', `${base}/large`);
  });
});

describe('versions', () => {
  it('a get or list not older than the future times out with 504', async () => {
    const future = String(Number((await list('')).body.metadata.resourceVersion) + 1_000_000);
    const [one, all] = await Promise.all([
      server.client.request<List>('GET', `${base}/a?resourceVersion=${future}`),
      list(`resourceVersion=${future}`),
    ]);
    for (const { status, body } of [one, all]) {
      expect([status, body.reason]).toEqual([504, 'Timeout']);
      expect(body.message).toMatch(/^Timeout: Too large resource version: \d+, current: \d+$/);
    }
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET', `${base}/..`, 400, 'Name parameter invalid: "..": may not be \'..\''],
    ['GET', `${base}/a%2Fb`, 404, 'the server could not find the requested resource'],
    ['GET', `${base}/a%00b`, 404, 'secrets "a\\x00b" not found'],
    ['GET', `${base}//a`, 404, 'the server could not find the requested resource'],
    ['GET', '/api/v1/secrets/a', 404, 'the server could not find the requested resource'],
    ['POST', '/api/v1/secrets', 405, 'the server does not allow this method on the requested resource'],
    ['PUT', base, 405, 'the server does not allow this method on the requested resource'],
    ['OPTIONS', base, 405, 'the server does not allow this method on the requested resource'],
    ['GET', '/api/v1/namespaces/default/nothings', 404, 'the server could not find the requested resource'],
  ])('%s %s', async (method, path, status, message) => {
    const answer = await server.client.request<List>(method, path);
    expect([answer.status, answer.body.message]).toEqual([status, message]);
  });

  it('HEAD has no handler, a malformed escape no page', async () => {
    expect((await server.client.request('HEAD', `${base}/a`)).status).toBe(405);
    const { status, text } = await server.client.request('GET', `${base}/%zz`);
    expect([status, text]).toEqual([400, '400 Bad Request']);
  });
});
