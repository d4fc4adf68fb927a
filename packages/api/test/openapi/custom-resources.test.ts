import { describe, expect, it } from 'vitest';
import { createBuiltInCatalogue, GENERIC_TABLE, type ResourceDefinition, schemaOf } from '../../src/index.js';
import { descriptionsFrom, documentKeys, type Json, openApiV2, openApiV3 } from '../../src/openapi/index.js';

const given = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', default: 1, nullable: true },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
};
const lamps: ResourceDefinition = {
  group: 'home.example.com',
  resource: 'lamps',
  singular: 'lamp',
  kind: 'Lamp',
  listKind: 'LampList',
  namespaced: true,
  shortNames: [],
  categories: [],
  versions: [
    {
      version: 'v1',
      verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
      schema: { type: 'object' },
      openApiSchema: given,
      subresources: [
        { name: 'status', verbs: ['get', 'patch', 'update'], kind: 'Lamp', group: 'home.example.com', version: 'v1' },
        {
          name: 'scale',
          verbs: ['get', 'patch', 'update'],
          kind: 'Scale',
          group: 'autoscaling',
          version: 'v1',
          schema: schemaOf('autoscaling.v1/Scale'),
        },
      ],
      table: GENERIC_TABLE,
      selectableFields: [],
    },
  ],
  storageVersion: 'v1',
  storagePath: 'home.example.com/lamps',
  strategy: {},
  custom: true,
};

const catalogue = createBuiltInCatalogue();
catalogue.set(lamps);
const source = { catalogue, descriptions: descriptionsFrom({}), gitVersion: 'v1.36.2' };
const document = openApiV3(source, 'apis/home.example.com/v1') as { paths: Json; components: { schemas: Record<string, Json> } } & Json;
const LAMP = 'com.example.home.v1.Lamp';

describe('custom resources in OpenAPI', () => {
  it('has a document per group version and none for the group', () => {
    expect(documentKeys(catalogue).filter((key) => key.includes('example'))).toEqual(['apis/home.example.com/v1']);
    expect(document['info']).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' });
  });

  it('lists the paths without the old watch paths', () => {
    const base = '/apis/home.example.com/v1/namespaces/{namespace}/lamps';
    expect(Object.keys(document.paths)).toEqual([
      '/apis/home.example.com/v1/lamps',
      base,
      `${base}/{name}`,
      `${base}/{name}/scale`,
      `${base}/{name}/status`,
    ]);
    const collection = document.paths[base] as Record<string, Json>;
    expect(collection['get']?.['operationId']).toBe('listHomeExampleComV1NamespacedLamp');
    expect(collection['get']?.['tags']).toEqual(['homeExampleCom_v1']);
  });

  it('writes the schema as given, with the fields that every object has', () => {
    const meta = { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] };
    const lamp = document.components.schemas[LAMP] as { properties: Record<string, Json> } & Json;
    expect(lamp['required']).toEqual(['spec']);
    expect(lamp['x-kubernetes-group-version-kind']).toEqual([{ group: 'home.example.com', version: 'v1', kind: 'Lamp' }]);
    expect(lamp.properties['metadata']).toMatchObject(meta);
    const spec = (lamp.properties['spec'] as { properties: Record<string, Json> }).properties;
    expect(spec['size']).toEqual({ type: 'integer', default: 1, nullable: true });
    expect(spec['template']).toMatchObject({ properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: meta } });
    expect(given.properties.spec.properties.template).not.toHaveProperty('properties');
  });

  it('has the list, the scale and no patch by strategy', () => {
    expect(document.components.schemas[`${LAMP}List`]?.['x-kubernetes-group-version-kind']).toEqual([
      { group: 'home.example.com', version: 'v1', kind: 'LampList' },
    ]);
    expect(document.components.schemas).toHaveProperty(['io.k8s.api.autoscaling.v1.Scale']);
    const item = document.paths['/apis/home.example.com/v1/namespaces/{namespace}/lamps/{name}'] as {
      patch: { requestBody: { content: Json } };
    };
    expect(Object.keys(item.patch.requestBody.content)).not.toContain('application/strategic-merge-patch+json');
  });

  it('leaves out of v2 what v2 cannot say', () => {
    const v2 = openApiV2(source) as { definitions: Record<string, { properties: Record<string, { properties: Json }> }> };
    const spec = v2.definitions[LAMP]?.properties['spec']?.properties;
    expect(spec).toMatchObject({ size: {}, port: { 'x-kubernetes-int-or-string': true } });
    expect(spec?.['size']).toEqual({});
    expect(spec?.['port']).not.toHaveProperty('anyOf');
  });

  it('forgets them with their definition', () => {
    const own = createBuiltInCatalogue();
    own.set(lamps);
    own.remove('home.example.com', 'lamps');
    expect(openApiV3({ ...source, catalogue: own }, 'apis/home.example.com/v1')).toBeNull();
  });
});
