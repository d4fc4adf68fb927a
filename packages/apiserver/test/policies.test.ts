/** Admission policies in a real server: from the stored policy to the refusal that a client sees. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing.js';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const API = 'admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const matchConstraints = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] }],
};
const object = (kind: string, name: string, spec: object) => ({ apiVersion: API, kind, metadata: { name }, spec });
const configMap = (name: string, data: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

async function store(prefix: 'Validating' | 'Mutating', name: string, spec: object, binding: object = {}): Promise<void> {
  const kind = `${prefix}AdmissionPolicy`;
  const base = `${GROUP}/${prefix.toLowerCase()}admissionpolic`;
  const policy = await server.client.request('POST', `${base}ies`, { body: object(kind, name, spec) });
  expect(policy.status, JSON.stringify(policy.body)).toBe(201);
  const actions = prefix === 'Validating' ? { validationActions: ['Deny'] } : {};
  const bound = await server.client.request('POST', `${base}ybindings`, {
    body: object(`${kind}Binding`, name, { policyName: name, ...actions, ...binding }),
  });
  expect(bound.status, JSON.stringify(bound.body)).toBe(201);
}

describe('a validating policy', () => {
  it('refuses creates, updates and deletions, and takes its parameters from the cluster', async () => {
    await server.client.request('POST', CONFIG_MAPS, { body: configMap('limits', { max: '1' }) });
    await store(
      'Validating',
      'sizes',
      {
        matchConstraints,
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'mine', expression: "request.name.startsWith('sized')" }],
        validations: [
          { expression: 'object == null || size(object.data) <= int(params.data.max)', messageExpression: "'at most ' + params.data.max" },
          { expression: "request.operation != 'DELETE'", message: 'kept', reason: 'Forbidden' },
        ],
      },
      { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
    );
    const refusal = "ValidatingAdmissionPolicy 'sizes' with binding 'sizes' denied request: ";
    expect(await server.client.request('POST', CONFIG_MAPS, { body: configMap('sized', { a: '1', b: '2' }) })).toMatchObject({
      status: 422,
      body: {
        reason: 'Invalid',
        message: `configmaps "sized" is forbidden: ${refusal}at most 1`,
        details: { causes: [{ message: `${refusal}at most 1` }] },
      },
    });
    expect((await server.client.request('POST', CONFIG_MAPS, { body: configMap('sized', { a: '1' }) })).status).toBe(201);
    await server.client.request('PUT', `${CONFIG_MAPS}/limits`, { body: configMap('limits', { max: '2' }) });
    expect((await server.client.request('PUT', `${CONFIG_MAPS}/sized`, { body: configMap('sized', { a: '1', b: '2' }) })).status).toBe(200);
    expect(await server.client.request('DELETE', `${CONFIG_MAPS}/sized`)).toMatchObject({
      status: 403,
      body: { message: `configmaps "sized" is forbidden: ${refusal}kept` },
    });
  });

  it('that is not valid is not stored, with all its faults', async () => {
    const spec = { matchConstraints, variables: [{ name: 'bad name', expression: '1 +' }], validations: [{ expression: 'objekt.x' }] };
    const answer = await server.client.request('POST', `${GROUP}/validatingadmissionpolicies`, {
      body: object('ValidatingAdmissionPolicy', 'broken', spec),
    });
    expect(answer).toMatchObject({
      status: 422,
      body: {
        details: {
          causes: [
            { field: 'spec.variables[0].name', message: 'Invalid value: "bad name": must be a valid CEL identifier' },
            { field: 'spec.variables[0].expression' },
            {
              field: 'spec.validations[0].expression',
              message:
                "Invalid value: \"objekt.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' (in container '')\n | objekt.x\n | ^",
            },
          ],
        },
      },
    });
  });

  it('gets warnings about its types in its status', async () => {
    const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }];
    const spec = { matchConstraints: { resourceRules: rules }, validations: [{ expression: 'object.replicas > 1' }] };
    await server.client.request('POST', `${GROUP}/validatingadmissionpolicies`, {
      body: object('ValidatingAdmissionPolicy', 'mistyped', spec),
    });
    await expect
      .poll(async () => (await server.client.request('GET', `${GROUP}/validatingadmissionpolicies/mistyped`)).body['status'], {
        timeout: 20_000,
      })
      .toEqual({
        observedGeneration: 1,
        typeChecking: {
          expressionWarnings: [
            {
              fieldRef: 'spec.validations[0].expression',
              warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^",
            },
          ],
        },
      });
  });
});

describe('a mutating policy', () => {
  it('changes what is stored, and is asked again when others changed it', async () => {
    const condition = (name: string) => [{ name: 'mine', expression: `object.metadata.name == '${name}'` }];
    await store('Mutating', 'a-count', {
      matchConstraints: { resourceRules: [{ ...matchConstraints.resourceRules[0], operations: ['CREATE'] }] },
      matchConditions: condition('changed'),
      reinvocationPolicy: 'IfNeeded',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: "Object{ metadata: Object.metadata{ annotations: {'labels': string(size(object.metadata.?labels.orValue({})))} } }",
          },
        },
      ],
    });
    await store('Mutating', 'b-label', {
      matchConstraints: { resourceRules: [{ ...matchConstraints.resourceRules[0], operations: ['CREATE'] }] },
      matchConditions: condition('changed'),
      reinvocationPolicy: 'Never',
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'team': 'x'}}]" } },
      ],
    });
    const created = await server.client.request('POST', CONFIG_MAPS, { body: configMap('changed') });
    expect(created).toMatchObject({ status: 201, body: { metadata: { labels: { team: 'x' }, annotations: { labels: '1' } } } });
    expect((await server.client.request('GET', `${CONFIG_MAPS}/changed`)).body).toMatchObject({
      metadata: { annotations: { labels: '1' } },
    });
  });

  it('that fails refuses the request', async () => {
    await store('Mutating', 'failing', {
      matchConstraints: { resourceRules: [{ ...matchConstraints.resourceRules[0], operations: ['CREATE'] }] },
      matchConditions: [{ name: 'mine', expression: "object.metadata.name == 'failing'" }],
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/spec/x'}]" } }],
    });
    const message = `policy 'failing' with binding 'failing' denied request: JSON Patch: remove operation does not apply: doc is missing path: "/spec/x": missing value`;
    expect(await server.client.request('POST', CONFIG_MAPS, { body: configMap('failing') })).toMatchObject({
      status: 403,
      body: { reason: 'Invalid', message },
    });
  });
});
