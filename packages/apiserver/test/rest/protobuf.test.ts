/** Clients that take nothing but protobuf. */
import { request } from 'node:https';
import { createBuiltInCatalogue } from '@k/api';
import { decodeProtobuf, readProtobufEnvelope } from '@k/api/protobuf';
import type { KubeObject, Schema } from '@k/apimachinery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing.js';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const path = '/api/v1/namespaces/default/configmaps';
const configMap = createBuiltInCatalogue().find('', 'v1', 'configmaps')?.version.schema as Schema;

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
function send(method: string, target: string, accept: string, options: { body?: string; until?: number } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { accept, authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
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

const opened = (bytes: Buffer): KubeObject => {
  const { raw, ...typeMeta } = readProtobufEnvelope(bytes);
  return { ...typeMeta, ...decodeProtobuf(raw, configMap) };
};

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
  });

  it('are for those who take nothing else', async () => {
    for (const accept of [`${PROTOBUF},application/json`, `application/json;q=0.1,${PROTOBUF}`, '*/*']) {
      expect((await send('GET', `${path}/a`, accept)).type).toBe('application/json');
    }
  });

  it('carry errors too', async () => {
    const { status, type, bytes } = await send('GET', `${path}/none`, PROTOBUF);
    expect([status, type]).toEqual([404, PROTOBUF]);
    expect(readProtobufEnvelope(bytes)).toMatchObject({ apiVersion: 'v1', kind: 'Status' });
    expect(bytes.toString('latin1')).toContain('configmaps "none" not found');
  });

  it('come event by event in a watch, each behind its length', async () => {
    const start = await send('GET', `${path}?watch=1&labelSelector=x%3Dy`, `${PROTOBUF};stream=watch`, { until: 60 });
    expect([start.status, start.type]).toEqual([200, `${PROTOBUF};stream=watch`]);
    const length = start.bytes.readUInt32BE(0);
    expect(start.bytes.length).toBe(length + 4);
    const event = start.bytes.subarray(4);
    expect(event.subarray(0, 8).toString('latin1')).toBe('\x0a\x05ADDED\x12');
    expect(opened(event.subarray(event.indexOf('k8s\0'))).metadata?.name).toBe('a');
  });

  it('do not exist for custom resources and Tables, which is said before anything is written', async () => {
    const names = { plural: 'widgets', kind: 'Widget' };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
    await server.client.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: { metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions } },
    });
    const widgets = '/apis/example.com/v1/namespaces/default/widgets';
    const body = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    await expect.poll(async () => (await server.client.request('GET', widgets)).status, { timeout: 20_000 }).toBe(200);
    const refused = await send('POST', widgets, PROTOBUF, { body });
    expect(refused.status).toBe(406);
    expect(refused.bytes.toString('latin1')).toContain('only the following media types are accepted: application/json, application/yaml');
    expect((await server.client.request('GET', `${widgets}/w`)).status).toBe(404);
    expect((await send('GET', `${path}/a`, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`)).status).toBe(406);
  });
});
