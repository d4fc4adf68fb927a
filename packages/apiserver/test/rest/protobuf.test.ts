/** Clients that ask for protobuf. */
import { createBuiltInCatalogue, pruneAndDefault } from '@k/api';
import { decodeProtobuf, readProtobufEnvelope } from '@k/api/protobuf';
import { describe, expect, it } from 'vitest';
import { contentOf, eventsOf, fieldsOf, firstOf } from '../support/protobuf-fields.js';
import { CONFIG_MAPS, opened, PROTOBUF, schemaOfKind, useProtobufServer } from '../support/protobuf-server.js';

const builtIn = createBuiltInCatalogue();
const configMap = schemaOfKind('', 'v1', 'configmaps');
const { json, send } = useProtobufServer();

describe('protobuf answers', () => {
  it('hold the object that JSON would hold', async () => {
    const made = await send('POST', CONFIG_MAPS, PROTOBUF, {
      body: JSON.stringify({ metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'v' } }),
    });
    expect([made.status, made.type]).toEqual([201, PROTOBUF]);
    const { body } = await json('GET', `${CONFIG_MAPS}/a`);
    expect(opened(made.bytes)).toEqual(body);
    expect(opened((await send('GET', `${CONFIG_MAPS}/a`, PROTOBUF)).bytes)).toEqual(body);
    const list = await send('GET', `${CONFIG_MAPS}?labelSelector=x%3Dy`, PROTOBUF);
    expect(list.type).toBe(PROTOBUF);
    expect(readProtobufEnvelope(list.bytes)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
    expect(list.bytes.toString('latin1').split('k8s\0').length).toBe(2);
    const [item, ...others] = contentOf(list.bytes).get(2) as Buffer[];
    expect([decodeProtobuf(item as Buffer, configMap), others]).toEqual([{ ...body, kind: undefined, apiVersion: undefined }, []]);
  });

  it('are for those who prefer them', async () => {
    const types = [`${PROTOBUF},application/json`, `application/json;q=0.1,${PROTOBUF}`, `application/json,${PROTOBUF}`, '*/*'];
    const answers = await Promise.all(types.map((accept) => send('GET', `${CONFIG_MAPS}/a`, accept)));
    expect(answers.map(({ type }) => type)).toEqual([PROTOBUF, PROTOBUF, 'application/json', 'application/json']);
    const patch = { type: 'application/merge-patch+json', body: '{"data":{"k":"w"}}' };
    const patched = await send('PATCH', `${CONFIG_MAPS}/a`, `${PROTOBUF},application/json`, patch);
    expect([patched.status, patched.type, opened(patched.bytes)['data']]).toEqual([200, PROTOBUF, { k: 'w' }]);
  });

  it('carry errors too', async () => {
    for (const accept of [PROTOBUF, `${PROTOBUF},application/json`]) {
      const { status, type, bytes } = await send('GET', `${CONFIG_MAPS}/none`, accept);
      expect([status, type]).toEqual([404, PROTOBUF]);
      expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: 'v1', kind: 'Status' });
      expect(bytes.toString('latin1')).toContain('configmaps "none" not found');
    }
  });

  it('show the scale of an object, and what became of a deleted one', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const body = JSON.stringify({ metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { app: 'd' } }, template } });
    const made = await send('POST', deployments, PROTOBUF, { body });
    const shown = (await json('GET', `${deployments}/d`)).body;
    expect(opened(made.bytes, schemaOfKind('apps', 'v1', 'deployments'))).toEqual(shown);
    const scale = await send('GET', `${deployments}/d/scale`, `${PROTOBUF},application/json`);
    expect(readProtobufEnvelope(scale.bytes)).toMatchObject({ apiVersion: 'autoscaling/v1', kind: 'Scale' });
    expect(contentOf(scale.bytes).get(2)?.[0]?.toString('hex')).toBe('0803');
    const gone = await send('DELETE', `${deployments}/d`, `${PROTOBUF},application/json`);
    expect([gone.type, readProtobufEnvelope(gone.bytes).kind, String(contentOf(gone.bytes).get(2))]).toEqual([
      PROTOBUF,
      'Status',
      'Success',
    ]);
  });

  it('exist for the lists of all kinds, and for what is answered and not stored', async () => {
    const lists = [...builtIn.definitions()].flatMap(({ group, resource, listKind, versions }) =>
      versions
        .filter(({ verbs }) => verbs.includes('list'))
        .map(({ version }) => ({ apiVersion: group === '' ? version : `${group}/${version}`, resource, listKind })),
    );
    expect(lists.length).toBeGreaterThan(55);
    for (const { apiVersion, resource, listKind } of lists) {
      const target = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${resource}`;
      const { status, bytes } = await send('GET', target, `${PROTOBUF},application/json`);
      expect([resource, status, readProtobufEnvelope(bytes)]).toMatchObject([resource, 200, { apiVersion, kind: listKind }]);
    }
    const attributes = { resourceAttributes: { verb: 'get', resource: 'pods' } };
    for (const [group, resource, spec] of [
      ['authentication.k8s.io', 'selfsubjectreviews', undefined],
      ['authentication.k8s.io', 'tokenreviews', { token: 'x' }],
      ['authorization.k8s.io', 'selfsubjectaccessreviews', attributes],
      ['authorization.k8s.io', 'subjectaccessreviews', { ...attributes, user: 'u' }],
      ['authorization.k8s.io', 'selfsubjectrulesreviews', { namespace: 'default' }],
    ] as const) {
      const target = `/apis/${group}/v1/${resource}`;
      const { status, bytes } = await send('POST', target, `${PROTOBUF},application/json`, { body: JSON.stringify({ spec }) });
      const { body } = await json('POST', target, { body: { spec } });
      // What is not there stands for nought, as in every protobuf message.
      const schema = schemaOfKind(group, 'v1', resource);
      const object = opened(bytes, schema);
      pruneAndDefault(object, schema, { fieldValidation: 'Ignore' });
      expect([resource, status, object]).toMatchObject([
        resource,
        201,
        { apiVersion: `${group}/v1`, kind: body.kind, status: (body as unknown as { status: object }).status },
      ]);
    }
  }, 60_000);

  it('come event by event in a watch, each behind its length', async () => {
    const start = await send('GET', `${CONFIG_MAPS}?watch=1&labelSelector=x%3Dy`, `${PROTOBUF};stream=watch`, { until: 60 });
    expect([start.status, start.type]).toEqual([200, `${PROTOBUF};stream=watch`]);
    const [event, ...others] = eventsOf(start.bytes);
    expect([event?.type, opened(event?.object as Buffer).metadata?.name, others]).toEqual(['ADDED', 'a', []]);
  });

  it('mark in a watch that all is sent that was there, and tell why one ends', async () => {
    const initial = `${CONFIG_MAPS}?watch=1&labelSelector=x%3Dy&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`;
    const start = await send('GET', initial, `${PROTOBUF},application/json`);
    expect(start.type).toBe(`${PROTOBUF};stream=watch`);
    const events = eventsOf(start.bytes);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    const mark = opened(events[1]?.object as Buffer).metadata;
    expect(mark?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    const tooNew = await send(
      'GET',
      `${CONFIG_MAPS}?watch=1&resourceVersion=999999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
      PROTOBUF,
    );
    const [end] = eventsOf(tooNew.bytes);
    expect([end?.type, readProtobufEnvelope(end?.object as Buffer).kind]).toEqual(['ERROR', 'Status']);
    expect(String(contentOf(end?.object as Buffer).get(3))).toContain('Too large resource version');
  }, 20_000);

  it('are written for many objects by turns with other requests', async () => {
    const data = { text: 'x'.repeat(8000) };
    await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        json('POST', CONFIG_MAPS, {
          body: { metadata: { name: `many-${String(i).padStart(3, '0')}`, labels: { many: 'y' } }, data },
        }),
      ),
    );
    const { status, bytes } = await send('GET', `${CONFIG_MAPS}?labelSelector=many`, PROTOBUF);
    const content = contentOf(bytes);
    const names = content.get(2)?.map((item) => String(firstOf(firstOf(item))));
    expect([status, names]).toEqual([200, Array.from({ length: 120 }, (_, i) => `many-${String(i).padStart(3, '0')}`)]);
    const page = await send('GET', `${CONFIG_MAPS}?labelSelector=many&limit=50`, PROTOBUF);
    expect(contentOf(page.bytes).get(2)?.length).toBe(50);
    const { body } = await json('GET', `${CONFIG_MAPS}?labelSelector=many&limit=50`);
    expect(String(fieldsOf(contentOf(page.bytes).get(1)?.[0] as Buffer).get(3))).toBe((body.metadata as { continue?: string }).continue);
  });
});
