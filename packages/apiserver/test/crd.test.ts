import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';

type Json = Record<string, unknown>;
interface Answer {
  message?: string;
  reason?: string;
  spec?: Json;
  status?: { storedVersions?: string[]; acceptedNames?: Json; conditions?: { type: string; status: string; reason: string }[] };
  metadata: { generation?: number; resourceVersion?: string; finalizers?: string[]; labels?: Json };
  items?: { metadata: { name: string } }[];
  resources?: { name: string; shortNames?: string[]; verbs: string[] }[];
  rows?: { cells: unknown[] }[];
}

const GROUP = 'shop.example.com';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const JSON_PATCH = { type: 'application/json-patch+json' };
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const call = (method: string, path: string, body?: unknown, more: Json = {}) =>
  server.client.request<Answer>(method, path, { ...(body === undefined ? {} : { body }), ...more });
const object = (properties: Json, more: Json = {}): Json => ({ type: 'object', properties, ...more });
const version = (spec: Json, more: Json = {}): Json => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: object({ spec, status: object({ n: { type: 'integer' } }) }) },
  ...more,
});
const definition = (plural: string, kind: string, versions: Json[], names: Json = {}): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${GROUP}` },
  spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind, ...names }, versions },
});
const pathOf = (plural: string, name = '', served = 'v1'): string =>
  `/apis/${GROUP}/${served}/namespaces/default/${plural}${name === '' ? '' : `/${name}`}`;

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('did not come about in 5 s');
}

async function define(plural: string, kind: string, versions: Json[], names: Json = {}): Promise<void> {
  const { status, body } = await call('POST', CRDS, definition(plural, kind, versions, names));
  expect([status, body.message]).toEqual([201, undefined]);
  await until(
    () => call('GET', pathOf(plural)),
    (answer) => answer.status === 200,
  );
}
const make = (plural: string, kind: string, name: string, spec: unknown, more: Json = {}) =>
  call('POST', pathOf(plural), { apiVersion: `${GROUP}/v1`, kind, metadata: { name }, spec, ...more });

describe('definitions', () => {
  it('are named, established, discovered, and gone with their objects', async () => {
    await define('carts', 'Cart', [version(object({ n: { type: 'integer' } }))], { shortNames: ['ct'] });
    const { body: crd } = await call('GET', `${CRDS}/carts.${GROUP}`);
    expect(crd.status?.acceptedNames).toEqual({
      plural: 'carts',
      singular: 'cart',
      kind: 'Cart',
      listKind: 'CartList',
      shortNames: ['ct'],
    });
    expect(crd.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['NamesAccepted', 'True'],
      ['Established', 'True'],
    ]);
    const { body: list } = await call('GET', `/apis/${GROUP}/v1`);
    expect(list.resources).toEqual([expect.objectContaining({ name: 'carts', shortNames: ['ct'] })]);
    await make('carts', 'Cart', 'free', { n: 1 });
    await make('carts', 'Cart', 'held', { n: 1 }, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const { body: gone } = await call('DELETE', `${CRDS}/carts.${GROUP}`);
    expect(gone.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    const late = await make('carts', 'Cart', 'late', {});
    expect([late.status, late.body.message]).toEqual([
      403,
      `carts.${GROUP} "late" is forbidden: create not allowed while custom resource definition is terminating`,
    ]);
    await until(
      () => call('GET', pathOf('carts', 'free')),
      ({ status }) => status === 404,
    );
    expect((await call('PATCH', pathOf('carts', 'held'), { metadata: { finalizers: null } })).status).toBe(200);
    await until(
      () => call('GET', `${CRDS}/carts.${GROUP}`),
      ({ status }) => status === 404,
    );
    const { status, text } = await call('GET', pathOf('carts'));
    expect([status, text]).toEqual([404, '404 page not found\n']);
  });

  it('wait for names that others hold, and get them when they are free', async () => {
    await define('firsts', 'Thing', [version(object({}))]);
    await call('POST', CRDS, definition('seconds', 'Thing', [version(object({}))]));
    const blocked = await until(
      () => call('GET', `${CRDS}/seconds.${GROUP}`),
      ({ body }) => body.status?.conditions?.length === 2,
    );
    expect(blocked.body.status?.conditions).toEqual([
      expect.objectContaining({
        type: 'NamesAccepted',
        status: 'False',
        reason: 'ListKindConflict',
        message: '"ThingList" is already in use',
      }),
      expect.objectContaining({ type: 'Established', status: 'False', reason: 'NotAccepted' }),
    ]);
    await call('DELETE', `${CRDS}/firsts.${GROUP}`);
    const freed = await until(
      () => call('GET', `${CRDS}/seconds.${GROUP}`),
      ({ body }) => body.status?.conditions?.[1]?.status === 'True',
    );
    expect(freed.body.status?.acceptedNames).toEqual({ plural: 'seconds', singular: 'thing', kind: 'Thing', listKind: 'ThingList' });
  });
});

describe('objects', () => {
  it('need a version to be replaced, count generations, and keep status apart', async () => {
    await define('orders', 'Order', [version(object({ n: { type: 'integer' } }), { subresources: { status: {} } })]);
    const created = await make('orders', 'Order', 'a', { n: 1 }, { status: { n: 5 } });
    expect([created.body.status, created.body.metadata.generation]).toEqual([undefined, 1]);
    const blind = await call('PUT', pathOf('orders', 'a'), { apiVersion: `${GROUP}/v1`, kind: 'Order', metadata: { name: 'a' } });
    expect([blind.status, blind.body.message]).toEqual([
      422,
      `orders.${GROUP} "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    ]);
    const status = { spec: { n: 9 }, status: { n: 1 }, metadata: { labels: { l: 'no' } } };
    const { body: after } = await call('PATCH', `${pathOf('orders', 'a')}/status`, status);
    expect([after.spec, after.status, after.metadata.labels, after.metadata.generation]).toEqual([{ n: 1 }, { n: 1 }, undefined, 1]);
    const wrong = await call('PATCH', `${pathOf('orders', 'a')}/status`, { status: { n: 'x' } });
    expect(wrong.body.message).toBe(
      `Order.${GROUP} "a" is invalid: status.n: Invalid value: "string": n in body must be of type integer: "string"`,
    );
    const { body: moved } = await call('PATCH', pathOf('orders', 'a'), { spec: { n: 2 }, status: { n: 7 } });
    expect([moved.spec, moved.status, moved.metadata.generation]).toEqual([{ n: 2 }, { n: 1 }, 2]);
    const strategic = await call('PATCH', pathOf('orders', 'a'), {}, { type: 'application/strategic-merge-patch+json' });
    expect(strategic.status).toBe(415);
    const scale = await call('GET', `${pathOf('orders', 'a')}/scale`);
    expect([scale.status, scale.body.message]).toEqual([404, `orders.${GROUP} "a" not found`]);
  });

  it('are converted by their version alone, lose what another does not know, and warn of old versions', async () => {
    const versions = [
      version(object({ a: { type: 'integer' }, both: { type: 'string' } })),
      version(object({ b: { type: 'integer' }, both: { type: 'string' } }), { name: 'v1beta1', storage: false, deprecated: true }),
    ];
    await define('parcels', 'Parcel', versions);
    await make('parcels', 'Parcel', 'p', { a: 1, both: 'x' });
    const old = await call('GET', pathOf('parcels', 'p', 'v1beta1'));
    expect([old.body.spec, old.headers['warning']]).toEqual([
      { both: 'x' },
      `299 - "${GROUP}/v1beta1 Parcel is deprecated; use ${GROUP}/v1 Parcel"`,
    ]);
    const moved = await call(
      'PATCH',
      `${CRDS}/parcels.${GROUP}`,
      [
        { op: 'replace', path: '/spec/versions/0/storage', value: false },
        { op: 'replace', path: '/spec/versions/1/storage', value: true },
      ],
      JSON_PATCH,
    );
    expect(moved.body.status?.storedVersions).toEqual(['v1', 'v1beta1']);
  });

  it('are selected by the fields that the definition names', async () => {
    const fields = { selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.n' }] };
    await define('lamps', 'Lamp', [version(object({ color: { type: 'string' }, n: { type: 'integer' } }), fields)]);
    await make('lamps', 'Lamp', 'a', { color: 'blue', n: 1 });
    await make('lamps', 'Lamp', 'b', { n: 1 });
    const names = async (selector: string) =>
      (await call('GET', `${pathOf('lamps')}?fieldSelector=${encodeURIComponent(selector)}`)).body.items?.map(
        ({ metadata }) => metadata.name,
      );
    expect(await names('spec.color=blue')).toEqual(['a']);
    expect(await names('spec.color=,spec.n=1')).toEqual(['b']);
    const { status, body } = await call('GET', `${pathOf('lamps')}?fieldSelector=spec.other%3D1`);
    expect([status, body.message]).toEqual([400, 'field label not supported: spec.other']);
  });

  it('take the form of a schema that changed after they were stored', async () => {
    await define('boxes', 'Box', [version(object({ a: { type: 'string' }, b: { type: 'string' } }))]);
    await make('boxes', 'Box', 'x', { a: 'long text', b: 'y' });
    const at = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const patch = [
      { op: 'remove', path: `${at}/b` },
      { op: 'add', path: `${at}/c`, value: { type: 'string', default: 'new' } },
      { op: 'add', path: `${at}/a/maxLength`, value: 3 },
    ];
    expect((await call('PATCH', `${CRDS}/boxes.${GROUP}`, patch, JSON_PATCH)).status).toBe(200);
    const { body } = await until(
      () => call('GET', pathOf('boxes', 'x')),
      (answer) => answer.body.spec?.['b'] === undefined,
    );
    expect(body.spec).toEqual({ a: 'long text', c: 'new' });
    expect((await call('PATCH', pathOf('boxes', 'x'), { spec: { c: 'd' } })).body.spec).toEqual({ a: 'long text', c: 'd' });
    const refused = await call('PATCH', pathOf('boxes', 'x'), { spec: { a: 'other text' } });
    expect(refused.body.message).toBe(`Box.${GROUP} "x" is invalid: spec.a: Too long: may not be more than 3 bytes`);
  });
});

