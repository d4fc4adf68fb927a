import { describe, expect, it } from 'vitest';
import type { Schema } from '../src/index.js';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '../src/patch.js';

const container: Schema = { type: 'object', properties: { name: { type: 'string' }, image: { type: 'string' } } };
const schema: Schema = {
  type: 'object',
  properties: {
    metadata: { type: 'object', properties: { name: { type: 'string' }, labels: { type: 'object', values: { type: 'string' } } } },
    spec: {
      type: 'object',
      properties: {
        replicas: { type: 'integer' },
        containers: {
          type: 'array',
          items: container,
          listType: 'map',
          listMapKeys: ['name'],
          patchStrategy: 'merge',
          patchMergeKey: 'name',
        },
        args: { type: 'array', items: { type: 'string' } },
      },
    },
  },
};

describe('patches', () => {
  it('merge patch removes nulls and keeps the input', () => {
    const original = { a: 1, b: { c: 2, d: 3 } };
    expect(applyMergePatch(original, { a: null, b: { c: 4 } })).toEqual({ b: { c: 4, d: 3 } });
    expect(original).toEqual({ a: 1, b: { c: 2, d: 3 } });
  });

  it('merge patch leaves nulls out of what is new, also within lists', () => {
    expect(applyMergePatch({ list: [{ a: 1 }] }, { list: [{ a: 2, b: null }, null], new: { c: null, d: 1 } })).toEqual({
      list: [{ a: 2 }, null],
      new: { d: 1 },
    });
  });

  it.each([
    [{ op: 'add', path: 'data', value: 1 }],
    [{ op: 'test', path: '/list/2', value: null }],
    [{ op: 'test', path: '/none/deeper', value: null }],
    [{ op: 'remove', path: '/list/-3' }],
    [{ op: 'move', from: '', path: '/data/x' }],
  ])('JSON patch refuses %j', (operation) => {
    expect(() => applyJsonPatch<unknown>({ data: { a: '1' }, list: [1, 2] }, [operation] as never)).toThrow(
      'the server rejected our request due to an error in our request',
    );
  });

  it('JSON patch follows the leniencies of kube-apiserver', () => {
    expect(applyJsonPatch({ data: {} as Record<string, string> }, [{ op: 'replace', path: '/data/x', value: '1' }])).toEqual({
      data: { x: '1' },
    });
    expect(applyJsonPatch({ list: [1, 2] }, [{ op: 'replace', path: '/list/-1', value: 3 }])).toEqual({ list: [1, 3] });
    expect(() => applyJsonPatch({}, [{ op: 'remove', path: '/none' }])).toThrow(
      'the server rejected our request due to an error in our request',
    );
  });

  it('strategic merge patch merges by key in the order of the patch, deletes by directive', () => {
    const original = {
      spec: {
        containers: [
          { name: 'a', image: '1' },
          { name: 'b', image: '1' },
        ],
        args: ['x'],
      },
    };
    const patch = {
      spec: {
        containers: [
          { name: 'a', image: '2' },
          { name: 'c', image: '1' },
          { name: 'b', $patch: 'delete' },
        ],
        args: ['y'],
      },
    };
    expect(applyStrategicMergePatch(original, patch, schema)).toEqual({
      spec: {
        containers: [
          { name: 'a', image: '2' },
          { name: 'c', image: '1' },
        ],
        args: ['y'],
      },
    });
  });

  it.each([
    ['copy of an absent key is null', [{ op: 'copy', from: '/data/none', path: '/data/x' }], { data: { a: '1', x: null }, list: [1, 2] }],
    ['the first part of a path may be anything', [{ op: 'add', path: 'data/x', value: 1 }], { data: { a: '1' }, list: [1, 2], x: 1 }],
    ['replace of an absent key adds it', [{ op: 'replace', path: '/data/b', value: '2' }], { data: { a: '1', b: '2' }, list: [1, 2] }],
    ['a missing value is null', [{ op: 'add', path: '/data/b' }], { data: { a: '1', b: null }, list: [1, 2] }],
    ['a test for null finds nothing', [{ op: 'test', path: '/data/none', value: null }], { data: { a: '1' }, list: [1, 2] }],
    ['indexes may have zeros and a sign', [{ op: 'remove', path: '/list/+01' }], { data: { a: '1' }, list: [1] }],
    ['adding at -1 appends', [{ op: 'add', path: '/list/-1', value: 3 }], { data: { a: '1' }, list: [1, 2, 3] }],
    ['removing at -1 removes the last', [{ op: 'remove', path: '/list/-1' }], { data: { a: '1' }, list: [1] }],
  ])('JSON patch: %s', (_name, operations, expected) => {
    expect(applyJsonPatch<unknown>({ data: { a: '1' }, list: [1, 2] }, operations as never)).toEqual(expected);
  });

  it('JSON patch keeps __proto__ out of prototypes', () => {
    const patched = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(patched)).toEqual(['__proto__']);
  });
});

describe('strategic merge patch', () => {
  const spec = (containers: object[], more: object = {}): object => ({ spec: { containers, ...more } });
  const a = { name: 'a', image: '1' };
  const b = { name: 'b', image: '1' };

  it('keeps live elements where they stood among those of the patch', () => {
    expect(applyStrategicMergePatch(spec([a, b]), spec([{ name: 'b', image: '2' }, { name: 'c' }]), schema)).toEqual(
      spec([a, { name: 'b', image: '2' }, { name: 'c' }]),
    );
    expect(applyStrategicMergePatch(spec([a]), spec([{ name: 'new' }]), schema)).toEqual(spec([{ name: 'new' }, a]));
  });

  it('sorts by $setElementOrder, with or without a patch of the list', () => {
    const order = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] };
    expect(applyStrategicMergePatch(spec([a, b]), { spec: order }, schema)).toEqual(spec([b, a]));
    expect(applyStrategicMergePatch(spec([a, b]), { spec: { ...order, containers: [{ name: 'a', image: '3' }] } }, schema)).toEqual(
      spec([b, { name: 'a', image: '3' }]),
    );
  });

  it('replaces and deletes by directive, and retains only the keys named', () => {
    expect(applyStrategicMergePatch(spec([a, b]), spec([{ $patch: 'replace' }, { name: 'z' }]), schema)).toEqual(spec([{ name: 'z' }]));
    expect(applyStrategicMergePatch({ spec: { replicas: 1 } }, { spec: { $patch: 'delete' } }, schema)).toEqual({ spec: {} });
    expect(applyStrategicMergePatch(spec([a], { replicas: 1 }), { spec: { $retainKeys: ['replicas'] } }, schema)).toEqual({
      spec: { replicas: 1 },
    });
    expect(applyStrategicMergePatch({ spec: { args: ['x', 'y'] } }, { spec: { '$deleteFromPrimitiveList/args': ['x'] } }, schema)).toEqual({
      spec: { args: ['y'] },
    });
  });

  it.each([
    [{ spec: { $patch: 'bogus', k: 'v' } }, 'unknown patch type: bogus in map: map[$patch:bogus k:v]'],
    [spec([{ image: 'x' }]), 'map: map[image:x] does not contain declared merge key: name'],
    [{ spec: { $retainKeys: ['replicas'], args: ['x'] } }, 'invalid patch format of retainKeys'],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'c' }], containers: [{ image: 'z', name: 'z' }] } },
      "The order in patch list:\n[map[image:z name:z]]\n doesn't match $setElementOrder list:\n[map[name:c]]\n",
    ],
  ])('refuses %j', (patch, message) => {
    expect(() => applyStrategicMergePatch(spec([a]), patch, schema)).toThrow(message);
  });
});
