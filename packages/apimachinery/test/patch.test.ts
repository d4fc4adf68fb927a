import { describe, expect, it } from 'vitest';
import { applyServerSide, updateManagedFields } from '../src/apply.js';
import type { KubeObject, Schema } from '../src/index.js';
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

  it('JSON patch follows the leniencies of kube-apiserver', () => {
    expect(applyJsonPatch({ data: {} as Record<string, string> }, [{ op: 'replace', path: '/data/x', value: '1' }])).toEqual({
      data: { x: '1' },
    });
    expect(applyJsonPatch({ list: [1, 2] }, [{ op: 'replace', path: '/list/-1', value: 3 }])).toEqual({ list: [1, 3] });
    expect(() => applyJsonPatch({}, [{ op: 'remove', path: '/none' }])).toThrow(
      'the server rejected our request due to an error in our request',
    );
  });

  it('strategic merge patch merges by key, puts new elements first, deletes by directive', () => {
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
          { name: 'c', image: '1' },
          { name: 'a', image: '2' },
        ],
        args: ['y'],
      },
    });
  });
});

describe('server-side apply', () => {
  const options = { schema, force: false, apiVersion: 'v1', subresource: '', now: '2026-01-02T03:04:05Z', resetFields: [] };
  const live = (): KubeObject =>
    applyServerSide({
      ...options,
      live: null,
      applied: { metadata: { name: 'x', labels: { a: '1', b: '1' } }, spec: { replicas: 1 } },
      manager: 'm1',
    }).object;

  it('removes what its manager no longer applies', () => {
    const { object } = applyServerSide({
      ...options,
      live: live(),
      applied: { metadata: { name: 'x', labels: { a: '2' } }, spec: { replicas: 1 } },
      manager: 'm1',
    });
    expect(object.metadata?.labels).toEqual({ a: '2' });
  });

  it('refuses to take a field over, and takes it with force', () => {
    const applied = { metadata: { name: 'x' }, spec: { replicas: 2 } };
    expect(() => applyServerSide({ ...options, live: live(), applied, manager: 'm2' })).toThrow(
      'Apply failed with 1 conflict: conflict with "m1": .spec.replicas',
    );
    const { object } = applyServerSide({ ...options, live: live(), applied, manager: 'm2', force: true });
    expect(object['spec']).toEqual({ replicas: 2 });
    expect(object.metadata?.managedFields?.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
      ['m1', { 'f:metadata': { 'f:labels': { 'f:a': {}, 'f:b': {}, '.': {} } } }],
      ['m2', { 'f:spec': { 'f:replicas': {} } }],
    ]);
  });

  it('an ordinary update takes the changed field from the one who applied it', () => {
    const before = live();
    const updated: KubeObject = { ...before, spec: { replicas: 5 } };
    const entries = updateManagedFields({ ...options, live: before, updated, manager: 'kubectl' });
    expect(entries.map((entry) => [entry.manager, entry.operation, entry.fieldsV1])).toEqual([
      ['m1', 'Apply', { 'f:metadata': { 'f:labels': { 'f:a': {}, 'f:b': {}, '.': {} } } }],
      ['kubectl', 'Update', { 'f:spec': { 'f:replicas': {} } }],
    ]);
  });
});
