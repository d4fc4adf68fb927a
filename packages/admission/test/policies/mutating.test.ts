/** What mutating policies make of objects, and how they fail. */
import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { apply, configMap, jsonPatch, judge, mutating } from './policy-cases.js';

const template = (containers: object[]): object => ({ metadata: { labels: { a: 'b' } }, spec: { containers } });
const DEPLOYMENT: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'ns', labels: { a: 'b' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { a: 'b' } },
    template: template([{ name: 'c', image: 'i', env: [{ name: 'E', value: '1' }] }]),
  },
};
const TEMPLATE = 'Object.spec.template.spec';
const inPod = (fields: string): string => `Object{ spec: Object.spec{ template: Object.spec.template{ spec: ${TEMPLATE}{ ${fields} } } } }`;

describe('an apply configuration', () => {
  it.each([
    [
      'sets a field',
      'Object{ spec: Object.spec{ replicas: object.spec.replicas + 1 } }',
      [{ op: 'replace', path: '/spec/replicas', value: 3 }],
    ],
    [
      'merges lists by key',
      inPod(
        `containers: object.spec.template.spec.containers.map(c, ${TEMPLATE}.containers{ name: c.name, env: [${TEMPLATE}.containers.env{ name: 'N', value: 'v' }] })`,
      ),
      [{ op: 'add', path: '/spec/template/spec/containers/0/env/1', value: { name: 'N', value: 'v' } }],
    ],
    [
      'leaves out what is not there',
      'Object{ spec: Object.spec{ ?paused: optional.none(), replicas: 5 } }',
      [{ op: 'replace', path: '/spec/replicas', value: 5 }],
    ],
    ['changes nothing', 'Object{}', []],
  ])('%s', async (_what, expression, patch) => {
    expect(await judge({ policy: mutating([apply(expression)]), object: DEPLOYMENT })).toMatchObject({ allowed: true, patch });
  });

  it.each([
    [
      'an atomic list',
      inPod(`tolerations: [${TEMPLATE}.tolerations{ key: 'k' }]`),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.tolerations',
    ],
    [
      'an atomic map',
      "Object{ spec: Object.spec{ selector: Object.spec.selector{ matchLabels: {'x': 'y'} } } }",
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      'a type at the wrong place',
      'Object{ spec: Object.metadata{ replicas: 1 } }',
      'type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      'an unknown field',
      'Object{ spec: Object.spec{ nope: 1 } }',
      'error applying patch: failed to convert patch object to typed object: .spec.nope: field not declared in schema',
    ],
    [
      'a missing key',
      "Object{ metadata: Object.metadata{ labels: {'x': string(object.nope)} } }",
      "expression 'Object{ metadata: Object.metadata{ labels: {'x': string(object.nope)} } }' resulted in error: no such key: nope",
    ],
  ])('refuses %s', async (_what, expression, text) => {
    const outcome = await judge({ policy: mutating([apply(expression)]), object: DEPLOYMENT });
    const message = `policy 'm' with binding 'm' denied request: ${text}`;
    expect(outcome.allowed ? null : outcome.error.status).toMatchObject({
      code: 403,
      reason: 'Invalid',
      message,
      details: { group: 'apps', kind: 'deployments', name: 'd', causes: [{ message }] },
    });
    expect((await judge({ policy: mutating([apply(expression)], { failurePolicy: 'Ignore' }), object: DEPLOYMENT })).allowed).toBe(true);
  });
});

