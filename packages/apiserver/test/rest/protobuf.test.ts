/** Clients that ask for protobuf. */
import { request } from 'node:https';
import { createBuiltInCatalogue, pruneAndDefault } from '@k/api';
import { decodeProtobuf, readProtobufEnvelope } from '@k/api/protobuf';
import type { KubeObject, Schema } from '@k/apimachinery';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const path = '/api/v1/namespaces/default/configmaps';
const builtIn = createBuiltInCatalogue();
const schemaOfKind = (group: string, version: string, resource: string): Schema =>
  builtIn.find(group, version, resource)?.version.schema as Schema;
const configMap = schemaOfKind('', 'v1', 'configmaps');

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Answer {
  status: number;
  type: string;
  bytes: Buffer;
}

/** Sends a request whose answer is read to its end, or until it has as many bytes. */
function send(
  method: string,
  target: string,
  accept: string,
  options: { body?: string; until?: number; type?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { accept, authorization: `Bearer ${server.token}`, 'content-type': options.type ?? 'application/json' };
    const sent = request(`${server.url}${target}`, { method, headers, ca: server.ca }, (response) => {
      const chunks: Buffer[] = [];
      const answer = (): Answer => ({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        bytes: Buffer.concat(chunks),
      });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (options.until === undefined || Buffer.concat(chunks).length < options.until) return;
        resolve(answer());
        response.destroy();
      });
      response.on('end', () => resolve(answer()));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const opened = (bytes: Buffer, schema = configMap): KubeObject => {
  const { raw, ...typeMeta } = readProtobufEnvelope(bytes);
  return { ...typeMeta, ...decodeProtobuf(raw, schema) };
};

/** The length-delimited fields of a message by number, read without the decoder. */
function fieldsOf(message: Buffer): Map<number, Buffer[]> {
  const out = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else {
      const length = varint();
      out.set(tag >>> 3, [...(out.get(tag >>> 3) ?? []), message.subarray(at, at + length)]);
      at += length;
    }
  }
  return out;
}

/** What an envelope holds, field by field. */
const contentOf = (bytes: Buffer): Map<number, Buffer[]> => fieldsOf(fieldsOf(bytes.subarray(4)).get(2)?.[0] as Buffer);
/** The first field 1 of a message: the name in metadata, the metadata of an object. */
const first = (message: Buffer | undefined): Buffer => fieldsOf(message as Buffer).get(1)?.[0] as Buffer;

/** The events of a watch: type and object's envelope. */
function eventsOf(bytes: Buffer): { type: string; object: Buffer }[] {
  const out: { type: string; object: Buffer }[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const event = fieldsOf(bytes.subarray(at + 4, at + 4 + length));
    out.push({ type: String(event.get(1)?.[0]), object: first(event.get(2)?.[0]) });
    at += 4 + length;
  }
  return out;
}

describe('protobuf answers', () => {
  it('hold the object that JSON would hold', async () => {
    const made = await send('POST', path, PROTOBUF, {
      body: JSON.stringify({ metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'v' } }),
    });
    expect([made.status, made.type]).toEqual([201, PROTOBUF]);
    const { body } = await server.client.request('GET', `${path}/a`);
    expect(opened(made.bytes)).toEqual(body);
    expect(opened((await send('GET', `${path}/a`, PROTOBUF)).bytes)).toEqual(body);
    const list = await send('GET', `${path}?labelSelector=x%3Dy`, PROTOBUF);
    expect(list.type).toBe(PROTOBUF);
    expect(readProtobufEnvelope(list.bytes)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
    expect(list.bytes.toString('latin1').split('k8s\0').length).toBe(2);
    const [item, ...others] = contentOf(list.bytes).get(2) as Buffer[];
    expect([decodeProtobuf(item as Buffer, configMap), others]).toEqual([{ ...body, kind: undefined, apiVersion: undefined }, []]);
  });

  it('are for those who prefer them', async () => {
    const types = [`${PROTOBUF},application/json`, `application/json;q=0.1,${PROTOBUF}`, `application/json,${PROTOBUF}`, '*/*'];
    const answers = await Promise.all(types.map((accept) => send('GET', `${path}/a`, accept)));
    expect(answers.map(({ type }) => type)).toEqual([PROTOBUF, PROTOBUF, 'application/json', 'application/json']);
    const patch = { type: 'application/merge-patch+json', body: '{"data":{"k":"w"}}' };
    const patched = await send('PATCH', `${path}/a`, `${PROTOBUF},application/json`, patch);
    expect([patched.status, patched.type, opened(patched.bytes)['data']]).toEqual([200, PROTOBUF, { k: 'w' }]);
  });

  it('carry errors too', async () => {
    for (const accept of [PROTOBUF, `${PROTOBUF},application/json`]) {
      const { status, type, bytes } = await send('GET', `${path}/none`, accept);
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
    const json = (await server.client.request('GET', `${deployments}/d`)).body;
    expect(opened(made.bytes, schemaOfKind('apps', 'v1', 'deployments'))).toEqual(json);
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
      const { body } = await server.client.request('POST', target, { body: { spec } });
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
    const start = await send('GET', `${path}?watch=1&labelSelector=x%3Dy`, `${PROTOBUF};stream=watch`, { until: 60 });
    expect([start.status, start.type]).toEqual([200, `${PROTOBUF};stream=watch`]);
    const [event, ...others] = eventsOf(start.bytes);
    expect([event?.type, opened(event?.object as Buffer).metadata?.name, others]).toEqual(['ADDED', 'a', []]);
  });

  it('mark in a watch that all is sent that was there, and tell why one ends', async () => {
    const initial = `${path}?watch=1&labelSelector=x%3Dy&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`;
    const start = await send('GET', initial, `${PROTOBUF},application/json`);
    expect(start.type).toBe(`${PROTOBUF};stream=watch`);
    const events = eventsOf(start.bytes);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    const mark = opened(events[1]?.object as Buffer).metadata;
    expect(mark?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    const tooNew = await send(
      'GET',
      `${path}?watch=1&resourceVersion=999999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
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
        server.client.request('POST', path, {
          body: { metadata: { name: `many-${String(i).padStart(3, '0')}`, labels: { many: 'y' } }, data },
        }),
      ),
    );
    const { status, bytes } = await send('GET', `${path}?labelSelector=many`, PROTOBUF);
    const content = contentOf(bytes);
    const names = content.get(2)?.map((item) => String(first(first(item))));
    expect([status, names]).toEqual([200, Array.from({ length: 120 }, (_, i) => `many-${String(i).padStart(3, '0')}`)]);
    const page = await send('GET', `${path}?labelSelector=many&limit=50`, PROTOBUF);
    expect(contentOf(page.bytes).get(2)?.length).toBe(50);
    const { body } = await server.client.request('GET', `${path}?labelSelector=many&limit=50`);
    expect(String(fieldsOf(contentOf(page.bytes).get(1)?.[0] as Buffer).get(3))).toBe((body.metadata as { continue?: string }).continue);
  });
});

describe('metadata in protobuf', () => {
  const partial = (as: string, version: string): string => `${PROTOBUF};as=${as};g=meta.k8s.io;v=${version}`;

  it.each([
    ['v1', 1, 2],
    ['v1beta1', 2, 1],
  ])('of a list, in version %s', async (version, metadataAt, itemsAt) => {
    const { status, type, bytes } = await send('GET', `${path}?labelSelector=x%3Dy`, partial('PartialObjectMetadataList', version));
    expect([status, type]).toEqual([200, PROTOBUF]);
    expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadataList' });
    const content = contentOf(bytes);
    expect([String(first(first(content.get(itemsAt)?.[0]))), content.get(itemsAt)?.length]).toEqual(['a', 1]);
    const revision = fieldsOf(content.get(metadataAt)?.[0] as Buffer).get(2);
    expect(String(revision)).toMatch(/^\d+$/);
    // Nothing but metadata: a field 2 would be the data.
    expect([...fieldsOf(content.get(itemsAt)?.[0] as Buffer).keys()]).toEqual([1]);
  });

  it('of an object and of events', async () => {
    const { bytes } = await send('GET', `${path}/a`, partial('PartialObjectMetadata', 'v1'));
    expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' });
    expect(String(first(contentOf(bytes).get(1)?.[0]))).toBe('a');
    const watch = await send('GET', `${path}?watch=1&labelSelector=x%3Dy&timeoutSeconds=1`, partial('PartialObjectMetadata', 'v1'));
    expect(watch.type).toBe(`${PROTOBUF};stream=watch`);
    const [event] = eventsOf(watch.bytes);
    expect(readProtobufEnvelope(event?.object as Buffer)).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' });
    expect([event?.type, String(first(contentOf(event?.object as Buffer).get(1)?.[0]))]).toEqual(['ADDED', 'a']);
  });

  it('is refused as the other form, and errors are told in what is left', async () => {
    const wrong = await send('GET', path, partial('PartialObjectMetadata', 'v1'));
    expect([wrong.status, wrong.type]).toEqual([406, 'application/json']);
    const none = await send('GET', `${path}/none`, `${partial('PartialObjectMetadata', 'v1')},application/json`);
    expect([none.status, none.type]).toEqual([404, 'application/json']);
  });
});

describe('custom resources', () => {
  const widgets = '/apis/example.com/v1/namespaces/default/widgets';

  beforeAll(async () => {
    const names = { plural: 'widgets', kind: 'Widget' };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
    await server.client.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: { metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions } },
    });
    const isServed = async (): Promise<void> => expect((await server.client.request('GET', widgets)).status).toBe(200);
    await vi.waitFor(isServed, { timeout: 20_000 });
  }, 30_000);

  it('have no protobuf form, which is said before anything is written', async () => {
    const body = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    const refused = await send('POST', widgets, PROTOBUF, { body });
    expect(refused.status).toBe(406);
    expect(refused.bytes.toString('latin1')).toContain('only the following media types are accepted: application/json, application/yaml');
    expect((await server.client.request('GET', `${widgets}/w`)).status).toBe(404);
    expect((await send('GET', `${path}/a`, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`)).status).toBe(406);
  });

  it('come in JSON for those who take it too; their metadata and their errors do not', async () => {
    await server.client.request('POST', widgets, { body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'v' } } });
    const both = `${PROTOBUF},application/json`;
    for (const target of [`${widgets}/v`, widgets, `${widgets}?watch=1&timeoutSeconds=1`]) {
      expect([target, (await send('GET', target, both)).type]).toEqual([target, 'application/json']);
    }
    const none = await send('GET', `${widgets}/none`, both);
    expect([none.status, none.type]).toEqual([404, PROTOBUF]);
    const list = await send('GET', widgets, `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,${both}`);
    expect([list.type, String(first(first(contentOf(list.bytes).get(2)?.[0])))]).toEqual([PROTOBUF, 'v']);
  });
});

