/** Admission webhooks in a real server: from the stored configuration to the refusal that a client sees. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../src/testing/certificate.js';
import { createTestClient } from '../src/testing/test-client.js';
import { startTestServer, type TestServer } from '../src/testing.js';

type Fields = Record<string, unknown>;
interface Review {
  request: Fields & { uid: string; operation: string; object: { data?: Record<string, string> } | null };
}

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const received: Review[] = [];
const certificate = await selfSignedCertificate();
const caBundle = Buffer.from(certificate.cert).toString('base64');

/** Refuses what has `forbidden` in its data; marks everything else under `/mark`. */
const webhook = createServer(certificate, (request, response) => {
  void (async () => {
    const review = (await json(request)) as Review;
    received.push(review);
    if (request.url?.startsWith('/never')) {
      void once(request.socket, 'close').then(onLeft);
      onCall();
      return;
    }
    const { uid, object } = review.request;
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { marked: 'yes' } }])).toString('base64');
    const refusal = { allowed: false, status: { code: 403, reason: 'Forbidden', message: 'not here' }, warnings: ['think again'] };
    const verdict = object?.data?.['forbidden'] === undefined ? { allowed: true } : refusal;
    const answer = request.url?.startsWith('/mark') ? { allowed: true, patchType: 'JSONPatch', patch } : verdict;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...answer } }));
  })();
});
let onCall = (): void => {};
let onLeft = (): void => {};
let server: TestServer;
let url: string;

beforeAll(async () => {
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  url = `https://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
  webhook.closeAllConnections();
  await new Promise((resolve) => webhook.close(resolve));
});

const configuration = (kind: string, path: string, scope: object = {}) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name: 'test' },
  webhooks: [
    {
      name: 'test.example.com',
      clientConfig: { url: `${url}${path}`, caBundle },
      rules: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      ...scope,
    },
  ],
});

describe('a validating webhook', () => {
  it('refuses with its words as soon as its configuration is stored, and no more once that is gone', async () => {
    const { client } = server;
    const configMap = { metadata: { name: 'a' }, data: { forbidden: 'x' } };
    const created = await client.request('POST', `${GROUP}/validatingwebhookconfigurations`, {
      body: configuration('ValidatingWebhookConfiguration', '/judge'),
    });
    expect(created.status).toBe(201);
    expect((created.body['webhooks'] as Fields[])[0]).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
    });
    const refused = await client.request('POST', `${CONFIG_MAPS}?fieldManager=test&fieldValidation=Strict`, { body: configMap });
    expect(refused.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "test.example.com" denied the request: not here',
      reason: 'Forbidden',
      code: 403,
    });
    expect(refused.headers['warning']).toBe('299 - "think again"');
    expect(received.at(-1)?.request).toMatchObject({
      operation: 'CREATE',
      userInfo: { username: 'test-admin', groups: ['system:masters', 'system:authenticated'] },
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'test', fieldValidation: 'Strict' },
    });
    expect((await client.request('DELETE', `${GROUP}/validatingwebhookconfigurations/test`)).status).toBe(200);
    expect((await client.request('POST', CONFIG_MAPS, { body: configMap })).status).toBe(201);
  });
});

describe('a mutating webhook', () => {
  it('changes what is stored, by its match conditions', async () => {
    const { client } = server;
    const matchConditions = [{ name: 'marked-only', expression: 'object.metadata.name.startsWith("m") && request.operation == "CREATE"' }];
    const body = configuration('MutatingWebhookConfiguration', '/mark', { matchConditions });
    expect((await client.request('POST', `${GROUP}/mutatingwebhookconfigurations`, { body })).status).toBe(201);
    for (const [name, labels] of [
      ['m', { marked: 'yes' }],
      ['n', undefined],
    ] as const) {
      const stored = await client.request('POST', CONFIG_MAPS, { body: { metadata: { name } } });
      expect([name, (stored.body['metadata'] as Fields)['labels']]).toEqual([name, labels]);
    }
    await client.request('DELETE', `${GROUP}/mutatingwebhookconfigurations/test`);
  });
});

describe('a webhook that does not answer', () => {
  const path = `${GROUP}/validatingwebhookconfigurations`;
  /** Makes the configuration and waits for the call, and for its end. */
  const calls = async (failurePolicy: string): Promise<{ called: Promise<void>; left: Promise<void> }> => {
    const body = configuration('ValidatingWebhookConfiguration', '/never', { failurePolicy });
    expect((await server.client.request('POST', path, { body })).status).toBe(201);
    const called = new Promise<void>((resolve) => {
      onCall = resolve;
    });
    const left = new Promise<void>((resolve) => {
      onLeft = resolve;
    });
    return { called, left };
  };

  it('is left when the client goes, and nothing is stored, though the webhook may fail', async () => {
    const { called, left } = await calls('Ignore');
    const leaving = createTestClient(server.url, server.ca, server.token);
    const answer = leaving.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'left' } } });
    await called;
    leaving.close();
    await expect(answer).rejects.toThrow();
    await left;
    await server.client.request('DELETE', `${path}/test`);
    expect((await server.client.request('GET', `${CONFIG_MAPS}/left`)).status).toBe(404);
  });

  it('is left when the time of the request is over', async () => {
    const { left } = await calls('Ignore');
    const answer = await server.client.request('POST', `${CONFIG_MAPS}?timeout=1s`, { body: { metadata: { name: 'late' } } });
    expect([answer.status, answer.body['reason']]).toEqual([504, 'Timeout']);
    await left;
    await server.client.request('DELETE', `${path}/test`);
    expect((await server.client.request('GET', `${CONFIG_MAPS}/late`)).status).toBe(404);
  });
});
