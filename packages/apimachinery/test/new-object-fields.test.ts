import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyObject } from '../src/apply/structure.js';
import { updateManagedFields } from '../src/apply.js';
import type { KubeObject, Schema } from '../src/index.js';

const text: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>, more: Partial<Schema> = {}): Schema => ({ type: 'object', properties, ...more });
const port = object({ port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' }, name: text, range: object({ to: text }) });
const schema: Schema = object(
  {
    apiVersion: text,
    kind: text,
    metadata: object(
      { name: text, uid: text, labels: { type: 'object', values: text }, finalizers: { type: 'array', listType: 'set', items: text } },
      { default: {} },
    ),
    data: { type: 'object', values: text },
    rules: { type: 'array', items: text },
    limits: { type: 'object', values: text },
    spec: object(
      {
        replicas: { type: 'integer' },
        selector: object({ app: text }, { mapType: 'atomic' }),
        ports: { type: 'array', listType: 'map', listMapKeys: ['port', 'protocol'], items: port },
        template: object({ free: { type: 'any' }, items: { type: 'array' } }, { default: {}, required: ['items'] }),
        free: { type: 'object', preserveUnknownFields: true },
      },
      { default: {} },
    ),
    status: object({ ready: { type: 'integer' }, phases: { type: 'array', listType: 'set', items: text } }, { default: {} }),
  },
  { required: ['rules', 'limits'] },
);

const few = <T>(arb: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(arb, { maxLength: 3 });
const words = fc.constantFrom('a', 'b', 'c', '10', '9', '__proto__');
const texts = fc.dictionary(words, fc.constantFrom('x', 'y'), { maxKeys: 3 });
const some = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Record<string, unknown>>;
const loose: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(null, 1, 'x'), texts, few(words), some({ a: texts, b: few(texts) }));
const objects = some({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Thing'),
  metadata: some({
    name: words,
    uid: words,
    labels: fc.oneof(texts, fc.constant(null)),
    finalizers: few(words),
    creationTimestamp: fc.constant(null),
  }),
  data: fc.oneof(texts, fc.constant(null)),
  rules: fc.oneof(few(words), fc.constant(null)),
  limits: fc.oneof(texts, fc.constant(null)),
  other: loose,
  spec: fc.oneof(
    fc.constant(null),
    some({
      replicas: fc.integer(),
      selector: fc.oneof(some({ app: words }), fc.constant(null)),
      ports: few(
        some({ port: fc.integer({ min: 8, max: 11 }), protocol: fc.constantFrom('TCP', 'UDP'), name: words, range: some({ to: words }) }),
      ),
      template: fc.oneof(some({ free: loose, items: fc.oneof(few(words), fc.constant(null)) }), fc.constant(null)),
      free: fc.dictionary(words, loose, { maxKeys: 3 }),
    }),
  ),
  status: some({ ready: fc.integer(), phases: few(words) }),
}) as fc.Arbitrary<KubeObject>;

const resets = [[], [['status']], [['spec'], ['metadata', 'labels']], [['metadata']], [['spec', 'template', 'free']]];

describe('the fields of a new object', () => {
  it('are those that a comparison with the empty object gives, in the same order', () => {
    const base = { schema, apiVersion: 'v1', manager: 'm', subresource: '', now: '2026-01-02T03:04:05Z' };
    fc.assert(
      fc.property(objects, fc.constantFrom(...resets), (updated, resetFields) => {
        const options = { ...base, resetFields, updated };
        const atOnce = updateManagedFields({ ...options, live: null });
        // An empty object that is there already takes the general way.
        const compared = updateManagedFields({ ...options, live: emptyObject(schema) as KubeObject });
        expect(JSON.stringify(atOnce)).toBe(JSON.stringify(compared));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('name keyed elements by their keys, in the order of numbers', () => {
    const ports = [10, 9, 8].map((number) => ({ port: number }));
    const [entry] = updateManagedFields({
      ...{ schema, apiVersion: 'v1', manager: 'm', subresource: '', now: undefined, resetFields: [['status']] },
      live: null,
      updated: { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, spec: { ports }, status: { ready: 1 } },
    });
    expect(JSON.stringify(entry)).toBe(
      JSON.stringify({
        manager: 'm',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:ports': {
              '.': {},
              'k:{"port":8,"protocol":"TCP"}': { '.': {}, 'f:port': {} },
              'k:{"port":9,"protocol":"TCP"}': { '.': {}, 'f:port': {} },
              'k:{"port":10,"protocol":"TCP"}': { '.': {}, 'f:port': {} },
            },
          },
        },
      }),
    );
  });
});
