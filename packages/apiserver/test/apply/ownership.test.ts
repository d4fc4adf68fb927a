import { describe, expect, it } from 'vitest';
import { Applier, entriesOf, nextSecond, ownersOf } from '../support/apply.js';
import { at, type Loose, PATCH, useServer } from '../support/requests.js';

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const requests = useServer();
const applier = new Applier(requests);

/** A config map of this test: applying to it, reading it. */
function configMap() {
  const name = requests.fresh();
  const path = `${configMaps}/${name}`;
  const body = (data: object | undefined, meta: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...meta },
    ...(data === undefined ? {} : { data }),
  });
  return {
    path,
    name,
    body,
    apply: (manager: string, data?: object, meta?: object, query?: string): Promise<Loose> =>
      applier.apply(path, manager, body(data, meta), query),
    refusal: (manager: string, data?: object, meta?: object, query?: string): Promise<unknown[]> =>
      applier.refusal(path, manager, body(data, meta), query),
  };
}

function deployment() {
  const name = requests.fresh();
  const path = `${deployments}/${name}`;
  const whole = (spec: object): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, ...spec });
  const pods = (containers: object[], more: object = {}): object => ({
    spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers } }, ...more },
  });
  return { path, name, whole, pods };
}

const conflict = (count: number, text: string): unknown[] => [
  409,
  'Conflict',
  `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${text}`,
];

