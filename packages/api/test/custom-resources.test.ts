import { fieldErrorBody, type KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { type CrdObject, createBuiltInCatalogue, customResourceDefinition } from '../src/index.js';

type Json = Record<string, unknown>;
const GROUP = 'shop.example.com';

function crd(spec: Json, more: Json = {}): CrdObject {
  const names = { plural: 'carts', singular: 'cart', kind: 'Cart', listKind: 'CartList' };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
    ...more,
  };
  return {
    metadata: { name: `carts.${GROUP}`, generation: 1 },
    spec: { group: GROUP, scope: 'Namespaced', names, versions: [version] },
    status: { acceptedNames: names },
  } as CrdObject;
}

const noRules = () => () => [];
const noWebhooks = () => () => Promise.reject(new Error('no webhook is called here'));
const cart = (spec: unknown): KubeObject => ({ apiVersion: `${GROUP}/v1`, kind: 'Cart', metadata: { name: 'c', namespace: 'n' }, spec });
const object = (properties: Json, more: Json = {}): Json => ({ type: 'object', properties, ...more });
const served = (spec: Json) => {
  const definition = customResourceDefinition(crd(spec), noRules, noWebhooks);
  const [version] = definition.versions;
  const texts = (errors: { field: string }[]) => errors.map((error) => `${error.field}: ${fieldErrorBody(error as never)}`);
  return {
    definition,
    coerce: (value: unknown) => {
      const subject = cart(structuredClone(value));
      const { unknownFields } = version?.coerce?.(subject) ?? { unknownFields: [] };
      return [subject['spec'], unknownFields];
    },
    create: (value: unknown) => texts(definition.strategy.validate?.(cart(value)) ?? []),
    update: (value: unknown, old: unknown) => texts(definition.strategy.validateUpdate?.(cart(value), cart(old), '') ?? []),
  };
};

