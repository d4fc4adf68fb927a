/** Clients that ask for nothing but metadata in protobuf, and for kinds that have no other protobuf form. */
import { readProtobufEnvelope } from '@k/api/protobuf';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { contentOf, eventsOf, fieldsOf, firstOf } from '../support/protobuf-fields.js';
import { CONFIG_MAPS, PROTOBUF, useProtobufServer } from '../support/protobuf-server.js';

const { json, send } = useProtobufServer();

beforeAll(async () => {
  const body = { metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'v' } };
  expect((await json('POST', CONFIG_MAPS, { body })).status).toBe(201);
});

describe('metadata in protobuf', () => {
  const partial = (as: string, version: string): string => `${PROTOBUF};as=${as};g=meta.k8s.io;v=${version}`;

  it.each([
    ['v1', 1, 2],
    ['v1beta1', 2, 1],
  ])('of a list, in version %s', async (version, metadataAt, itemsAt) => {
    const { status, type, bytes } = await send('GET', `${CONFIG_MAPS}?labelSelector=x%3Dy`, partial('PartialObjectMetadataList', version));
    expect([status, type]).toEqual([200, PROTOBUF]);
    expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadataList' });
    const content = contentOf(bytes);
    expect([String(firstOf(firstOf(content.get(itemsAt)?.[0]))), content.get(itemsAt)?.length]).toEqual(['a', 1]);
    const revision = fieldsOf(content.get(metadataAt)?.[0] as Buffer).get(2);
    expect(String(revision)).toMatch(/^\d+$/);
    // Nothing but metadata: a field 2 would be the data.
    expect([...fieldsOf(content.get(itemsAt)?.[0] as Buffer).keys()]).toEqual([1]);
  });

  it('of an object and of events', async () => {
    const { bytes } = await send('GET', `${CONFIG_MAPS}/a`, partial('PartialObjectMetadata', 'v1'));
    expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' });
    expect(String(firstOf(contentOf(bytes).get(1)?.[0]))).toBe('a');
    const watch = await send('GET', `${CONFIG_MAPS}?watch=1&labelSelector=x%3Dy&timeoutSeconds=1`, partial('PartialObjectMetadata', 'v1'));
    expect(watch.type).toBe(`${PROTOBUF};stream=watch`);
    const [event] = eventsOf(watch.bytes);
    expect(readProtobufEnvelope(event?.object as Buffer)).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' });
    expect([event?.type, String(firstOf(contentOf(event?.object as Buffer).get(1)?.[0]))]).toEqual(['ADDED', 'a']);
  });

  it('is refused as the other form, and errors are told in what is left', async () => {
    const wrong = await send('GET', CONFIG_MAPS, partial('PartialObjectMetadata', 'v1'));
    expect([wrong.status, wrong.type]).toEqual([406, 'application/json']);
    const none = await send('GET', `${CONFIG_MAPS}/none`, `${partial('PartialObjectMetadata', 'v1')},application/json`);
    expect([none.status, none.type]).toEqual([404, 'application/json']);
  });
});

describe('custom resources', () => {
  const widgets = '/apis/example.com/v1/namespaces/default/widgets';

  beforeAll(async () => {
    const names = { plural: 'widgets', kind: 'Widget' };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
    await json('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: { metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions } },
    });
    const isServed = async (): Promise<void> => expect((await json('GET', widgets)).status).toBe(200);
    await vi.waitFor(isServed, { timeout: 20_000 });
  }, 30_000);

  it('have no protobuf form, which is said before anything is written', async () => {
    const body = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    const refused = await send('POST', widgets, PROTOBUF, { body });
    expect(refused.status).toBe(406);
    expect(refused.bytes.toString('latin1')).toContain('only the following media types are accepted: application/json, application/yaml');
    expect((await json('GET', `${widgets}/w`)).status).toBe(404);
    expect((await send('GET', `${CONFIG_MAPS}/a`, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`)).status).toBe(406);
  });

  it('come in JSON for those who take it too; their metadata and their errors do not', async () => {
    await json('POST', widgets, { body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'v' } } });
    const both = `${PROTOBUF},application/json`;
    for (const target of [`${widgets}/v`, widgets, `${widgets}?watch=1&timeoutSeconds=1`]) {
      expect([target, (await send('GET', target, both)).type]).toEqual([target, 'application/json']);
    }
    const none = await send('GET', `${widgets}/none`, both);
    expect([none.status, none.type]).toEqual([404, PROTOBUF]);
    const list = await send('GET', widgets, `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,${both}`);
    expect([list.type, String(firstOf(firstOf(contentOf(list.bytes).get(2)?.[0])))]).toEqual([PROTOBUF, 'v']);
  });
});