describe('owning', () => {
  it('creates, repeats without a write, and drops what is not applied any more', async () => {
    const { apply } = configMap();
    const first = await apply('one', { k: 'v', l: 'w' }, { labels: { x: 'y' } });
    expect(ownersOf(first)).toEqual([['Apply one', { 'f:data': { 'f:k': {}, 'f:l': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } }]]);
    const again = await apply('one', { k: 'v', l: 'w' }, { labels: { x: 'y' } });
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const last = await apply('one', { k: 'v' });
    expect([last['data'], last.metadata['labels']]).toEqual([{ k: 'v' }, undefined]);
  });

  it('conflicts name the owner and the field; force takes over', async () => {
    const { apply, refusal } = configMap();
    await apply('one', { k: '1', shared: 's' });
    expect(await refusal('two', { k: '2', shared: 's' })).toEqual(conflict(1, 'conflict with "one": .data.k'));
    expect(await refusal('two', { k: '2' }, {}, '&force=false')).toEqual(conflict(1, 'conflict with "one": .data.k'));
    const forced = await apply('two', { k: '2', shared: 's' }, {}, '&force=true');
    expect(ownersOf(forced)).toEqual([
      ['Apply one', { 'f:data': { 'f:shared': {} } }],
      ['Apply two', { 'f:data': { 'f:k': {}, 'f:shared': {} } }],
    ]);
    expect(await refusal('one', { k: '1', shared: 's' })).toEqual(conflict(1, 'conflict with "two": .data.k'));
  });

  it('several conflicts are listed by manager', async () => {
    const { path, apply, refusal, body } = configMap();
    await apply('one', { a: '1', b: '1' });
    await apply('two', { c: '1' }, { labels: { l: '1' } });
    expect(await refusal('zed', { a: '2', b: '2' })).toEqual(conflict(2, 'conflicts with "one":\n- .data.a\n- .data.b'));
    const { body: answer } = await requests.send(`PATCH ${path}?fieldManager=zed`, body({ a: '2', c: '2' }, { labels: { l: '2' } }), {
      type: PATCH.apply,
    });
    expect(answer.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\nconflicts with "two":\n- .data.c\n- .metadata.labels.l',
    );
    const causes = answer.details?.['causes'] as { reason: string; message: string; field: string }[];
    expect(causes.map(({ reason, message, field }) => `${reason} ${message} ${field}`).sort()).toEqual([
      'FieldManagerConflict conflict with "one" .data.a',
      'FieldManagerConflict conflict with "two" .data.c',
      'FieldManagerConflict conflict with "two" .metadata.labels.l',
    ]);
  });

  it('shared fields stay until the last owner lets go', async () => {
    const { apply } = configMap();
    await apply('one', { k: 'v', mine: '1' });
    const shared = await apply('two', { k: 'v', yours: '2' });
    expect(shared['data']).toEqual({ k: 'v', mine: '1', yours: '2' });
    expect((await apply('one', { mine: '1' }))['data']).toEqual({ k: 'v', mine: '1', yours: '2' });
    expect((await apply('two'))['data']).toEqual({ mine: '1' });
  });

  it('an entry whose apply changed no value has no time', async () => {
    const { apply } = configMap();
    await apply('one', { k: 'v' });
    const object = await apply('two', { k: 'v' });
    expect(entriesOf(object).map(({ manager, time }) => [manager, typeof time])).toEqual([
      ['two', 'undefined'],
      ['one', 'string'],
    ]);
  });

  it('a write that is not an apply takes fields over; an apply meets it as it meets every owner', async () => {
    const { path, apply, refusal } = configMap();
    await apply('one', { k: 'v', l: 'w' });
    await requests.ok(`PATCH ${path}?fieldManager=editor`, { data: { k: 'edited' } }, { type: PATCH.merge });
    expect(await refusal('one', { k: 'v', l: 'w' })).toEqual(conflict(1, 'conflict with "editor" using v1: .data.k'));
    expect((await apply('one', { l: 'w' }))['data']).toEqual({ k: 'edited', l: 'w' });
    expect(ownersOf(await apply('one', { k: 'back', l: 'w' }, {}, '&force=true'))).toEqual([
      ['Apply one', { 'f:data': { 'f:k': {}, 'f:l': {} } }],
    ]);
  });

  it('objects without managed fields belong to before-first-apply', async () => {
    const { path, name, apply, refusal } = configMap();
    await requests.ok(`POST ${configMaps}`, { metadata: { name }, data: { k: 'v' } });
    const reset = await requests.ok(`PATCH ${path}`, { metadata: { managedFields: [{}] } }, { type: PATCH.merge });
    expect(reset.metadata).not.toHaveProperty('managedFields');
    // Nobody tracks it until the first apply.
    const changed = await requests.ok(`PATCH ${path}`, { data: { l: 'w' } }, { type: PATCH.merge });
    expect(changed.metadata).not.toHaveProperty('managedFields');
    expect(await refusal('zed', { k: 'other' })).toEqual(conflict(1, 'conflict with "before-first-apply" using v1: .data.k'));
    expect(ownersOf(await apply('zed', { k: 'v' }))).toEqual([
      ['Apply zed', { 'f:data': { 'f:k': {} } }],
      ['Update before-first-apply', { 'f:data': { '.': {}, 'f:k': {}, 'f:l': {} } }],
    ]);
  });

  it('null and empty managed fields change nothing', async () => {
    const { path, apply } = configMap();
    const before = ownersOf(await apply('one', { k: 'v' }));
    for (const managedFields of [null, []]) {
      const object = await requests.ok(`PATCH ${path}`, { metadata: { managedFields } }, { type: PATCH.merge });
      expect(ownersOf(object)).toEqual(before);
    }
  });
});

