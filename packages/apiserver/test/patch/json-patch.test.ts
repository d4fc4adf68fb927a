import { describe, expect, it } from 'vitest';
import { at, PATCH, useServer, warningsOf } from '../support/requests.js';

const base = '/api/v1/namespaces/default/configmaps';
const REJECTED = [422, 'Invalid', 'the server rejected our request due to an error in our request'];

const requests = useServer();

/** A config map to patch; its path. */
async function configMap(): Promise<string> {
  const name = requests.fresh();
  await requests.ok(`POST ${base}`, {
    metadata: { name, labels: { l: 'm' }, finalizers: ['x.io/a', 'x.io/b'] },
    data: { k: 'v', 'a.b': 'w' },
  });
  return `${base}/${name}`;
}

async function patched(operations: unknown, field: string): Promise<unknown> {
  const path = await configMap();
  const object = await requests.ok(`PATCH ${path}?dryRun=All`, operations, { type: PATCH.json });
  return at(object, field);
}

const refused = async (operations: unknown, query = ''): Promise<unknown[]> =>
  requests.refusal(`PATCH ${await configMap()}${query}`, operations, { type: PATCH.json });

describe('operations that apply', () => {
  it.each([
    ['replaces', [{ op: 'replace', path: '/data/k', value: 'w' }], 'data.k', 'w'],
    ['replaces what is absent', [{ op: 'replace', path: '/data/n', value: 'w' }], 'data.n', 'w'],
    ['adds over what is there', [{ op: 'add', path: '/data/k', value: 'w' }], 'data.k', 'w'],
    ['adds a missing value as null, which text shows empty', [{ op: 'add', path: '/data/n' }], 'data', { 'a.b': 'w', k: 'v', n: '' }],
    ['replaces by null', [{ op: 'replace', path: '/data', value: null }], 'data', undefined],
    ['removes', [{ op: 'remove', path: '/data/k' }], 'data', { 'a.b': 'w' }],
    ['moves', [{ op: 'move', from: '/data/k', path: '/data/n' }], 'data', { 'a.b': 'w', n: 'v' }],
    ['moves to where it is', [{ op: 'move', from: '/data/k', path: '/data/k' }], 'data.k', 'v'],
    ['copies between maps', [{ op: 'copy', from: '/metadata/labels/l', path: '/data/k' }], 'data.k', 'm'],
    ['tests a map', [{ op: 'test', path: '/data', value: { 'a.b': 'w', k: 'v' } }], 'data.k', 'v'],
    ['tests an element', [{ op: 'test', path: '/metadata/finalizers/1', value: 'x.io/b' }], 'data.k', 'v'],
    ['finds null where nothing is', [{ op: 'test', path: '/data/none', value: null }], 'data.k', 'v'],
    ['finds null for a test without value', [{ op: 'test', path: '/metadata/annotations' }], 'data.k', 'v'],
    ['inserts', [{ op: 'add', path: '/metadata/finalizers/1', value: 'x.io/c' }], 'metadata.finalizers', ['x.io/a', 'x.io/c', 'x.io/b']],
    ['appends', [{ op: 'add', path: '/metadata/finalizers/-', value: 'x.io/c' }], 'metadata.finalizers.2', 'x.io/c'],
    ['inserts from the end', [{ op: 'add', path: '/metadata/finalizers/-2', value: 'x.io/c' }], 'metadata.finalizers.1', 'x.io/c'],
    ['removes the last', [{ op: 'remove', path: '/metadata/finalizers/-1' }], 'metadata.finalizers', ['x.io/a']],
    ['reads indexes with zeros and signs', [{ op: 'remove', path: '/metadata/finalizers/01' }], 'metadata.finalizers', ['x.io/a']],
    ['reads indexes with zeros and signs', [{ op: 'remove', path: '/metadata/finalizers/+0' }], 'metadata.finalizers', ['x.io/b']],
    ['moves elements', [{ op: 'move', from: '/metadata/finalizers/0', path: '/metadata/finalizers/1' }], 'metadata.finalizers.0', 'x.io/b'],
    ['escapes slashes', [{ op: 'add', path: '/metadata/labels/x.io~1y', value: 'z' }], 'metadata.labels', { l: 'm', 'x.io/y': 'z' }],
    ['takes any first part', [{ op: 'add', path: 'any/immutable', value: true }], 'immutable', true],
    ['does nothing', [], 'data.k', 'v'],
    [
      'keeps the identity that it removes',
      [
        { op: 'remove', path: '/kind' },
        { op: 'remove', path: '/metadata/namespace' },
      ],
      'kind',
      'ConfigMap',
    ],
  ])('%s: %j', async (_name, operations, field, expected) => {
    expect(await patched(operations, field)).toEqual(expected);
  });

  it('replaces the whole document, and keeps who owns what', async () => {
    const path = await configMap();
    const name = path.slice(path.lastIndexOf('/') + 1);
    const value = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { whole: 'document' } };
    const object = await requests.ok(`PATCH ${path}?fieldManager=zed`, [{ op: 'replace', path: '', value }], { type: PATCH.json });
    expect(object['data']).toEqual({ whole: 'document' });
    const owners = object.metadata['managedFields'] as { manager: string; fieldsV1: object }[];
    expect(owners.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['unknown', { 'f:data': {} }],
      ['zed', { 'f:data': { 'f:whole': {} } }],
    ]);
  });

  it('all or nothing', async () => {
    const path = await configMap();
    const operations = [
      { op: 'replace', path: '/data/k', value: 'w' },
      { op: 'test', path: '/data/k', value: 'v' },
    ];
    expect(await requests.refusal(`PATCH ${path}`, operations, { type: PATCH.json })).toEqual(REJECTED);
    expect((await requests.ok(`GET ${path}`))['data']).toEqual({ 'a.b': 'w', k: 'v' });
  });
});

