/** Conversion webhooks that are wrong or away. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ConversionAnswer,
  caBundle,
  type Fields,
  GROUP,
  made,
  type Resource,
  type Review,
  success,
  useConvertedKinds,
} from '../support/converted-kinds.js';

const kinds = useConvertedKinds();

describe('a conversion that fails', () => {
  let v2: string;
  const subject = `conversion webhook for ${GROUP}/v1, Kind=Broken`;
  beforeAll(async () => {
    kinds.answerWith = success;
    const { v1, v2: other } = await kinds.define('brokens');
    v2 = other;
    await kinds.server.client.request('POST', v1, { body: made('brokens', 'v1', 'a', { hostPort: 'a:1' }) });
  });

  const change = (edit: (object: Resource) => Fields) => (review: Review, converted: Resource[]) => success(review, converted.map(edit));
  it.each<[string, ConversionAnswer, string]>([
    [
      'the webhook says why',
      ({ apiVersion, request }) => ({
        apiVersion,
        kind: 'ConversionReview',
        response: { uid: request.uid, result: { status: 'Failure', message: 'out of order' } },
      }),
      'failed: out of order',
    ],
    [
      'the webhook does not say why',
      ({ apiVersion, request }) => ({ apiVersion, kind: 'ConversionReview', response: { uid: request.uid, result: {} } }),
      "failed: response.result.status was '', not 'Success'",
    ],
    ['no response', ({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview' }), 'failed: no response provided'],
    [
      'another kind',
      () => ({ apiVersion: 'v1', kind: 'Pod' }),
      'failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /v1, Kind=Pod',
    ],
    ['too few objects', (review) => success(review, []), 'returned 0 objects, expected 1'],
    [
      'another version',
      change((object) => ({ ...object, apiVersion: `${GROUP}/v1` })),
      `returned invalid object at index 0: invalid groupVersion (expected ${GROUP}/v2, received ${GROUP}/v1)`,
    ],
    [
      'another kind of object',
      change((object) => ({ ...object, kind: 'Whole' })),
      'returned invalid object at index 0: invalid kind (expected Broken, received Whole)',
    ],
    [
      'another name',
      change((object) => ({ ...object, metadata: { ...object.metadata, name: 'b' } })),
      'returned invalid object: must have the same name: a != b',
    ],
    [
      'another namespace',
      change((object) => ({ ...object, metadata: { ...object.metadata, namespace: 'kube-system' } })),
      'returned invalid object: must have the same namespace: default != kube-system',
    ],
    [
      'a label that is no string',
      change((object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } })),
      'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
    ],
    [
      'a malformed label',
      change((object) => ({ ...object, metadata: { ...object.metadata, labels: { 'a b': 'c' } } })),
      'returned invalid metadata: metadata.labels: Invalid value: "a b": ',
    ],
  ])('%s', async (_name, answer, message) => {
    kinds.answerWith = answer;
    const { status, body } = await kinds.server.client.request<{ message: string }>('GET', `${v2}/a`);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: expect.stringContaining(`${subject} ${message}`),
      code: 500,
    });
    expect(status).toBe(500);
  });

  it('names the answer to another review', async () => {
    kinds.answerWith = (review, converted) => success({ ...review, request: { ...review.request, uid: 'other' } }, converted);
    const { message } = (await kinds.server.client.request('GET', `${v2}/a`)).body;
    expect(message).toBe(`${subject} failed: expected response.uid="${kinds.received[0]?.request.uid}", got "other"`);
  });

  it('ends a watch with an error event, and a list with the error; both work again when the webhook does', async () => {
    kinds.answerWith = (review) => success(review, []);
    const message = `${subject} returned 0 objects, expected 1`;
    const watch = await kinds.server.client.watch(`${v2}?watch=1`);
    await watch.ended;
    expect(watch.events.map(({ type, object }) => [type, object['message']])).toEqual([['ERROR', message]]);
    expect((await kinds.server.client.request('GET', v2)).body['message']).toBe(message);
    kinds.answerWith = success;
    expect((await kinds.server.client.request<{ items: Resource[] }>('GET', v2)).body.items.map(({ host }) => host)).toEqual(['a']);
    const again = await kinds.server.client.watch(`${v2}?watch=1`);
    expect((await again.until(1, 30_000))[0]?.object['host']).toBe('a');
    again.close();
  });

  it('stores nothing, and says where the webhook was not reached', async () => {
    const nowhere = { url: 'https://127.0.0.1:1/convert', caBundle };
    const hook = { clientConfig: nowhere, conversionReviewVersions: ['v1'] };
    const { v1, v2: at } = await kinds.define('losts', { conversion: { strategy: 'Webhook', webhook: hook } });
    const refused = await kinds.server.client.request('POST', at, { body: made('losts', 'v2', 'a', { host: 'h' }) });
    const subjectHere = `conversion webhook for ${GROUP}/v2, Kind=Lost`;
    expect(refused.body['message']).toBe(
      `${subjectHere} failed: Post "https://127.0.0.1:1/convert?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`,
    );
    expect((await kinds.server.client.request<{ items: unknown[] }>('GET', v1)).body.items).toEqual([]);
    const service = {
      clientConfig: { service: { namespace: 'default', name: 'hook', path: '/convert' }, caBundle },
      conversionReviewVersions: ['v1'],
    };
    const { v2: other } = await kinds.define('services', { conversion: { strategy: 'Webhook', webhook: service } });
    expect((await kinds.server.client.request('POST', other, { body: made('services', 'v2', 'a', {}) })).body['message']).toBe(
      `conversion webhook for ${GROUP}/v2, Kind=Service failed: Post "https://hook.default.svc:443/convert?timeout=30s": service "hook" not found`,
    );
  });
});
