import { describe, expect, it } from 'vitest';
import { Applier, ownersOf } from '../support/apply.js';
import { at, PATCH, useServer, warningsOf } from '../support/requests.js';

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const services = '/api/v1/namespaces/default/services';

const requests = useServer();
const applier = new Applier(requests);

function deployment() {
  const name = requests.fresh();
  const whole = (podSpec: object, more: object = {}): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: podSpec }, ...more },
  });
  const part = (podSpec: object): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { template: { spec: podSpec } },
  });
  return { path: `${deployments}/${name}`, whole, part };
}

describe('lists', () => {
  it('keyed lists are shared element by element', async () => {
    const { path, whole, part } = deployment();
    const main = { name: 'main', image: 'i', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] };
    await applier.apply(path, 'one', whole({ containers: [main] }));
    const more = { name: 'main', env: [{ name: 'C', value: '3' }], ports: [{ containerPort: 80, protocol: 'UDP' }] };
    const object = await applier.apply(path, 'two', part({ containers: [more, { name: 'side', image: 's' }] }));
    expect(at(object, 'spec.template.spec.containers.0.env')).toEqual([
      { name: 'A', value: '1' },
      { name: 'C', value: '3' },
    ]);
    expect(at(object, 'spec.template.spec.containers.0.ports')).toEqual([
      { containerPort: 80, protocol: 'TCP' },
      { containerPort: 80, protocol: 'UDP' },
    ]);
    // Half an element is a conflict of its own; letting go takes the rest away.
    expect(await applier.refusal(path, 'two', part({ containers: [{ name: 'main', env: [{ name: 'A', value: 'x' }] }] }))).toEqual([
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="main"].env[name="A"].value',
    ]);
    const less = await applier.apply(path, 'two', part({}));
    expect(at(less, 'spec.template.spec.containers')).toEqual([
      expect.objectContaining({ name: 'main', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80, protocol: 'TCP' }] }),
    ]);
  });

  it.each([
    ['args', { containers: [{ name: 'main', args: ['b'] }] }, '.spec.template.spec.containers[name="main"].args'],
    ['nodeSelector', { nodeSelector: { y: '2' } }, '.spec.template.spec.nodeSelector'],
    ['tolerations', { tolerations: [] }, '.spec.template.spec.tolerations'],
  ])('%s are owned as a whole', async (_name, patch, field) => {
    const { path, whole, part } = deployment();
    const containers = [{ name: 'main', image: 'i', args: ['a'] }];
    await applier.apply(path, 'one', whole({ containers, nodeSelector: { x: '1' }, tolerations: [{ operator: 'Exists' }] }));
    expect(await applier.refusal(path, 'two', part(patch))).toEqual([
      409,
      'Conflict',
      `Apply failed with 1 conflict: conflict with "one": ${field}`,
    ]);
    const forced = await applier.apply(path, 'two', part(patch), '&force=true');
    expect(ownersOf(forced).map(([who]) => who)).toEqual(['Apply one', 'Apply two']);
  });

  it('finalizers are a set, owners are keyed by uid', async () => {
    const name = requests.fresh();
    const path = `${configMaps}/${name}`;
    const apply = (manager: string, metadata: object) =>
      applier.apply(path, manager, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } });
    const uids: string[] = [];
    for (const owner of ['o1', 'o2']) uids.push((await requests.ok(`POST ${configMaps}`, { metadata: { name: owner } })).metadata.uid);
    const [u1, u2] = uids;
    const owner = (i: 0 | 1): object => ({ apiVersion: 'v1', kind: 'ConfigMap', name: `o${i + 1}`, uid: uids[i] });
    await apply('one', { finalizers: ['x.io/one'], ownerReferences: [owner(0)] });
    const object = await apply('two', { finalizers: ['x.io/two', 'x.io/one'], ownerReferences: [owner(1)] });
    expect([object.metadata['finalizers'], object.metadata['ownerReferences']]).toEqual([
      ['x.io/two', 'x.io/one'],
      [owner(0), owner(1)],
    ]);
    expect(ownersOf(object)).toEqual([
      ['Apply one', { 'f:metadata': { 'f:finalizers': { 'v:"x.io/one"': {} }, 'f:ownerReferences': { [`k:{"uid":"${u1}"}`]: {} } } }],
      [
        'Apply two',
        {
          'f:metadata': {
            'f:finalizers': { 'v:"x.io/one"': {}, 'v:"x.io/two"': {} },
            'f:ownerReferences': { [`k:{"uid":"${u2}"}`]: {} },
          },
        },
      ],
    ]);
    expect((await apply('one', {})).metadata['finalizers']).toEqual(['x.io/two', 'x.io/one']);
    expect((await apply('two', {})).metadata['finalizers']).toBeUndefined();
  });

  it('defaults come back where a value is not applied any more', async () => {
    const { path, whole } = deployment();
    const containers = [{ name: 'main', image: 'i' }];
    const replicas = (object: unknown): unknown => at(object, 'spec.replicas');
    expect(replicas(await applier.apply(path, 'one', whole({ containers }, { replicas: 5 })))).toBe(5);
    expect(replicas(await applier.apply(path, 'one', whole({ containers })))).toBe(1);
  });

  it('numbers and quantities are compared as they are written', async () => {
    const { path, whole, part } = deployment();
    const limits = (cpu: unknown): object => ({ containers: [{ name: 'main', resources: { limits: { cpu } } }] });
    await applier.apply(path, 'one', whole({ containers: [{ name: 'main', image: 'i', resources: { limits: { cpu: '1' } } }] }));
    expect((await applier.refusal(path, 'two', part(limits('1000m')))).slice(0, 2)).toEqual([409, 'Conflict']);
    expect(await applier.refusal(path, 'two', part(limits('1')))).toEqual([200]);
  });
});

