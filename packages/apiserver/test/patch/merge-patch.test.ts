import { describe, expect, it } from 'vitest';
import { at, PATCH, useServer, warningsOf } from '../support/requests.js';

const base = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { type: PATCH.merge };

const requests = useServer();

async function configMap(): Promise<{ path: string; name: string; uid: string; version: string }> {
  const name = requests.fresh();
  const { metadata } = await requests.ok(`POST ${base}`, {
    metadata: { name, labels: { keep: '1', drop: '2' } },
    data: { k: 'v', l: 'w' },
  });
  return { path: `${base}/${name}`, name, uid: metadata.uid, version: metadata.resourceVersion };
}

describe('merge', () => {
  it.each([
    ['sets, and keeps the rest', { data: { k: 'x' } }, 'data', { k: 'x', l: 'w' }],
    ['deletes with null, also what is not there', { data: { k: null, none: null } }, 'data', { l: 'w' }],
    ['deletes a map', { data: null }, 'data', undefined],
    ['nulls in a new map mean nothing', { binaryData: { a: null, b: 'eA==' } }, 'binaryData', { b: 'eA==' }],
    ['an empty map changes nothing', { metadata: { labels: {} } }, 'metadata.labels', { drop: '2', keep: '1' }],
    ['an empty patch changes nothing', {}, 'data', { k: 'v', l: 'w' }],
    ['a list is set as a whole', { metadata: { finalizers: ['x.io/b', 'x.io/a'] } }, 'metadata.finalizers', ['x.io/b', 'x.io/a']],
  ])('%s', async (_name, patch, field, expected) => {
    const { path } = await configMap();
    expect(at(await requests.ok(`PATCH ${path}`, patch, MERGE), field)).toEqual(expected);
  });

  it('lists of objects are replaced, defaults of the new elements come back', async () => {
    const name = requests.fresh();
    const template = (containers: object[]) => ({ metadata: { labels: { app: name } }, spec: { containers } });
    const spec = { replicas: 3, selector: { matchLabels: { app: name } }, template: template([{ name: 'a', image: 'a:1', args: ['x'] }]) };
    await requests.ok(`POST ${deployments}`, { metadata: { name }, spec });
    const containers = [{ name: 'a', image: 'a:2', command: null, ports: [{ containerPort: 80, name: null }] }];
    const patch = { spec: { replicas: null, template: { spec: { containers } } } };
    const changed = await requests.ok(`PATCH ${deployments}/${name}`, patch, MERGE);
    expect([at(changed, 'spec.replicas'), changed.metadata['generation']]).toEqual([1, 2]);
    expect(at(changed, 'spec.template.spec.containers')).toEqual([
      {
        name: 'a',
        image: 'a:2',
        imagePullPolicy: 'IfNotPresent',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ]);
  });

  it('a patch that changes nothing writes nothing', async () => {
    const { path, version } = await configMap();
    expect((await requests.ok(`PATCH ${path}`, { data: { k: 'v' } }, MERGE)).metadata.resourceVersion).toBe(version);
  });
});

describe('identity', () => {
  it('the name and the namespace stay, the namespace is looked at first', async () => {
    const { path, name } = await configMap();
    expect(await requests.refusal(`PATCH ${path}`, { metadata: { name: 'b' } }, MERGE)).toEqual([
      400,
      'BadRequest',
      `the name of the object (b) does not match the name on the URL (${name})`,
    ]);
    expect(await requests.refusal(`PATCH ${path}`, { metadata: { name: 'b', namespace: 'other' } }, MERGE)).toEqual([
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
  });

  it('the uid and the deletion stay', async () => {
    const { path, name, uid } = await configMap();
    const { status, body } = await requests.send(`PATCH ${path}`, { metadata: { uid: '11111111-2222-3333-4444-555555555555' } }, MERGE);
    const message = 'field is immutable';
    expect([status, body.reason, body.details]).toEqual([
      422,
      'Invalid',
      expect.objectContaining({
        name,
        kind: 'ConfigMap',
        causes: expect.arrayContaining([expect.objectContaining({ field: 'metadata.uid' })]),
      }),
    ]);
    expect(body.message).toContain(message);
    const deletion = { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } };
    expect(await requests.refusal(`PATCH ${path}`, deletion, MERGE)).toEqual([422, 'Invalid', expect.stringContaining(message)]);
    const ignored = { metadata: { creationTimestamp: null, selfLink: '/x', uid } };
    expect((await requests.ok(`PATCH ${path}`, ignored, MERGE)).metadata['creationTimestamp']).toMatch(/^20/);
  });

  it('a version in the patch is a precondition', async () => {
    const { path, name, version } = await configMap();
    await requests.ok(`PATCH ${path}`, { metadata: { resourceVersion: version }, data: { n: '1' } }, MERGE);
    expect(await requests.refusal(`PATCH ${path}`, { metadata: { resourceVersion: version }, data: { n: '2' } }, MERGE)).toEqual([
      409,
      'Conflict',
      `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    ]);
    expect(at(await requests.ok(`PATCH ${path}`, { metadata: { resourceVersion: null }, data: { n: '3' } }, MERGE), 'data.n')).toBe('3');
  });
});

describe('malformed', () => {
  it.each([
    ['{"data":', '', 'error decoding patch: unexpected end of JSON input'],
    ['', '', 'error decoding patch: unexpected end of JSON input'],
    ['[]', '', 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['"x"', '', 'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}'],
    ['null', '', 'Invalid JSON Patch'],
    ['{', '?fieldValidation=Ignore', 'Invalid JSON Patch'],
    ['"x"', '?fieldValidation=Ignore', 'Invalid JSON Patch'],
  ])('%s%s', async (text, query, message) => {
    const { path } = await configMap();
    expect(await requests.refusal(`PATCH ${path}${query}`, text, MERGE)).toEqual([400, 'BadRequest', message]);
  });

  it('of an object that is not there, the object is told first', async () => {
    expect(await requests.refusal(`PATCH ${base}/none`, '{', MERGE)).toEqual([404, 'NotFound', 'configmaps "none" not found']);
  });

  it.each([
    ['merge', PATCH.merge, '<object>'],
    ['strategic', PATCH.strategic, '"map[data:map[k:2] metadata:map[nah:1] nope:1]"'],
  ])('unknown and duplicate fields: %s', async (_name, type, shown) => {
    const { path } = await configMap();
    const text = '{"nope":1,"metadata":{"nah":1},"data":{"k":"1","k":"2"}}';
    const faults = ['duplicate field "data.k"', 'unknown field "metadata.nah"', 'unknown field "nope"'];
    const strict = await requests.refusal(`PATCH ${path}?fieldValidation=Strict`, text, { type });
    expect(strict).toEqual([422, 'Invalid', ` "" is invalid: patch: Invalid value: ${shown}: strict decoding error: ${faults.join(', ')}`]);
    const warn = await requests.send(`PATCH ${path}`, text, { type });
    expect([warn.status, warningsOf(warn), at(warn.body, 'data.k')]).toEqual([200, faults, '2']);
    expect(warningsOf(await requests.send(`PATCH ${path}?fieldValidation=Ignore`, text, { type }))).toEqual([]);
  });
});

describe('options', () => {
  const fails = async (query: string, type: string): Promise<unknown[]> => {
    const { path } = await configMap();
    const body = type === PATCH.json ? [] : {};
    const { status, body: answer } = await requests.send(`PATCH ${path}?${query}`, body, { type });
    const causes = (answer.details?.['causes'] ?? []) as { field: string; message: string }[];
    return [status, ...causes.map(({ field, message }) => `${field}: ${message}`)];
  };

  it.each([
    ['force=true', PATCH.merge, ['force: Forbidden: may not be specified for non-apply patch']],
    ['force=', PATCH.json, ['force: Forbidden: may not be specified for non-apply patch']],
    ['', PATCH.apply, ['fieldManager: Required value: is required for apply patch']],
    ['dryRun=Some', PATCH.merge, ['dryRun: Unsupported value: ["Some"]: supported values: "All"']],
    [
      'fieldValidation=Loud',
      PATCH.strategic,
      ['fieldValidation: Unsupported value: "Loud": supported values: "", "Ignore", "Strict", "Warn"'],
    ],
    [`fieldManager=${'m'.repeat(129)}`, PATCH.merge, ['fieldManager: Too long: may not be more than 128 bytes']],
    ['fieldManager=a%0Ab', PATCH.merge, ['fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)']],
    // Every option that does not fit is named, what the form of the patch asks for first.
    [
      'force=1&dryRun=Some&fieldValidation=Loud',
      PATCH.merge,
      [
        'force: Forbidden: may not be specified for non-apply patch',
        'dryRun: Unsupported value: ["Some"]: supported values: "All"',
        'fieldValidation: Unsupported value: "Loud": supported values: "", "Ignore", "Strict", "Warn"',
      ],
    ],
    [
      'dryRun=Some',
      PATCH.apply,
      ['fieldManager: Required value: is required for apply patch', 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    ],
  ])('%s of %s', async (query, type, causes) => {
    expect(await fails(query, type)).toEqual([422, ...causes]);
  });

  it('a scale has the same rules', async () => {
    const name = requests.fresh();
    const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await requests.ok(`POST ${deployments}`, { metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template } });
    const scale = `PATCH ${deployments}/${name}/scale`;
    expect((await requests.refusal(`${scale}?force=true`, {}, MERGE)).slice(0, 2)).toEqual([422, 'Invalid']);
    expect((await requests.refusal(scale, {}, { type: PATCH.apply })).slice(0, 2)).toEqual([422, 'Invalid']);
    expect(await requests.refusal(`PATCH ${deployments}/none/scale`, '{', MERGE)).toEqual([
      404,
      'NotFound',
      'deployments.apps "none" not found',
    ]);
  });

  it.each([
    ['application/json', 415],
    ['text/plain', 415],
    ['', 415],
    ['application/merge-patch+json; charset=utf-8', 200],
    ['Application/Merge-Patch+JSON', 415],
  ])('content type "%s": %i', async (type, status) => {
    const { path } = await configMap();
    expect((await requests.send(`PATCH ${path}`, '{}', { type, headers: { 'content-type': type } })).status).toBe(status);
  });
});