describe('validation rules', () => {
  const rule = (text: string, more: Json = {}): Json => ({ 'x-kubernetes-validations': [{ rule: text, ...more }] });
  const text = { type: 'string', maxLength: 20 };

  it.each<[string, Json, unknown, unknown, string | undefined]>([
    ['hold', object({ n: { type: 'integer' } }, rule('self.n > 1')), { n: 2 }, undefined, undefined],
    ['fail', object({ n: { type: 'integer' } }, rule('self.n > 1')), { n: 1 }, undefined, 'spec: Invalid value: failed rule: self.n > 1'],
    [
      'say why',
      object({ n: { type: 'integer', ...rule('self > 1', { message: 'too few' }) } }),
      { n: 1 },
      undefined,
      'spec.n: Invalid value: 1: too few',
    ],
    [
      'compute why',
      object({ n: { type: 'integer', ...rule('self > 1', { messageExpression: "'got ' + string(self)" }) } }),
      { n: 1 },
      undefined,
      'spec.n: Invalid value: 1: got 1',
    ],
    [
      'point at a field',
      object({ n: { type: 'integer' } }, rule('self.n > 1', { message: 'no', reason: 'FieldValueForbidden', fieldPath: '.n' })),
      { n: 1 },
      undefined,
      'spec.n: Forbidden: no',
    ],
    [
      'miss a field',
      object({ n: { type: 'integer' } }, rule('self.n > 1')),
      {},
      undefined,
      'spec: Invalid value: no such key: n evaluating rule: self.n > 1',
    ],
    ['see numbers as doubles', object({ f: { type: 'number' } }, rule('self.f > 0.5')), { f: 1 }, undefined, undefined],
    [
      'see durations',
      object({ d: { type: 'string', format: 'duration' } }, rule("self.d < duration('1h')")),
      { d: '90m' },
      undefined,
      "spec: Invalid value: failed rule: self.d < duration('1h')",
    ],
    [
      'see times',
      object({ t: { type: 'string', format: 'date-time' } }, rule("self.t > timestamp('2020-01-01T00:00:00Z')")),
      { t: '2024-01-01T00:00:00Z' },
      undefined,
      undefined,
    ],
    [
      'reach odd names',
      object({ 'a-b': text, in: text }, rule('self.a__dash__b == self.__in__')),
      { 'a-b': 'x', in: 'x' },
      undefined,
      undefined,
    ],
    [
      'match in linear time',
      object({ s: { ...text, ...rule("self.matches('^(a+)+$')") } }),
      { s: 'aaaaaaaaaaaaaaaaaaab' },
      undefined,
      'spec.s: Invalid value: "aaaaaaaaaaaaaaaaaaab": failed rule: self.matches(\'^(a+)+$\')',
    ],
    [
      'compare with before',
      object({ s: { ...text, ...rule('self == oldSelf', { message: 'fixed' }) } }),
      { s: 'a' },
      { s: 'b' },
      'spec.s: Invalid value: "b": fixed',
    ],
    ['skip what is new', object({ s: { ...text, ...rule('self == oldSelf') } }), {}, { s: 'b' }, undefined],
    [
      'take an absent before',
      object({ s: { ...text, ...rule("oldSelf.orValue('first') == 'first'", { optionalOldSelf: true, message: 'once' }) } }),
      { s: 'a' },
      { s: 'b' },
      'spec.s: Invalid value: "b": once',
    ],
    [
      'follow entries of maps',
      object({
        l: {
          type: 'array',
          maxItems: 5,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: object({ k: text, v: { type: 'integer', ...rule('self >= oldSelf', { message: 'shrinks' }) } }, { required: ['k'] }),
        },
      }),
      { l: [{ k: 'a', v: 2 }] },
      {
        l: [
          { k: 'b', v: 0 },
          { k: 'a', v: 1 },
        ],
      },
      'spec.l[1].v: Invalid value: 1: shrinks',
    ],
    [
      'walk over two variables',
      object({ l: { type: 'array', maxItems: 3, items: { type: 'integer' } } }, rule('self.l.transformList(i, v, v - i).all(d, d == 0)')),
      { l: [0, 2] },
      undefined,
      'spec: Invalid value: failed rule: self.l.transformList(i, v, v - i).all(d, d == 0)',
    ],
    [
      'see bytes',
      object({ b: { type: 'string', format: 'byte', maxLength: 8 } }, rule("self.b == b'hi'")),
      { b: 'aGk=' },
      undefined,
      undefined,
    ],
    [
      'take either a number or a text',
      object({ p: { 'x-kubernetes-int-or-string': true } }, rule('self.p < 10')),
      { p: 'x' },
      undefined,
      "spec: Invalid value: 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.p < 10",
    ],
    [
      'cost too much',
      object(
        { l: { type: 'array', maxItems: 1000, items: { type: 'integer' } } },
        rule('self.l.all(a, self.l.all(b, a == b))', { message: 'all' }),
      ),
      { l: Array.from({ length: 1000 }, () => 1) },
      undefined,
      "spec: Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: all",
    ],
  ])('%s', async (label, schema, first, second, message) => {
    const kind = `R${label.replace(/ /g, '')}`;
    const plural = kind.toLowerCase();
    await define(plural, kind, [version(schema)]);
    const created = await make(plural, kind, 'x', first);
    const answer = second === undefined ? created : await call('PATCH', pathOf(plural, 'x'), { spec: second });
    const prefix = `${kind}.${GROUP} "x" is invalid: `;
    expect(answer.body.message).toBe(message === undefined ? undefined : `${prefix}${message}`);
  });

  it.each<[Json, string]>([
    [
      object({ n: { type: 'integer' } }, rule('self.m > 0')),
      "compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m > 0\n | ....^",
    ],
    [
      object({}, rule('other == 1')),
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other == 1\n | ^",
    ],
    [
      object({ n: { type: 'integer' } }, rule("self.n == 'a'")),
      "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == 'a'\n | .......^",
    ],
    [object({ n: { type: 'integer' } }, rule('self.n')), 'cel expression must evaluate to a bool'],
    [
      object({ n: { type: 'integer' } }, rule('self.n = 1 && x')),
      `compilation failed: ERROR: <input>:1:8: Syntax error: token recognition error at: '= '
 | self.n = 1 && x
 | .......^
ERROR: <input>:1:10: Syntax error: mismatched input '1' expecting <EOF>
 | self.n = 1 && x
 | .........^`,
    ],
    [
      object({ l: { type: 'array', items: object({ 'a-b': { type: 'integer' } }) } }, rule("self.l.all(e, e.a__dash__b == 'x' || e.b)")),
      `compilation failed: ERROR: <input>:1:28: found no matching overload for '_==_' applied to '(int, string)'
 | self.l.all(e, e.a__dash__b == 'x' || e.b)
 | ...........................^
ERROR: <input>:1:39: undefined field 'b'
 | self.l.all(e, e.a__dash__b == 'x' || e.b)
 | ......................................^`,
    ],
    [
      object(
        { t: { type: 'string', format: 'date-time' }, m: { type: 'object', additionalProperties: { type: 'number' } } },
        rule('self.t + self.m'),
      ),
      "found no matching overload for '_+_' applied to '(timestamp, map(string, double))'\n | self.t + self.m\n | .......^",
    ],
    [
      object({
        e: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
          ...rule('self.metadata.namespace == self.kind'),
        },
      }),
      "undefined field 'namespace'\n | self.metadata.namespace == self.kind\n | .............^",
    ],
    [
      object({ p: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }, rule('self.p.x == 1')),
      "undefined field 'x'\n | self.p.x == 1\n | ......^",
    ],
    [object({ p: { 'x-kubernetes-preserve-unknown-fields': true } }, rule('has(self.p)')), "undefined field 'p'\n | has(self.p)\n | ...^"],
    [object({ p: { 'x-kubernetes-int-or-string': true } }, rule('self.p')), 'cel expression must evaluate to a bool'],
    [
      object({ p: { 'x-kubernetes-preserve-unknown-fields': true, ...rule('true') } }),
      'spec.validation.openAPIV3Schema.properties[spec].properties[p].x-kubernetes-validations: Internal error: internal error: failed to retrieve type information for x-kubernetes-validations',
    ],
    [
      object({ n: { type: 'integer', ...rule('oldSelf == 1', { optionalOldSelf: true }) } }),
      "found no matching overload for '_==_' applied to '(optional_type(int), int)'\n | oldSelf == 1\n | ........^",
    ],
    [
      object({ n: { type: 'integer' } }, rule('true', { messageExpression: 'self.m' })),
      "messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m\n | ....^",
    ],
    [object({ n: { type: 'integer' } }, rule('true', { messageExpression: 'self.n' })), 'messageExpression must evaluate to a string'],
    [
      object({ l: { type: 'array', items: { type: 'integer', ...rule('self == oldSelf') } } }),
      'oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].properties[l].items',
    ],
    [
      object({ l: { type: 'array', items: { type: 'string' } } }, rule('self.l.all(a, self.l.all(b, a == b))')),
      'estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ])('%j is refused', async (schema, detail) => {
    const { status, body } = await call('POST', CRDS, definition('bads', 'Bad', [version(schema)]));
    expect([status, body.message?.slice(-detail.length)]).toEqual([422, detail]);
  });
});