describe('discovery in protobuf', () => {
  const kindAt = async (target: string, accept = PROTOBUF) => {
    const { status, type, bytes } = await send('GET', target, accept);
    const { apiVersion, kind } = readProtobufEnvelope(bytes);
    return { status, type, apiVersion, kind, content: contentOf(bytes) };
  };

  it('of versions and groups', async () => {
    const core = await kindAt('/api');
    expect([core.type, core.apiVersion, core.kind, String(core.content.get(1))]).toEqual([PROTOBUF, '', 'APIVersions', 'v1']);
    const groups = await kindAt('/apis', `${PROTOBUF},application/json`);
    expect([groups.apiVersion, groups.kind]).toEqual(['v1', 'APIGroupList']);
    expect(groups.content.get(1)?.map((group) => String(first(group)))).toContain('apps');
    const group = await kindAt('/apis/apps');
    expect([group.apiVersion, group.kind, String(group.content.get(1))]).toEqual(['v1', 'APIGroup', 'apps']);
  });

  it('of resources, whose verbs are a message of their own', async () => {
    const { kind, content } = await kindAt('/apis/apps/v1');
    expect([kind, String(content.get(1))]).toEqual(['APIResourceList', 'apps/v1']);
    const resource = content
      .get(2)
      ?.map(fieldsOf)
      .find((fields) => String(fields.get(1)) === 'deployments/scale');
    expect(
      fieldsOf(resource?.get(4)?.[0] as Buffer)
        .get(1)
        ?.map(String),
    ).toEqual(['get', 'patch', 'update']);
    expect([8, 9, 3].map((number) => String(resource?.get(number)))).toEqual(['autoscaling', 'v1', 'Scale']);
  });

  it('of all groups at once', async () => {
    const accept = `${PROTOBUF};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
    const { type, apiVersion, kind, content } = await kindAt('/apis', accept);
    expect([type, apiVersion, kind]).toEqual([accept, 'apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList']);
    const apps = content
      .get(2)
      ?.map(fieldsOf)
      .find((group) => String(first(group.get(1)?.[0])) === 'apps');
    const version = fieldsOf(apps?.get(2)?.[0] as Buffer);
    expect([String(version.get(1)), String(version.get(3))]).toEqual(['v1', 'Current']);
    const resources = version.get(2)?.map(fieldsOf);
    expect(resources?.map((resource) => String(resource.get(1)))).toContain('deployments');
    expect(String(fieldsOf(resources?.[0]?.get(2)?.[0] as Buffer).get(3))).toBe('ControllerRevision');
  });
});
