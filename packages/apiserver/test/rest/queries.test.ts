import { beforeAll, describe, expect, it } from 'vitest';
import { type Loose, useServer } from '../support/requests.js';

const secrets = '/api/v1/namespaces/default/secrets';
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

const requests = useServer();

beforeAll(async () => {
  for (const name of ['a', 'b', 'c', 'd']) await requests.ok(`POST ${secrets}`, { metadata: { name, labels: { name, level: '5' } } });
  await requests.ok(`POST ${leases}`, { metadata: { name: 'a' } });
});

const names = ({ items }: Loose): string[] => (items as Loose[]).map(({ metadata }) => metadata.name);
const list = async (query: string): Promise<string[]> => names(await requests.ok(`GET ${secrets}?${query}`));
const refusal = (query: string, path = secrets): Promise<unknown[]> => requests.refusal(`GET ${path}?${query}`);
const token = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
const invalid = (...faults: string[]): unknown[] => [
  422,
  'Invalid',
  `ListOptions.meta.k8s.io "" is invalid: ${faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`}`,
];

describe('label selectors', () => {
  it.each([
    ['level>4', 4],
    ['level<4', 0],
    ['level>4,level<6', 4],
    ['name in ()', 0],
    ['name in (a,)', 1],
    ['name in(a,b)', 2],
    ['name notin (a)', 3],
    ['name=,level', 0],
    ['name', 4],
    ['!name', 0],
    ['in in (in)', 0],
    [' name = a ', 1],
  ])('%s', async (selector, count) => {
    expect(await list(`labelSelector=${encodeURIComponent(selector)}`)).toHaveLength(count);
  });

  it.each([
    ['a>=4', "unable to parse requirement: found '=', expected: identifier"],
    ['a gt 4', "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt"],
    ['a>', `unable to parse requirement: values[0]: Invalid value: "": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['a>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['a notin', "unable to parse requirement: found '' expected: '('"],
    ['a in b)', "unable to parse requirement: found 'b' expected: '('"],
    ['!!a', "unable to parse requirement: found '!', expected: identifier"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['a,', "found '', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['(a)', "found '(', expected: !, identifier, or 'end of string'"],
    ['/a', 'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty'],
  ])('%s is refused', async (selector, message) => {
    expect(await refusal(`labelSelector=${encodeURIComponent(selector)}`)).toEqual([400, 'BadRequest', message]);
  });
});

describe('field selectors', () => {
  it.each([
    ['metadata.name=a,', ['a']],
    [',metadata.name==a', ['a']],
    ['metadata.name=', []],
    ['metadata.name!=', ['a', 'b', 'c', 'd']],
    ['metadata.name=a\\,b', []],
    ['type=Opaque,metadata.name!=a', ['b', 'c', 'd']],
  ])('%s', async (selector, expected) => {
    expect(await list(`fieldSelector=${encodeURIComponent(selector)}`)).toEqual(expected);
  });

  it.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name!a', "invalid selector: 'metadata.name!a'; can't understand 'metadata.name!a'"],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['metadata.name===a', 'invalid field selector: unescaped character in value: 61'],
    ['metadata.name=a\\b', 'invalid field selector: invalid escape sequence: \\b'],
    ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
    [' metadata.name=a', 'field label not supported:  metadata.name'],
    ['=a', 'field label not supported: '],
    ['metadata.uid=x', 'field label not supported: metadata.uid'],
  ])('%s is refused', async (selector, message) => {
    expect(await refusal(`fieldSelector=${encodeURIComponent(selector)}`)).toEqual([400, 'BadRequest', message]);
  });
});