describe('subresources', () => {
  const available = { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] };

  it('an entry with a newer time comes after those of the seconds before', async () => {
    const { path, whole, pods } = deployment();
    const spec = pods([{ name: 'main', image: 'i' }]);
    await applier.apply(path, 'one', whole(spec));
    await applier.apply(`${path}/status`, 'two', whole({ status: available }));
    await nextSecond();
    // The status is dropped, and yet was asked for: the entry gets the time of this request.
    const object = await applier.apply(path, 'one', whole({ ...spec, status: { replicas: 7 } }));
    expect(at(object, 'status.replicas')).toBe(1);
    const entries = entriesOf(object);
    expect(entries.map(({ manager, operation, subresource }) => [manager, operation, subresource])).toEqual([
      ['two', 'Apply', 'status'],
      ['one', 'Apply', undefined],
    ]);
    expect(Date.parse(entries[1]?.time ?? '')).toBeGreaterThan(Date.parse(entries[0]?.time ?? ''));
  });

  it('status keeps to itself, annotations go along', async () => {
    const { path, name, whole, pods } = deployment();
    await applier.apply(path, 'one', whole(pods([{ name: 'main', image: 'i' }])));
    const metadata = { name, labels: { from: 'status' }, annotations: { from: 'status' } };
    const object = await applier.apply(`${path}/status`, 'two', { ...whole({ status: available, spec: { replicas: 9 } }), metadata });
    expect([at(object, 'spec.replicas'), object.metadata['generation']]).toEqual([1, 1]);
    // Deployments keep their labels there.
    expect([object.metadata['labels'], object.metadata['annotations']]).toEqual([undefined, { from: 'status' }]);
    expect(ownersOf(object).find(([who]) => who === 'Apply two/status')?.[1]).toEqual({
      'f:metadata': { 'f:annotations': { 'f:from': {} } },
      'f:status': { 'f:conditions': { 'k:{"type":"Available"}': { '.': {}, 'f:status': {}, 'f:type': {} } }, 'f:replicas': {} },
    });
    expect(await applier.refusal(`${path}/status`, 'zed', whole({ status: { replicas: 2 } }))).toEqual(
      conflict(1, 'conflict with "two" with subresource "status": .status.replicas'),
    );
    expect(await applier.refusal(`${deployments}/none/status`, 'two', { ...whole({}), metadata: { name: 'none' } })).toEqual([
      404,
      'NotFound',
      'deployments.apps "none" not found',
    ]);
  });

  it('scale owns the replicas of its object, and hands them over', async () => {
    const { path, name, whole, pods } = deployment();
    const main = [{ name: 'main', image: 'i' }];
    await applier.apply(path, 'one', whole(pods(main, { replicas: 1 })));
    const scale = (replicas: number): object => ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } });
    expect(await applier.refusal(`${path}/scale`, 'two', scale(3))).toEqual(conflict(1, 'conflict with "one": .spec.replicas'));
    expect(at(await applier.apply(`${path}/scale`, 'two', scale(3), '&force=true'), 'spec')).toEqual({ replicas: 3 });
    const object = await requests.ok(`GET ${path}`);
    expect(ownersOf(object).find(([who]) => who === 'Apply two/scale')).toEqual(['Apply two/scale', { 'f:spec': { 'f:replicas': {} } }]);
    expect(await applier.refusal(path, 'one', whole(pods(main, { replicas: 1 })))).toEqual(
      conflict(1, 'conflict with "two" with subresource "scale": .spec.replicas'),
    );
    expect(at(await applier.apply(path, 'one', whole(pods(main))), 'spec.replicas')).toBe(3);
    expect(await applier.refusal(`${path}/scale`, 'two', whole({ spec: { replicas: 2 } }))).toEqual([
      400,
      'BadRequest',
      'invalid object type: apps/v1, Kind=Deployment',
    ]);
  });
});

describe('versions', () => {
  it('an owner in another version is met by the same field', async () => {
    const name = requests.fresh();
    const path = (version: string): string => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/${name}`;
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const body = (version: string, spec: object): object => ({
      apiVersion: `autoscaling/${version}`,
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec,
    });
    await applier.apply(path('v2'), 'one', body('v2', { maxReplicas: 4, scaleTargetRef }));
    expect(await applier.refusal(path('v1'), 'two', body('v1', { maxReplicas: 5, scaleTargetRef }))).toEqual(
      conflict(1, 'conflict with "one": .spec.maxReplicas'),
    );
    const object = await applier.apply(path('v1'), 'two', body('v1', { minReplicas: 2 }));
    expect(entriesOf(object).map(({ manager, apiVersion }) => [manager, apiVersion])).toEqual([
      ['one', 'autoscaling/v2'],
      ['two', 'autoscaling/v1'],
    ]);
  });
});