describe('values', () => {
  const schema = object({
    text: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]*$' },
    size: { type: 'integer', format: 'int32', minimum: 1, maximum: 9 },
    ratio: { type: 'number', multipleOf: 0.5, exclusiveMaximum: true, maximum: 3 },
    mode: { type: 'string', enum: ['a', 'b'] },
    port: { 'x-kubernetes-int-or-string': true },
    whole: { type: 'integer' },
    long: { type: 'integer', format: 'int64' },
    narrow: { type: 'number', format: 'float' },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2, 'x-kubernetes-list-type': 'set' },
    labels: { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1 },
    at: { type: 'string', format: 'date-time' },
    net: { type: 'string', format: 'cidr' },
    one: object({ a: { type: 'integer' }, b: { type: 'integer' } }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
    any: object({ a: { type: 'integer' } }, { anyOf: [{ required: ['a'] }, { properties: { a: { minimum: 5 } }, required: ['a'] }] }),
    all: { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 5 }] },
    inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  });
  const cases: [Json, string[]][] = [
    [{ text: 'abc', size: 9, ratio: 1.5, mode: 'a', port: '80%', tags: ['x', 'y'], labels: { a: 'b' }, one: { a: 1 }, all: 4 }, []],
    [{ text: 'a' }, ['spec.text: Invalid value: "a": spec.text in body should be at least 2 chars long']],
    [{ text: 'äöüäö' }, ['spec.text: Too long: may not be more than 4 bytes']],
    [{ text: 'A1' }, ['spec.text: Invalid value: "A1": spec.text in body should match \'^[a-z]*$\'']],
    [{ text: 7 }, ['spec.text: Invalid value: "integer": spec.text in body must be of type string: "integer"']],
    [{ size: 0 }, ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1']],
    [
      { size: 3_000_000_000 },
      [
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.size',
        'spec.size: Invalid value: 3000000000: spec.size in body should be less than or equal to 9',
      ],
    ],
    [
      { whole: 2 ** 63 },
      [
        'spec.whole: Invalid value: "number": spec.whole in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.whole',
      ],
    ],
    [{ whole: 2 ** 53 }, ['spec.whole: Invalid value: "number": spec.whole in body must be of type integer: "number"']],
    [
      { long: 1.5 },
      [
        'spec.long: Invalid value: "float64": spec.long in body must be of type int64: "float64"',
        '<nil>: Invalid value: "": Checked value must be of type integer with format int64 in spec.long',
      ],
    ],
    [{ long: '1' }, ['spec.long: Invalid value: "string": spec.long in body must be of type integer: "string"']],
    [{ long: true }, ['spec.long: Invalid value: "": spec.long in body must be of type int64: ""']],
    [{ at: 5 }, ['spec.at: Invalid value: "int64": spec.at in body must be of type date-time: "int64"']],
    [{ narrow: 3.4e38 }, []],
    [{ narrow: 3.5e38 }, ['<nil>: Invalid value: "": Checked value must be of type number with format float in spec.narrow']],
    [{ ratio: 0.7 }, ['spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5']],
    [
      { ratio: 3 },
      [
        'spec.ratio: Invalid value: 0: factor MultipleOf declared for spec.ratio must be positive: 0',
        'spec.ratio: Invalid value: 3: spec.ratio in body should be less than 3',
      ],
    ],
    [{ mode: 'z' }, ['spec.mode: Unsupported value: "z": supported values: "a", "b"']],
    [{ port: true }, ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"']],
    [{ tags: ['a', 'b', 'c'] }, ['spec.tags: Too many: 3: must have at most 2 items']],
    [{ tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
    [{ tags: [null] }, ['spec.tags[0]: Invalid value: "null": spec.tags[0] in body must be of type string: "null"']],
    [{ labels: {} }, ['spec.labels: Invalid value: 0: spec.labels in body should have at least 1 properties']],
    [{ labels: { a: 1 } }, ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"']],
    [
      { at: '2024-02-30T00:00:00Z' },
      ['spec.at: Invalid value: "2024-02-30T00:00:00Z": spec.at in body must be of type date-time: "2024-02-30T00:00:00Z"'],
    ],
    [{ net: '10.0.0.0/33' }, ['spec.net: Invalid value: "10.0.0.0/33": spec.net in body must be of type cidr: "10.0.0.0/33"']],
    [
      { one: { a: 1, b: 2 } },
      ['<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [{ any: {} }, ['<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)', 'spec.any.a: Required value']],
    [
      { all: 9 },
      [
        '<nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf)',
        'spec.all: Invalid value: 9: spec.all in body should be less than or equal to 5',
      ],
    ],
    [{ inner: { kind: 'Pod' } }, ['spec.inner.apiVersion: Required value']],
    [
      { inner: { apiVersion: 'a/b/c', kind: 'Pod' } },
      ['spec.inner.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
    ],
  ];
  const { create, update } = served(schema);
  it.each(cases)('%j', (value, errors) => {
    expect(create(value)).toEqual(errors);
  });

  it('take every whole number of 64 bits', () => {
    expect(create({ whole: 2n ** 63n - 1n, long: -(2n ** 63n) })).toEqual([]);
    expect(create({ size: 2n ** 60n })[0]).toContain('Checked value must be of type integer with format int32');
  });

  it('let invalid parts be while they do not change', () => {
    const old = { text: 'far too long', size: 1 };
    expect(update({ ...old, size: 2 }, old)).toEqual([]);
    expect(update({ ...old, text: 'longer still' }, old)).toEqual(['spec.text: Too long: may not be more than 4 bytes']);
  });

  it('must be of the kind', () => {
    const { definition } = served(schema);
    const errors = definition.strategy.validate?.({ ...cart({ text: 1 }), kind: 'Bag' });
    expect(errors).toEqual([{ type: 'FieldValueInvalid', field: 'kind', badValue: 'Bag', detail: 'must be Cart' }]);
  });
});

describe('coercion', () => {
  const { coerce } = served(
    object({
      n: { type: 'integer', default: 3 },
      deep: object({ on: { type: 'boolean', default: true } }, { default: {} }),
      bare: object({ on: { type: 'boolean', default: true } }),
      items: { type: 'array', items: object({ p: { type: 'string', default: 'TCP' } }) },
      none: { type: 'string', nullable: true, default: 'd' },
      strict: { type: 'string' },
      free: object({ typed: object({ a: { type: 'integer' } }) }, { 'x-kubernetes-preserve-unknown-fields': true }),
      map: { type: 'object', additionalProperties: object({ v: { type: 'integer' } }) },
    }),
  );
  it.each<[unknown, unknown, string[]]>([
    [{}, { n: 3, deep: { on: true }, none: 'd' }, []],
    [{ n: null, none: null, strict: null, deep: {} }, { n: 3, none: null, deep: { on: true } }, []],
    [
      { n: 1, none: 'x', deep: { on: false }, bare: {}, items: [{}, { p: 'UDP' }] },
      { n: 1, none: 'x', deep: { on: false }, bare: { on: true }, items: [{ p: 'TCP' }, { p: 'UDP' }] },
      [],
    ],
    [
      {
        n: 1,
        none: 'x',
        deep: { on: true, z: 1 },
        free: { other: { k: 1 }, typed: { a: 1, b: 2 } },
        map: { m: { v: 1, w: 2 } },
        items: [{ p: 'x', q: 1 }],
      },
      { n: 1, none: 'x', deep: { on: true }, free: { other: { k: 1 }, typed: { a: 1 } }, map: { m: { v: 1 } }, items: [{ p: 'x' }] },
      ['spec.deep.z', 'spec.free.typed.b', 'spec.items[0].q', 'spec.map.m.w'],
    ],
  ])('%j', (given, expected, unknown) => {
    expect(coerce(given)).toEqual([expected, unknown]);
  });

  it('leaves prototypes alone', () => {
    expect(coerce(JSON.parse('{"n":1,"none":"x","deep":{"on":true},"__proto__":{"a":1},"constructor":2}'))).toEqual([
      { n: 1, none: 'x', deep: { on: true } },
      ['spec.__proto__', 'spec.constructor'],
    ]);
  });
});

describe('columns', () => {
  const columns = [
    ['string', '.spec.list[0]'],
    ['string', '.spec.list[*]'],
    ['string', '.spec.list[-1]'],
    ['string', ".spec['odd.key']"],
    ['string', '.spec.odd\\.key'],
    ['string', '.spec.conditions[?(@.type=="Ready")].status'],
    ['integer', '.spec.n'],
    ['integer', '.spec.text'],
    ['number', '.spec.ratio'],
    ['boolean', '.spec.on'],
    ['date', '.metadata.creationTimestamp'],
    ['date', '.spec.text'],
    ['string', '.spec.map'],
  ].map(([type, jsonPath], i) => ({ name: `C${i}`, type, jsonPath }));
  it('show what the paths lead to, if it has their type', () => {
    const definition = customResourceDefinition(crd(object({}), { additionalPrinterColumns: columns }), noRules, noWebhooks);
    const conditions = [
      { type: 'Other', status: 'no' },
      { type: 'Ready', status: 'yes' },
    ];
    const spec = { list: ['a', 'b'], 'odd.key': 'o', conditions, n: 3.7, text: 't', ratio: 0.5, on: false, map: { a: 1 } };
    const subject = { ...cart(spec), metadata: { name: 'c', creationTimestamp: '2024-01-01T00:00:00Z' } };
    const cells = definition.versions[0]?.table.cells(subject, Date.parse('2024-01-01T00:01:30Z'));
    expect(cells).toEqual(['c', 'a', 'a', 'b', 'o', 'o', 'yes', 3, null, 0.5, false, '90s', '<invalid>', '{"a":1}']);
  });
});

describe('definitions', () => {
  const strategy = createBuiltInCatalogue().findResource('apiextensions.k8s.io', 'customresourcedefinitions')?.strategy;
  const errorsOf = (change: (given: CrdObject & { spec: NonNullable<CrdObject['spec']> }) => void, spec: Json = object({})) => {
    const given = crd(spec) as CrdObject & { spec: NonNullable<CrdObject['spec']> };
    delete given.status;
    change(given);
    strategy?.applyDefaults?.(given, 'v1');
    strategy?.prepareForCreate?.(given);
    return (strategy?.validate?.(given) ?? []).map((error) => `${error.field}: ${fieldErrorBody(error)}`);
  };
  const at = 'spec.validation.openAPIV3Schema.properties[spec]';
  it.each<[Json, string[]]>([
    [object({ a: { type: 'string' } }), []],
    [object({ a: {} }), [`${at}.properties[a].type: Required value: must not be empty for specified object fields`]],
    [
      object({ a: { type: 'array', items: {} } }),
      [`${at}.properties[a].items.type: Required value: must not be empty for specified array items`],
    ],
    [
      object({ a: { type: 'string', 'x-kubernetes-list-type': 'set' } }),
      [`${at}.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified`],
    ],
    [
      object({ a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'bag' } }),
      [`${at}.properties[a].x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "map", "set"`],
    ],
    [
      object({
        a: {
          type: 'array',
          items: object({ k: { type: 'string' } }),
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        },
      }),
      [
        `${at}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ],
    ],
    [
      object({}, { anyOf: [{ properties: { x: { minimum: 1 } } }] }),
      [`${at}.properties[x]: Required value: because it is defined in ${at}.anyOf[0].properties[x]`],
    ],
    [
      object({ a: { type: 'integer' } }, { anyOf: [{ properties: { a: { type: 'integer' } } }] }),
      [`${at}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural`],
    ],
    [
      object({ a: { type: 'string', pattern: '[' } }),
      [
        `${at}.properties[a].pattern: Invalid value: "[": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: \`[\``,
      ],
    ],
    [
      object({ a: object({ b: { type: 'string' } }, { default: { c: 1 } }) }),
      [`${at}.properties[a].default: Invalid value: {"c":1}: must not have unknown fields`],
    ],
    [
      object({ a: { type: 'string' } }, { additionalProperties: { type: 'string' } }),
      [`${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
  ])('%j', (spec, errors) => {
    expect(errorsOf(() => {}, spec)).toEqual(errors);
  });

  it('need approval in groups of the community', () => {
    const group = 'sub.k8s.io';
    const move = (value: string) => (given: CrdObject & { spec: NonNullable<CrdObject['spec']> }) => {
      given.spec.group = group;
      given.metadata = { name: `carts.${group}`, annotations: { 'api-approved.kubernetes.io': value } };
    };
    expect(errorsOf(move('https://example.com/approved'))).toEqual([]);
    expect(errorsOf(move('unapproved, an experiment'))).toEqual([]);
    expect(errorsOf(move('yes'))).toEqual([
      'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "yes": protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ]);
  });
});
