import { describe, expect, it } from 'vitest';
import { applyServerSide, type ServerSideApply, updateManagedFields } from '../src/apply.js';
import type { JsonObject, KubeObject, Schema } from '../src/index.js';

const text: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>, more: Partial<Schema> = {}): Schema => ({ type: 'object', properties, ...more });

const schema: Schema = object({
  apiVersion: text,
  kind: text,
  metadata: object(
    {
      name: text,
      uid: text,
      labels: { type: 'object', values: text },
      annotations: { type: 'object', values: text },
      finalizers: { type: 'array', listType: 'set', items: text },
      managedFields: { type: 'array', items: { type: 'any' } },
    },
    { default: {} },
  ),
  data: { type: 'object', values: text },
  spec: object(
    {
      replicas: { type: 'integer', format: 'int32' },
      selector: object({ app: text }, { mapType: 'atomic' }),
      args: { type: 'array', items: text },
      ports: {
        type: 'array',
        listType: 'map',
        listMapKeys: ['port', 'protocol'],
        items: object({ port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' }, name: text }),
      },
      free: { type: 'object', preserveUnknownFields: true },
    },
    { default: {} },
  ),
  status: object({ ready: { type: 'integer' } }, { default: {} }),
});

const base = { schema, force: false, apiVersion: 'v1', subresource: '', now: '2026-01-02T03:04:05Z', resetFields: [['status']] };

/** Applies to a live object, as the server does: nulls are gone and managed fields are in place. */
function apply(live: KubeObject | null, manager: string, applied: object, more: Partial<ServerSideApply> = {}): KubeObject {
  const full = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, ...applied } as KubeObject;
  const result = applyServerSide({ ...base, live, applied: full, manager, ...more });
  const clean = JSON.parse(JSON.stringify(result.object, (_key, value: unknown) => (value === null ? undefined : value))) as KubeObject;
  clean.metadata = { ...clean.metadata, uid: 'u', managedFields: result.managedFields };
  return clean;
}

/** An ordinary write. */
function update(live: KubeObject | null, manager: string, updated: KubeObject, subresource = ''): KubeObject {
  const managedFields = updateManagedFields({ ...base, live, updated, manager, subresource });
  return { ...updated, metadata: { ...updated.metadata, uid: 'u', managedFields } };
}

const owners = (live: KubeObject): (JsonObject | string | undefined)[][] =>
  (live.metadata?.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [`${operation} ${manager}`, fieldsV1]);

describe('server-side apply', () => {
  it('owns exactly what was applied: named fields by their content, map entries by themselves', () => {
    const live = apply(null, 'one', {
      data: { k: 'v' },
      spec: { replicas: 1, selector: { app: 'x' }, args: ['a'], ports: [{ port: 80, name: 'web' }], free: { deep: { n: 1 } } },
    });
    expect(owners(live)).toEqual([
      [
        'Apply one',
        {
          'f:data': { 'f:k': {} },
          'f:spec': {
            'f:args': {},
            'f:free': { 'f:deep': { '.': {}, 'f:n': {} } },
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } },
            'f:replicas': {},
            'f:selector': {},
          },
        },
      ],
    ]);
  });

  it('removes what its manager applies no longer, unless somebody else owns it', () => {
    let live = apply(null, 'one', { data: { k: 'v', mine: '1' } });
    live = apply(live, 'two', { data: { k: 'v', yours: '2' } });
    live = apply(live, 'one', { data: { mine: '1' } });
    expect(live['data']).toEqual({ k: 'v', mine: '1', yours: '2' });
    live = apply(live, 'two', {});
    expect(live['data']).toEqual({ mine: '1' });
    expect(owners(live)).toEqual([['Apply one', { 'f:data': { 'f:mine': {} } }]]);
  });

  it('refuses to take fields of others, names them all, and takes them with force', () => {
    let live = apply(null, 'one', { data: { a: '1', b: '1' } });
    live = update(live, 'editor', { ...live, data: { ...(live['data'] as object), c: '1' } });
    const applied = { data: { a: '2', b: '2', c: '2' } };
    expect(() => apply(live, 'two', applied)).toThrow(
      'Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.c\nconflicts with "one":\n- .data.a\n- .data.b',
    );
    live = apply(live, 'two', applied, { force: true });
    expect(owners(live)).toEqual([['Apply two', { 'f:data': { 'f:a': {}, 'f:b': {}, 'f:c': {} } }]]);
  });

  it('an applied empty map stays owned and conflicts with whatever others put into it', () => {
    const live = apply(null, 'one', { data: {} });
    expect(owners(live)).toEqual([['Apply one', { 'f:data': {} }]]);
    delete live['data'];
    expect(() => apply(live, 'two', { data: { k: 'v' } })).toThrow('Apply failed with 1 conflict: conflict with "one": .data');
  });

  it('an apply that changes nothing leaves no time', () => {
    let live = update(null, 'creator', { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, data: { k: 'v' } });
    live = apply(live, 'zed', { data: { k: 'v' } });
    expect(live.metadata?.managedFields?.map(({ manager, time }) => [manager, time])).toEqual([
      ['zed', undefined],
      ['creator', base.now],
    ]);
  });

  it('what nobody tracked belongs to before-first-apply', () => {
    const live: KubeObject = { metadata: { name: 'x', uid: 'u' }, data: { k: 'v' } };
    expect(() => apply(live, 'zed', { data: { k: 'w' } })).toThrow('conflict with "before-first-apply" using v1: .data.k');
  });

  it('kubectl takes over what client-side apply has set', () => {
    const last = 'kubectl.kubernetes.io/last-applied-configuration';
    const annotations = { [last]: '{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x"},"data":{"k":"v","gone":"x"}}\n' };
    let live = update(null, 'kubectl-client-side-apply', { metadata: { name: 'x', annotations }, data: { k: 'v', gone: 'x' } });
    expect(() => apply(live, 'other', { data: { k: 'w' } })).toThrow('conflict with "kubectl-client-side-apply" using v1: .data.k');
    live = apply(live, 'kubectl', { data: { k: 'w' } });
    expect(live['data']).toEqual({ k: 'w', gone: 'x' });
    expect(live.metadata?.annotations?.[last]).toBe('{"apiVersion":"v1","data":{"k":"w"},"kind":"Thing","metadata":{"name":"x"}}\n');
  });

  it('merges keyed lists and sets: the applied order leads, live elements keep their place', () => {
    let live = apply(null, 'one', { metadata: { name: 'x', finalizers: ['a/1'] }, spec: { ports: [{ port: 80 }, { port: 81 }] } });
    live = apply(live, 'two', {
      metadata: { name: 'x', finalizers: ['b/2', 'a/1'] },
      spec: { ports: [{ port: 90 }, { port: 81 }, { port: 80, protocol: 'UDP' }] },
    });
    expect(live.metadata?.finalizers).toEqual(['b/2', 'a/1']);
    expect((live['spec'] as { ports: object[] }).ports).toEqual([{ port: 80 }, { port: 90 }, { port: 81 }, { port: 80, protocol: 'UDP' }]);
    live = apply(live, 'two', {});
    expect((live['spec'] as { ports: object[] }).ports).toEqual([{ port: 80 }, { port: 81 }]);
  });

  it('atomic lists and maps are owned as a whole', () => {
    const live = apply(null, 'one', { spec: { args: ['a'], selector: { app: 'x' } } });
    expect(() => apply(live, 'two', { spec: { args: ['a', 'b'] } })).toThrow('conflict with "one": .spec.args');
    expect(() => apply(live, 'two', { spec: { selector: { app: 'y' } } })).toThrow('conflict with "one": .spec.selector');
  });

  it.each([
    [{ data: { k: 5 } }, '.data.k: expected string, got &value.valueUnstructured{Value:5}'],
    [{ data: ['list'] }, '.data: expected map, got &{[list]}'],
    [{ extra: 'field' }, '.extra: field not declared in schema'],
    [{ spec: { ports: [{ port: 1 }, { port: 1 }] } }, '.spec.ports: duplicate entries for key [port=1,protocol="TCP"]'],
    [{ metadata: { name: 'x', finalizers: ['a/a', 'a/a'] } }, '.metadata.finalizers: duplicate entries for key [="a/a"]'],
    [
      { spec: { ports: [{ name: 'x' }] } },
      '.spec.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn\'t have default value)',
    ],
  ])('refuses %j with 400', (applied, detail) => {
    let failure: unknown;
    try {
      apply(null, 'one', applied);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({
      status: { code: 400, message: `failed to create typed patch object (/x; /v1, Kind=Thing): ${detail}` },
    });
  });
});