describe('operations that do not apply', () => {
  it.each([
    [{ op: 'test', path: '/data/k', value: 'other' }],
    [{ op: 'test', path: '/data/k', value: 1 }],
    [{ op: 'test', path: '/data/k', value: null }],
    [{ op: 'test', path: '/data/k' }],
    [{ op: 'test', path: '', value: {} }],
    [{ op: 'test', path: '/none/deeper', value: null }],
    [{ op: 'test', path: '/metadata/finalizers/2', value: null }],
    [{ op: 'remove', path: '/data/none' }],
    [{ op: 'remove', path: '' }],
    [{ op: 'remove', path: '/metadata/finalizers/-' }],
    [{ op: 'remove', path: '/metadata/finalizers/-3' }],
    [{ op: 'replace', path: '/metadata/finalizers/2', value: 'x.io/c' }],
    [{ op: 'replace', path: '/metadata/finalizers/-', value: 'x.io/c' }],
    [{ op: 'add', path: '/metadata/finalizers/3', value: 'x.io/c' }],
    [{ op: 'add', path: '/metadata/finalizers/one', value: 'x.io/c' }],
    [{ op: 'add', path: '/metadata/annotations/k', value: 'no parent' }],
    [{ op: 'add', path: 'data', value: {} }],
    [{ op: 'add', value: 'no path' }],
    [{ op: 'move', from: '/data/none', path: '/data/n' }],
    [{ op: 'move', path: '/data/n' }],
    [{ op: 'copy', path: '/data/n' }],
    [{ op: 'copy', from: '/none/x', path: '/data/n' }],
    [{ op: 'ADD', path: '/data/n', value: 'x' }],
    [{ path: '/data/n', value: 'x' }],
    [{}],
    [null],
  ])('%j', async (operation) => {
    expect(await refused([operation])).toEqual(REJECTED);
  });

  it('result of another type, name or namespace', async () => {
    const outcome = (operation: object): Promise<unknown[]> => refused([operation]);
    expect((await outcome({ op: 'add', path: '/data/n', value: 5 })).slice(0, 2)).toEqual([422, 'Invalid']);
    expect(await outcome({ op: 'remove', path: '/metadata/name' })).toEqual([
      400,
      'BadRequest',
      expect.stringMatching(/^the name of the object \(thing-\d+ based on URL\) was undeterminable: name must be provided$/),
    ]);
    expect(await outcome({ op: 'replace', path: '/metadata/name', value: 'b' })).toEqual([
      400,
      'BadRequest',
      expect.stringMatching(/^the name of the object \(b\) does not match the name on the URL \(thing-\d+\)$/),
    ]);
    // The namespace is looked at first.
    expect(await outcome({ op: 'replace', path: '/metadata', value: { name: 'b', namespace: 'other' } })).toEqual([
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
  });
});

describe('malformed documents', () => {
  const decoding = (text: string): unknown[] => [400, 'BadRequest', `error decoding patch: ${text}`];

  it.each([
    ['{}', 'json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['"x"', 'json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp'],
    ['["x"]', 'json: cannot unmarshal string into Go value of type handlers.jsonPatchOp'],
    ['[[]]', 'json: cannot unmarshal array into Go value of type handlers.jsonPatchOp'],
    ['[{"op":5}]', 'json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string'],
    ['[{"op":"add","path":{}}]', 'json: cannot unmarshal object into Go struct field jsonPatchOp.path of type string'],
    ['[{"op":"add",', 'unexpected end of JSON input'],
    ['', 'unexpected end of JSON input'],
    ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
  ])('%s', async (text, message) => {
    expect(await refused(text)).toEqual(decoding(message));
  });

  it('read leniently', async () => {
    expect(await refused('{}', '?fieldValidation=Ignore')).toEqual([
      400,
      'BadRequest',
      'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    ]);
    expect(await refused('["x"]', '?fieldValidation=Ignore')).toEqual([
      400,
      'BadRequest',
      'json: cannot unmarshal string into Go value of type jsonpatch.Operation',
    ]);
    expect(await refused('[{"op":5}]', '?fieldValidation=Ignore')).toEqual(REJECTED);
  });

  it('unknown and duplicate fields of operations count as those of objects do', async () => {
    const text = '[{"op":"add","path":"/data/z","value":"1","value":"2","extra":1}, {"op":"add","path":"/nope","value":1}]';
    const faults = ['json patch duplicate field "[0].value"', 'json patch unknown field "[0].extra"', 'unknown field "nope"'];
    const path = await configMap();
    const send = (mode: string) => requests.send(`PATCH ${path}?fieldValidation=${mode}`, text, { type: PATCH.json });
    const strict = await send('Strict');
    expect([strict.status, strict.body.message]).toEqual([
      422,
      ` "" is invalid: patch: Invalid value: <object>: strict decoding error: ${faults.join(', ')}`,
    ]);
    const warn = await send('Warn');
    expect([warn.status, warningsOf(warn), at(warn.body, 'data.z')]).toEqual([200, faults, '2']);
    expect(warningsOf(await send('Ignore'))).toEqual([]);
  });

  it('too many operations', async () => {
    expect(await refused(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })))).toEqual([
      413,
      'RequestEntityTooLarge',
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ]);
  });

  it('of an object that is not there, the object is told first', async () => {
    expect(await requests.refusal(`PATCH ${base}/none`, '{', { type: PATCH.json })).toEqual([
      404,
      'NotFound',
      'configmaps "none" not found',
    ]);
  });
});
