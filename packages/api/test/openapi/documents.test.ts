import { describe, expect, it } from 'vitest';
import { createBuiltInCatalogue } from '../../src/index.js';
import { type DocumentSource, documentKeys, type Json, loadDescriptions, openApiV2, openApiV3 } from '../../src/openapi/index.js';

const catalogue = createBuiltInCatalogue();
const source: DocumentSource = { catalogue, descriptions: await loadDescriptions(), gitVersion: 'v1.36.2' };
const documents = new Map(documentKeys(catalogue).map((key) => [key, openApiV3(source, key) as Json]));
const v2 = openApiV2(source);

const get = (value: unknown, ...path: string[]): unknown => path.reduce<unknown>((node, key) => (node as Json | undefined)?.[key], value);
const schemaOf = (key: string, definition: string): Json => get(documents.get(key), 'components', 'schemas', definition) as Json;

/** Everything below a node that an operation or schema refers to. */
function references(node: unknown, found: string[] = []): string[] {
  if (Array.isArray(node)) for (const item of node) references(item, found);
  else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref' && typeof value === 'string') found.push(value);
      else references(value, found);
    }
  }
  return found;
}

const resolves = (document: unknown, reference: string): boolean => get(document, ...reference.slice(2).split('/')) !== undefined;

describe('index of OpenAPI v3', () => {
  it('names the server, every group and every group version', () => {
    const groups = catalogue.groups().filter(({ name }) => name !== '');
    const expected = [
      ...groups.map(({ name }) => `apis/${name}`),
      ...groups.flatMap(({ name, versions }) => versions.map((version) => `apis/${name}/${version}`)),
      ...['api', 'api/v1', 'apis', 'version', 'openid/v1/jwks', '.well-known/openid-configuration'],
    ];
    expect([...documents.keys()]).toEqual(expected.sort());
  });

  it.each(['apis/nope/v1', 'apis/apps/v2', 'apis/nope', 'api/v2', '', 'apis/apps/v1/deployments', '__proto__', 'toString'])(
    'has no document %j',
    (key) => {
      expect(openApiV3(source, key)).toBeNull();
    },
  );
});