describe('managed fields of ordinary writes', () => {
  it('a creator owns maps with their entries, and nothing that is always there', () => {
    const live = update(null, 'creator', { metadata: { name: 'x', labels: { a: '1' } }, data: { k: 'v' }, spec: { replicas: 1 } });
    expect(owners(live)).toEqual([
      [
        'Update creator',
        {
          'f:data': { '.': {}, 'f:k': {} },
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': { 'f:replicas': {} },
        },
      ],
    ]);
  });

  it("moves changed fields to the writer and drops removed ones; what the endpoint does not write is nobody's", () => {
    let live = apply(null, 'one', { data: { k: 'v', l: 'w', m: 'x' } });
    live = update(live, 'editor', { ...live, data: { k: 'edited', l: 'w' }, status: { ready: 3 } });
    expect(owners(live)).toEqual([
      ['Apply one', { 'f:data': { 'f:l': {} } }],
      ['Update editor', { 'f:data': { 'f:k': {} } }],
    ]);
  });

  it('one empty entry clears them, and a cleared object is not tracked until somebody applies', () => {
    let live = update(null, 'creator', { metadata: { name: 'x' }, data: { k: 'v' } });
    live = update(live, 'editor', { ...live, metadata: { ...live.metadata, managedFields: [{}] } });
    expect(live.metadata?.managedFields).toEqual([]);
    live = update(live, 'editor', { ...live, data: { k: 'w' } });
    expect(live.metadata?.managedFields).toEqual([]);
  });

  it('keeps ten update managers apart and merges the oldest', () => {
    let live = update(null, 'm00', { metadata: { name: 'x' }, data: { k00: '' } });
    for (let i = 1; i < 13; i++) {
      const key = `k${String(i).padStart(2, '0')}`;
      live = update(live, `m${key.slice(1)}`, { ...live, data: { ...(live['data'] as object), [key]: '' } });
    }
    const managers = live.metadata?.managedFields?.map(({ manager }) => manager);
    expect(managers).toHaveLength(10);
    expect(managers?.[0]).toBe('ancient-changes');
    expect(live.metadata?.managedFields?.[0]?.fieldsV1).toEqual({
      'f:data': { '.': {}, 'f:k00': {}, 'f:k01': {}, 'f:k02': {}, 'f:k03': {} },
    });
  });
});