describe('a JSON patch', () => {
  const object = configMap('c', { k: 'v' }, { labels: { a: 'b' } });
  it.each([
    [
      "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('x/y~z'), value: 'q'}]",
      { labels: { a: 'b', 'x/y~z': 'q' }, data: { k: 'v' } },
    ],
    [
      "[JSONPatch{op: 'test', path: '/data/k', value: 'v'}, JSONPatch{op: 'remove', path: '/data'}]",
      { labels: { a: 'b' }, data: undefined },
    ],
    [
      "[JSONPatch{op: 'remove', path: '/data'}, JSONPatch{op: 'test', path: '/metadata/labels/a', value: 'z'}]",
      { labels: { a: 'b' }, data: { k: 'v' } },
    ],
    ["[JSONPatch{op: 'move', from: '/data/k', path: '/data/l'}]", { labels: { a: 'b' }, data: { l: 'v' } }],
    ["[JSONPatch{op: 'copy', from: '/metadata/labels/a', path: '/data/l'}]", { labels: { a: 'b' }, data: { k: 'v', l: 'b' } }],
  ])('%s', async (expression, expected) => {
    const outcome = await judge({ policy: mutating([jsonPatch(expression)]), object });
    const result = outcome.allowed ? (outcome.object as { metadata: { labels: object }; data: object }) : null;
    expect({ labels: result?.metadata.labels, data: result?.data }).toEqual(expected);
  });

  it.each([
    [
      "[JSONPatch{op: 'remove', path: '/data/none'}]",
      "error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
    ],
    ["[JSONPatch{op: 'remove', path: '/spec/none'}]", 'remove operation does not apply: doc is missing path: "/spec/none": missing value'],
    ["[JSONPatch{op: 'add', path: '/spec/x', value: 1}]", 'add operation does not apply: doc is missing path: "/spec/x": missing value'],
  ])('refuses %s', async (expression, text) => {
    const outcome = await judge({ policy: mutating([jsonPatch(expression)]), object });
    expect(outcome.allowed ? '' : outcome.reason).toBe(`policy 'm' with binding 'm' denied request: JSON Patch: ${text}`);
  });

  it('of thousands of operations is applied, or its first failure told', async () => {
    const many = configMap('c', Object.fromEntries(Array.from({ length: 2500 }, (_none, i) => [`k${i}`, 'v'])));
    const removeAll = "object.data.map(k, JSONPatch{op: 'remove', path: '/data/' + k})";
    const outcome = await judge({ policy: mutating([jsonPatch(removeAll)]), object: many });
    expect(outcome.allowed ? outcome.object : outcome.reason).toEqual(configMap('c'));
    const refused = await judge({ policy: mutating([jsonPatch(`${removeAll} + ${removeAll}`)]), object: many });
    expect(refused.allowed ? '' : refused.reason).toBe(
      "policy 'm' with binding 'm' denied request: JSON Patch: error in remove for path: '/data/k0': Unable to remove nonexistent key: k0: missing value",
    );
  });

  it('whose result is no object of the kind is an internal error', async () => {
    const expression = "[JSONPatch{op: 'replace', path: '/data', value: 'text'}]";
    expect(await judge({ policy: mutating([jsonPatch(expression)]), object })).toMatchObject({ allowed: false, code: 500 });
  });
});

describe('several mutations', () => {
  it('see what was done before them, and all their errors are told', async () => {
    const policy = mutating(
      [
        apply("Object{ metadata: Object.metadata{ labels: {'one': 'x'} } }"),
        jsonPatch("[JSONPatch{op: 'remove', path: '/spec/none'}]"),
        apply('Object{ metadata: Object.metadata{ labels: {"n": string(object.nope)} } }'),
      ],
      {},
    );
    const outcome = await judge({ policy, object: configMap('c') });
    expect(outcome.allowed ? [] : outcome.error.status.details?.causes).toHaveLength(2);
    const counting = mutating([
      apply("Object{ metadata: Object.metadata{ labels: {'one': 'x'} } }"),
      apply("Object{ metadata: Object.metadata{ labels: {'count': string(size(object.metadata.labels))} } }"),
    ]);
    expect(await judge({ policy: counting, object: configMap('c') })).toMatchObject({
      object: { metadata: { labels: { one: 'x', count: '1' } } },
    });
  });

  it('run for conditions and with parameters only', async () => {
    const policy = mutating([apply("Object{ metadata: Object.metadata{ labels: {'p': params.data.v} } }")], {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'not-done', expression: "!has(object.metadata.labels) || !('p' in object.metadata.labels)" }],
    });
    const params = [configMap('params', { v: 'given' })];
    expect(await judge({ policy, params, object: configMap('c') })).toMatchObject({ object: { metadata: { labels: { p: 'given' } } } });
    expect(await judge({ policy, params, object: configMap('c', undefined, { labels: { p: 'own' } }) })).toMatchObject({ patch: [] });
  });
});