describe('documents of OpenAPI v3', () => {
  it.each([...documents.keys()])('resolves every reference of %s', (key) => {
    const document = documents.get(key);
    expect(references(document).filter((reference) => !resolves(document, reference))).toEqual([]);
  });

  it('describes every kind of every group version', () => {
    const missing: string[] = [];
    for (const { name, versions } of catalogue.groups()) {
      for (const version of versions) {
        const document = documents.get(name === '' ? `api/${version}` : `apis/${name}/${version}`);
        const schemas = Object.values(get(document, 'components', 'schemas') as Record<string, Json>);
        const kinds = schemas.flatMap((schema) => (schema['x-kubernetes-group-version-kind'] ?? []) as Json[]);
        for (const { definition } of catalogue.resources(name, version)) {
          const isThere = kinds.some(
            ({ group, version: served, kind }) => group === name && served === version && kind === definition.kind,
          );
          if (!isThere) missing.push(`${name}/${version} ${definition.kind}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it('gives every schema and almost every field a description', () => {
    const bare = new Set<string>();
    const undescribed = new Set<string>();
    let fields = 0;
    for (const document of documents.values()) {
      for (const [name, schema] of Object.entries((get(document, 'components', 'schemas') ?? {}) as Record<string, Json>)) {
        if (schema['description'] === undefined) bare.add(name);
        for (const [field, child] of Object.entries((schema['properties'] ?? {}) as Record<string, Json>)) {
          fields++;
          if (child['description'] === undefined && !name.endsWith('.JSONSchemaProps')) undescribed.add(`${name}.${field}`);
        }
      }
    }
    expect(fields).toBeGreaterThan(4000);
    expect([...bare]).toEqual([]);
    expect([...undescribed].filter((name) => !name.startsWith('io.k8s.apimachinery.pkg.version.Info.')).sort()).toEqual([
      'io.k8s.api.networking.v1.IngressRule.http',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation.description',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation.url',
      'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent.type',
    ]);
  });

  it('writes a definition with all its extensions', () => {
    const { description, ...shape } = get(schemaOf('api/v1', 'io.k8s.api.core.v1.Container'), 'properties', 'ports') as Json;
    expect(description).toMatch(/^List of ports to expose from the container\./);
    expect(shape).toEqual({
      type: 'array',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' },
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'containerPort',
      'x-kubernetes-patch-strategy': 'merge',
    });
    const deployment = get(schemaOf('apis/apps/v1', 'io.k8s.api.apps.v1.DeploymentSpec'), 'properties', 'strategy') as Json;
    expect(deployment).toMatchObject({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
      default: {},
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
    expect(schemaOf('api/v1', 'io.k8s.api.core.v1.SeccompProfile')).toMatchObject({
      required: ['type'],
      'x-kubernetes-unions': [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }],
    });
    expect(schemaOf('api/v1', 'io.k8s.api.core.v1.LocalObjectReference')).toMatchObject({ 'x-kubernetes-map-type': 'atomic' });
  });

  it.each([
    ['api/v1', [{ group: '', kind: 'DeleteOptions', version: 'v1' }]],
    [
      'apis/autoscaling/v2',
      [
        { group: '', kind: 'DeleteOptions', version: 'v1' },
        { group: 'autoscaling', kind: 'DeleteOptions', version: 'v2' },
      ],
    ],
  ])('lists the DeleteOptions of %s', (key, kinds) => {
    expect(schemaOf(key, 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions')['x-kubernetes-group-version-kind']).toEqual(kinds);
  });

  it.each([
    ['get', 'listCoreV1NamespacedPod', 'list', 'PodList'],
    ['post', 'createCoreV1NamespacedPod', 'post', 'Pod'],
    ['delete', 'deleteCoreV1CollectionNamespacedPod', 'deletecollection', undefined],
  ])('writes %s of a collection', (method, operationId, action, answer) => {
    const operation = get(documents.get('api/v1'), 'paths', '/api/v1/namespaces/{namespace}/pods', method) as Json;
    expect(operation).toMatchObject({
      operationId,
      tags: ['core_v1'],
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'Pod' },
    });
    if (answer === undefined) return;
    expect(get(operation, 'responses', '200', 'content', 'application/json', 'schema')).toEqual({
      $ref: `#/components/schemas/io.k8s.api.core.v1.${answer}`,
    });
  });

  it.each([
    ['/api/v1/nodes/{name}/proxy/{path}', 'get', 'connectCoreV1GetNodeProxyWithPath', 'NodeProxyOptions'],
    ['/api/v1/namespaces/{namespace}/pods/{name}/exec', 'post', 'connectCoreV1PostNamespacedPodExec', 'PodExecOptions'],
    ['/api/v1/namespaces/{namespace}/pods/{name}/log', 'get', 'readCoreV1NamespacedPodLog', 'Pod'],
    ['/api/v1/namespaces/{namespace}/pods/{name}/eviction', 'post', 'createCoreV1NamespacedPodEviction', 'Eviction'],
    ['/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token', 'post', 'createCoreV1NamespacedServiceAccountToken', 'TokenRequest'],
    ['/api/v1/namespaces/{name}/finalize', 'put', 'replaceCoreV1NamespaceFinalize', 'Namespace'],
    ['/api/v1/watch/namespaces/{namespace}/pods/{name}', 'get', 'watchCoreV1NamespacedPod', 'Pod'],
    ['/api/v1/watch/pods', 'get', 'watchCoreV1PodListForAllNamespaces', 'Pod'],
    ['/api/v1/componentstatuses/{name}', 'get', 'readCoreV1ComponentStatus', 'ComponentStatus'],
  ])('writes %s', (path, method, operationId, kind) => {
    expect(get(documents.get('api/v1'), 'paths', path, method)).toMatchObject({
      operationId,
      'x-kubernetes-group-version-kind': { kind },
    });
  });

  it.each([
    [
      'get',
      [
        'allowWatchBookmarks',
        'continue',
        'fieldSelector',
        'labelSelector',
        'limit',
        'resourceVersion',
        'resourceVersionMatch',
        'sendInitialEvents',
        'shardSelector',
        'timeoutSeconds',
        'watch',
      ],
    ],
    ['post', ['dryRun', 'fieldManager', 'fieldValidation']],
  ])('names the parameters of %s', (method, names) => {
    const path = get(documents.get('apis/apps/v1'), 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments');
    expect((get(path, method, 'parameters') as Json[]).map(({ name }) => name)).toEqual(names);
    expect((get(path, 'parameters') as Json[]).map(({ name, in: place }) => `${String(place)} ${String(name)}`)).toEqual([
      'path namespace',
      'query pretty',
    ]);
  });

  it('tells clients what they need to know before a patch', () => {
    const patch = get(documents.get('apis/apps/v1'), 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'patch') as Json;
    expect((patch['parameters'] as Json[]).map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(Object.keys(get(patch, 'requestBody', 'content') as Json)).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
      'application/strategic-merge-patch+json',
    ]);
  });

  it('gives every operation a name of its own', () => {
    const names: string[] = [];
    for (const document of documents.values()) {
      for (const item of Object.values(get(document, 'paths') as Record<string, Json>)) {
        for (const operation of Object.values(item)) if (!Array.isArray(operation)) names.push(String((operation as Json)['operationId']));
      }
    }
    expect(names.length).toBeGreaterThan(700);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('OpenAPI v2', () => {
  it('resolves every reference', () => {
    expect(references(v2).filter((reference) => !resolves(v2, reference))).toEqual([]);
  });

  it('holds every path of v3', () => {
    const paths = [...documents.values()].flatMap((document) => Object.keys(get(document, 'paths') as Json));
    expect(Object.keys(v2['paths'] as Json).sort()).toEqual(paths.sort());
  });

  it('has no defaults and no words of v3', () => {
    const { ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps']: _, ...definitions } = v2['definitions'] as Json;
    expect(JSON.stringify(definitions).match(/"(oneOf|allOf|default|nullable)":[^{]/g)).toBeNull();
    const { description, ...port } = get(v2, 'definitions', 'io.k8s.api.core.v1.HTTPGetAction', 'properties', 'port') as Json;
    expect(description).toMatch(/^Name or number of the port/);
    expect(port).toEqual({ $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString' });
    expect(get(v2, 'definitions', 'io.k8s.apimachinery.pkg.util.intstr.IntOrString')).toMatchObject({
      type: 'string',
      format: 'int-or-string',
    });
  });

  it('lists DeleteOptions for every group version of the scheme', () => {
    const kinds = get(v2, 'definitions', 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', 'x-kubernetes-group-version-kind') as Json[];
    expect(kinds).toHaveLength(53);
    expect(kinds[0]).toEqual({ group: '', version: 'v1', kind: 'DeleteOptions' });
  });
});
