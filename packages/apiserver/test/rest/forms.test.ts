import { beforeAll, describe, expect, it } from 'vitest';
import { useServer } from '../support/requests.js';

const path = '/api/v1/namespaces/default/configmaps/a';
const TABLE = 'as=Table;v=v1;g=meta.k8s.io';

const requests = useServer();

beforeAll(async () => {
  const annotations = { json: '{"a":"b"}', lines: 'one\ntwo\n', on: 'on', dash: '- x', tab: 'a\tb' };
  await requests.ok('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a', annotations }, data: { y: 'yes' } });
});

const read = (accept: string, line = `GET ${path}`) => requests.send(line, undefined, { headers: { accept } });

describe('Accept', () => {
  it.each([
    ['application/json;q=0.1,application/yaml', 'application/yaml'],
    ['application/yaml;q=0.1,application/json', 'application/json'],
    ['text/html,application/json;q=0', 'application/json'],
    ['application/yaml;q=x', 'application/yaml'],
    ['*/*;q=0.1', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;profile=nopeer;v=v1', 'application/json'],
    ['application/vnd.kubernetes.protobuf,application/json', 'application/vnd.kubernetes.protobuf'],
    ['application/json,application/vnd.kubernetes.protobuf', 'application/json'],
    ['application/vnd.kubernetes.protobuf;q=0.5,application/json;q=0.4', 'application/vnd.kubernetes.protobuf'],
    ['application/vnd.kubernetes.protobuf;q=0.5,application/json', 'application/json'],
    ['application/vnd.kubernetes.protobuf;stream=watch,application/json', 'application/vnd.kubernetes.protobuf'],
    [`application/json;as=Foo;v=v1;g=meta.k8s.io,application/json`, 'application/json'],
    ['', 'application/json'],
  ])('"%s" is answered as %s', async (accept, type) => {
    const { status, headers } = await read(accept);
    expect([status, headers['content-type']]).toEqual([200, type]);
  });

  it.each([['text/html'], ['APPLICATION/JSON'], ['application/cbor'], ['json'], [';'], [`application/*;${TABLE}`]])(
    '"%s" is nothing that can be written',
    async (accept) => {
      const { status, body } = await read(accept);
      expect([status, body.reason, body.message]).toEqual([
        406,
        'NotAcceptable',
        '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      ]);
    },
  );

  it.each([
    ['application/json;as=Table'],
    ['application/json;as=Table;v=v1'],
    ['application/json;as=Table;v=v2;g=meta.k8s.io'],
    ['application/json;as=Table;v=v1;g=other'],
    ['application/json;as=Foo;v=v1;g=meta.k8s.io'],
  ])('"%s" is no form of an object', async (accept) => {
    const { status, body } = await read(accept);
    expect([status, body.message]).toEqual([
      406,
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ]);
  });

  it('what cannot be made of the first choice is made of the next', async () => {
    const { body } = await read(`application/vnd.kubernetes.protobuf;${TABLE},application/json;${TABLE}`);
    expect(body['kind']).toBe('Table');
    const old = await read('application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io');
    expect([old.body['kind'], old.body['apiVersion']]).toEqual(['PartialObjectMetadata', 'meta.k8s.io/v1beta1']);
  });

  it('JSON is indented for people, by the query, the header or the program', async () => {
    const indented = /^\{\n {2}"kind": "ConfigMap",\n/;
    expect((await read('application/json', `GET ${path}?pretty=true`)).text).toMatch(indented);
    expect((await read('application/json;pretty=1')).text).toMatch(indented);
    const curl = (query: string) => requests.send(`GET ${path}${query}`, undefined, { headers: { 'user-agent': 'curl/8.0' } });
    expect((await curl('')).text).toMatch(indented);
    expect((await curl('?pretty=0')).text).toMatch(/^\{"kind":"ConfigMap",/);
  });
});

describe('YAML', () => {
  it('is sorted and quotes what may be taken for something else', async () => {
    const { text } = await read('application/yaml');
    const lines = text.split('\n');
    expect(lines.slice(0, 4)).toEqual(['apiVersion: v1', 'data:', '  "y": "yes"', 'kind: ConfigMap']);
    expect(lines).toEqual(
      expect.arrayContaining([
        `    dash: '- x'`,
        `    json: '{"a":"b"}'`,
        '    lines: |',
        '      one',
        '    "on": "on"',
        '    tab: "a\\tb"',
        '  managedFields:',
        '  - apiVersion: v1',
        expect.stringMatching(/^ {2}creationTimestamp: "20\d\d-/),
        expect.stringMatching(/^ {2}resourceVersion: "\d+"$/),
      ]),
    );
  });

  it('has no aliases, in lists and in discovery', async () => {
    for (const line of ['GET /apis', 'GET /api/v1', 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles']) {
      const { status, text } = await read('application/yaml', line);
      expect([status, /[&*]a\d/.test(text)]).toEqual([200, false]);
    }
  });

  it('is the form of errors too', async () => {
    const { text } = await read('application/yaml', 'GET /api/v1/namespaces/default/configmaps/none');
    expect(text).toBe(
      'apiVersion: v1\ncode: 404\ndetails:\n  kind: configmaps\n  name: none\nkind: Status\nmessage: configmaps "none" not found\nmetadata: {}\nreason: NotFound\nstatus: Failure\n',
    );
  });
});

describe('paths', () => {
  it.each([
    ['GET /api/', 200],
    ['GET /apis/apps/', 200],
    ['GET /apis/apps/v1/', 200],
    ['GET /api/v1/namespaces/', 200],
    ['GET /api/v1/namespaces/default/', 200],
    ['GET /version/', 200],
    [`GET ${path}/`, 200],
    ['GET //api', '404 page not found\n'],
    ['GET /apis//v1', '404 page not found\n'],
    ['GET /API/v1', '404 page not found\n'],
    ['GET /apis/nosuch', '404 page not found\n'],
    ['GET /healthz/', '404 page not found\n'],
    ['GET /livez/nope', '404 page not found\n'],
    ['GET /swagger.json', '404 page not found\n'],
    ['POST /foo', '404 page not found\n'],
    ['GET /api/v1//namespaces', 'NotFound'],
    ['GET /api/v1/nosuch', 'NotFound'],
    ['GET /apis/apps/v9', 'NotFound'],
    ['GET /apis/apps/v1/deployments/d', 'NotFound'],
    ['POST /api', 'MethodNotAllowed'],
    ['PATCH /version', 'MethodNotAllowed'],
    ['PUT /api/v1/namespaces/default/configmaps', 'MethodNotAllowed'],
    [`POST ${path}`, 'MethodNotAllowed'],
    [`TRACE ${path}`, 'MethodNotAllowed'],
    ['DELETE /api/v1/namespaces', 'MethodNotAllowed'],
    ['DELETE /healthz', 200],
  ])('%s: %s', async (line, outcome) => {
    const { status, body } = await requests.send(line);
    expect(status === 200 ? 200 : typeof body === 'string' ? body : body.reason).toBe(outcome);
  });
});