describe('what does not fit the schema', () => {
  const untyped = (kind: string, version: string, name: string, text: string): unknown[] => [
    400,
    'BadRequest',
    `failed to create typed patch object (/${name}; ${version}, Kind=${kind}): ${text}`,
  ];

  it.each([
    [{ data: { k: 5 } }, '.data.k: expected string, got &value.valueUnstructured{Value:5}'],
    [{ data: ['list'] }, '.data: expected map, got &{[list]}'],
    [{ extra: 'field' }, '.extra: field not declared in schema'],
    [{ immutable: 'yes' }, '.immutable: expected boolean, got &{yes}'],
    [{ metadata: { name: 'a', labels: ['x'] } }, '.metadata.labels: expected map, got &{[x]}'],
    [{ metadata: { name: 'a', more: 1 } }, '.metadata.more: field not declared in schema'],
    [{ metadata: { name: 'a', finalizers: ['b', 'b'] } }, '.metadata.finalizers: duplicate entries for key [="b"]'],
    [
      { metadata: { name: 'a', finalizers: [{}] } },
      ".metadata.finalizers: element 0: associative list without keys has an element that's a map type",
    ],
    [
      { data: { k: 5 }, extra: 1 },
      'errors:\n  .data.k: expected string, got &value.valueUnstructured{Value:5}\n  .extra: field not declared in schema',
    ],
  ])('config map %j', async (fields, text) => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields };
    expect(await applier.refusal(`${configMaps}/a`, 'one', body)).toEqual(untyped('ConfigMap', '/v1', 'a', text));
  });

  it.each([
    [[{ port: 80 }, { port: 80 }], '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]'],
    [[80], '.spec.ports: element 0: associative list with keys may not have non-map elements'],
    [[null], '.spec.ports: element 0: associative list with keys may not have a null element'],
    [{ port: 80 }, '.spec.ports: expected list, got &{map[port:80]}'],
    [[{ port: '80' }], '.spec.ports[port="80",protocol="TCP"].port: expected numeric (int or float), got string'],
    [[{ port: 80, prot: 'TCP' }], '.spec.ports[port=80,protocol="TCP"].prot: field not declared in schema'],
  ])('service ports %j', async (ports, text) => {
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports } };
    expect(await applier.refusal(`${services}/s`, 'one', body)).toEqual(untyped('Service', '/v1', 's', text));
  });

  it('names that are none are left out of the text', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 5 } };
    const text = '.metadata.name: expected string, got &value.valueUnstructured{Value:5}';
    expect(await applier.refusal(`${configMaps}/a`, 'one', body)).toEqual(untyped('ConfigMap', '/v1', '', text));
    expect(await applier.refusal(`${configMaps}/a`, 'one', { ...body, metadata: 'a' })).toEqual(
      untyped('ConfigMap', '/v1', '', '.metadata: expected map, got &{a}'),
    );
  });
});