describe('pages', () => {
  it('go on with other selectors and limits', async () => {
    const first = await requests.ok(`GET ${secrets}?limit=1`);
    const next = first.metadata['continue'];
    expect(await list(`continue=${next}&limit=2`)).toEqual(['b', 'c']);
    expect(await list(`continue=${next}&limit=1&labelSelector=name%3Dd`)).toEqual(['d']);
    expect(await list(`continue=${next}&resourceVersion=0`)).toEqual(['b', 'c', 'd']);
    expect(await list('limit=-1')).toEqual(['a', 'b', 'c', 'd']);
    expect(await list('limit=0')).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    [token({ v: 'meta.k8s.io/v1', rv: 1 }), 'encoded start key empty (version meta.k8s.io/v1)'],
    [token({ v: 'meta.k8s.io/v1', start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
    [token({ v: 'meta.k8s.io/v1', rv: 1, start: '../x' }), '../x'],
    [token({ v: 'meta.k8s.io/v2', rv: 1, start: 'a' }), 'server does not recognize this encoded version "meta.k8s.io/v2"'],
    [
      token({ v: 'meta.k8s.io/v1', rv: 'x', start: 'a' }),
      'json: cannot unmarshal string into Go struct field continueToken.rv of type int64',
    ],
    [token([]), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
    ['a=', 'illegal base64 data at input byte 1'],
  ])('refuse the token %s', async (text, message) => {
    expect(await refusal(`continue=${text}`)).toEqual([400, 'BadRequest', `invalid continue token: continue key is not valid: ${message}`]);
  });
});

describe('options of lists', () => {
  it.each([
    ['limit=1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['limit=99999999999999999999', 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
    ['timeoutSeconds=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ])('%s is refused', async (query, message) => {
    expect(await refusal(query)).toEqual([400, 'BadRequest', message]);
  });

  it.each([
    [
      'resourceVersionMatch=Bad',
      [
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        'resourceVersionMatch: Unsupported value: "Bad": supported values: "Exact", "NotOlderThan", ""',
      ],
    ],
    [
      'resourceVersionMatch=Exact&resourceVersion=0',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ],
    [
      'resourceVersionMatch=NotOlderThan&resourceVersion=0&continue=x',
      ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'],
    ],
    ['sendInitialEvents=false', ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
    ['sendInitialEvents=', ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
  ])('%s is refused', async (query, faults) => {
    expect(await refusal(query)).toEqual(invalid(...faults));
  });

  it('pairs that are malformed are not there', async () => {
    expect(await list('limit=1%zz&fieldSelector=metadata.name%3Db')).toEqual(['b']);
    expect(await list('fieldSelector=metadata.name%3Db;limit=1')).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('watches', () => {
  const watched = async (path: string, headers: Record<string, string> = {}): Promise<string[]> => {
    const watch = await requests.server.client.watch(`${path}${path.includes('?') ? '&' : '?'}timeoutSeconds=1`, { headers });
    await watch.ended;
    return watch.events.map(({ type, object }) => `${type} ${(object as unknown as Loose).kind}`);
  };

  it.each([
    [`${leases}?watch=1`, ['ADDED Lease']],
    [`${leases}?watch`, ['ADDED Lease']],
    [`${leases}?watch=no`, ['ADDED Lease']],
    [`${leases}?watch=1&fieldSelector=metadata.name%3Dnone`, []],
    [`${leases}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`, []],
    [
      `${leases}?watch=1&sendInitialEvents=yes&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=yes`,
      ['ADDED Lease', 'BOOKMARK Lease'],
    ],
    ['/apis/coordination.k8s.io/v1/watch/namespaces/default/leases', ['ADDED Lease']],
    ['/apis/coordination.k8s.io/v1/watch/namespaces/default/leases/a?resourceVersion=0', ['ADDED Lease']],
    ['/apis/coordination.k8s.io/v1/watch/leases?fieldSelector=metadata.namespace%3Ddefault', ['ADDED Lease']],
    ['/api/v1/watch/namespaces/default', ['ADDED Namespace']],
  ])('%s', async (path, events) => {
    expect(await watched(path)).toEqual(events);
  });

  it('that are off, or name an object, are reads', async () => {
    for (const query of ['watch=0', 'watch=False']) expect((await requests.ok(`GET ${leases}?${query}`))['kind']).toBe('LeaseList');
    expect((await requests.ok(`GET ${leases}/a?watch=1`))['kind']).toBe('Lease');
  });

  it.each([
    [
      'sendInitialEvents=true',
      ['resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ],
    [
      'resourceVersionMatch=Exact&resourceVersion=1',
      [
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
      ],
    ],
    ['continue=x', ['resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided']],
  ])('%s is refused', async (query, faults) => {
    expect(await refusal(`watch=1&${query}`, leases)).toEqual(invalid(...faults));
  });

  it('a table that nobody can make is refused before it starts', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(await requests.refusal(`GET ${leases}?watch=1&includeObject=Bad`, undefined, { headers: { accept } })).toEqual([
      400,
      'BadRequest',
      `Unable to convert to Table as requested: includeObject: Invalid value: "Bad": must be 'Metadata', 'Object', 'None', or empty`,
    ]);
    expect(await watched(`${leases}?watch=1&includeObject=None`, { accept })).toEqual(['ADDED Table']);
  });

  it('the old paths know one method, and no subresources', async () => {
    const watch = '/api/v1/watch/namespaces/default/pods';
    expect((await requests.refusal(`POST ${watch}`, {})).slice(0, 2)).toEqual([405, 'MethodNotAllowed']);
    expect((await requests.refusal(`GET ${watch}/p/status`)).slice(0, 2)).toEqual([404, 'NotFound']);
  });

  it('a version too old is told with the version that was asked for', async () => {
    await requests.server.store.compact(await requests.server.store.currentRevision());
    const watch = await requests.server.client.watch(`${leases}?watch=1&resourceVersion=1&timeoutSeconds=20`);
    const [event] = await watch.until(1);
    const message = expect.stringMatching(/^too old resource version: 1 \(\d+\)$/);
    expect(event).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired', message } });
  });
});