describe('what is refused', () => {
  const configMap = (fields: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields });

  it.each([
    [configMap({ kind: 'Secret' }), 400, 'invalid object type: /v1, Kind=Secret'],
    [configMap({ apiVersion: 'v2' }), 400, 'invalid object type: /v2, Kind=ConfigMap'],
    [configMap({ apiVersion: undefined }), 400, 'invalid object type: /, Kind=ConfigMap'],
    [configMap({ kind: undefined }), 400, 'invalid object type: /v1, Kind='],
    [configMap({ metadata: { name: 'a', managedFields: [] } }), 400, 'metadata.managedFields must be nil'],
    [configMap({ metadata: { name: 'b' } }), 400, 'the name of the object (b) does not match the name on the URL (a)'],
    [configMap({ metadata: {} }), 400, 'the name of the object (a based on URL) was undeterminable: name must be provided'],
    [
      configMap({ metadata: { generateName: 'a-' } }),
      400,
      'the name of the object (a based on URL) was undeterminable: name must be provided',
    ],
    [
      configMap({ metadata: { name: 'a', namespace: 'other' } }),
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      configMap({ metadata: { name: 'a', uid: 'u' } }),
      409,
      'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid u, and no existing object was found',
    ],
  ])('%j', async (body, status, message) => {
    expect((await applier.refusal(`${configMaps}/a`, 'one', body)).filter((_, i) => i !== 1)).toEqual([status, message]);
  });

  it.each([
    ['{"apiVersion": "v1", ', 'error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content'],
    ['', 'invalid object type: /, Kind='],
    ['null', 'invalid object type: /, Kind='],
    [
      '5',
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go value of type map[string]interface {}',
    ],
    [
      '[]',
      'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
  ])('text %j', async (text, message) => {
    expect(await applier.refusal(`${configMaps}/a`, 'one', text)).toEqual([400, 'BadRequest', message]);
  });

  it('of several documents the first one counts, keys that come twice warn', async () => {
    const name = requests.fresh();
    const path = `${configMaps}/${name}`;
    const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  k: first\n`;
    expect(at(await applier.apply(path, 'one', `${yaml}---\nkind: Secret\n`), 'data')).toEqual({ k: 'first' });
    const twice = `${yaml}  k: second\n`;
    const send = (mode: string) => requests.send(`PATCH ${path}?fieldManager=one&fieldValidation=${mode}`, twice, { type: PATCH.apply });
    const [warn, ignore, strict] = [await send('Warn'), await send('Ignore'), await send('Strict')];
    expect([at(warn.body, 'data.k'), warningsOf(warn)]).toEqual(['second', ['line 7: key "k" already set in map']]);
    expect([at(ignore.body, 'data.k'), warningsOf(ignore)]).toEqual(['second', []]);
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "k" already set in map',
    ]);
  });

  it('a dry run stores nothing, a resourceVersion is a precondition', async () => {
    const name = requests.fresh();
    const path = `${configMaps}/${name}`;
    const body = (k: string, metadata: object = {}): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ...metadata },
      data: { k },
    });
    expect(at(await applier.apply(path, 'one', body('v'), '&dryRun=All'), 'data.k')).toBe('v');
    expect((await requests.send(`GET ${path}`)).status).toBe(404);
    const { resourceVersion } = (await applier.apply(path, 'one', body('v'))).metadata;
    await applier.apply(path, 'one', body('w', { resourceVersion }));
    expect((await applier.refusal(path, 'one', body('x', { resourceVersion }))).slice(0, 2)).toEqual([409, 'Conflict']);
    expect(at(await applier.apply(path, 'two', body('y'), '&dryRun=All&force=true'), 'data.k')).toBe('y');
    expect(at(await requests.ok(`GET ${path}`), 'data.k')).toBe('w');
  });
});
