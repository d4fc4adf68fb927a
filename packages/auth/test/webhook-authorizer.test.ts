/** Mode `Webhook` against a real HTTPS service: what is asked, what answers mean, what is remembered, failures. */
import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, AuthorizationDecision } from '../src/index.js';
import {
  type AccessReviewSpec,
  createWebhookAuthorizer,
  ReviewClient,
  type WebhookAuthorizerObserver,
  type WebhookAuthorizerOptions,
} from '../src/webhook.js';
import { useReviewService } from './support/review-service.js';

const { receiver, callerOptions, clock, errors } = await useReviewService({ timeoutMs: 3000 });
const POST = `Post "${receiver.target.url}?timeout=3s"`;

beforeEach(() => receiver.reply({ allowed: true }));

const make = (options: Partial<WebhookAuthorizerOptions> = {}) => createWebhookAuthorizer({ ...callerOptions, ...options });
const say =
  (code: number, body: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end(body);
const USER = { username: 'jane', uid: 'u1', groups: ['dev', 'qa'], extra: { scopes: ['a', 'b'] } };
const PODS: AuthorizationAttributes = {
  user: USER,
  verb: 'list',
  isResourceRequest: true,
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'web',
  name: '',
  path: '/api/v1/namespaces/web/pods',
};
const PATH: AuthorizationAttributes = { ...PODS, isResourceRequest: false, verb: 'get', path: '/metrics', namespace: '', resource: '' };

describe('the question', () => {
  it('is a SubjectAccessReview of a resource, with selectors', async () => {
    const selectors = { fieldSelector: 'spec.nodeName=n1,metadata.name!=x', labelSelector: 'app=web,tier notin (a,b),!old,new,n>1' };
    expect(await make().authorize({ ...PODS, ...selectors })).toEqual({ decision: 'allow', reason: '' });
    const [{ url, headers, caller, review }] = receiver.received as [(typeof receiver.received)[0]];
    expect([url, headers['content-type'], caller]).toEqual(['/review?timeout=3s', 'application/json', 'apiserver']);
    expect(review).toEqual({
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {
        resourceAttributes: {
          namespace: 'web',
          verb: 'list',
          version: 'v1',
          resource: 'pods',
          fieldSelector: {
            requirements: [
              { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
              { key: 'metadata.name', operator: 'NotIn', values: ['x'] },
            ],
          },
          labelSelector: {
            requirements: expect.arrayContaining([
              { key: 'app', operator: 'In', values: ['web'] },
              { key: 'tier', operator: 'NotIn', values: ['a', 'b'] },
              { key: 'old', operator: 'DoesNotExist' },
              { key: 'new', operator: 'Exists' },
            ]),
          },
        },
        user: 'jane',
        groups: ['dev', 'qa'],
        extra: { scopes: ['a', 'b'] },
        uid: 'u1',
      },
      status: { allowed: false },
    });
    expect(review.spec.resourceAttributes.labelSelector.requirements).toHaveLength(4);
  });

  it('is one of a path, and v1beta1 calls groups by another name', async () => {
    await make({ version: 'v1beta1' }).authorize({ ...PATH, user: { username: 'joe', groups: ['ops'] } });
    expect(receiver.received[0]?.review).toEqual({
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1beta1',
      metadata: {},
      spec: { nonResourceAttributes: { path: '/metrics', verb: 'get' }, user: 'joe', group: ['ops'] },
      status: { allowed: false },
    });
  });
});

describe('the answer', () => {
  it.each<[object, AuthorizationDecision]>([
    [
      { allowed: true, reason: 'fine' },
      { decision: 'allow', reason: 'fine' },
    ],
    [
      { allowed: false, reason: 'who?' },
      { decision: 'noOpinion', reason: 'who?' },
    ],
    [
      { allowed: false, denied: true, reason: 'never' },
      { decision: 'deny', reason: 'never' },
    ],
    [
      { allowed: true, denied: true },
      { decision: 'deny', reason: '', error: 'webhook subject access review returned both allow and deny response' },
    ],
  ])('%j', async (status, decision) => {
    receiver.reply(status);
    const authorizer = make();
    expect(await authorizer.authorize(PODS)).toEqual(decision);
    expect(await authorizer.authorize(PODS)).toEqual(decision);
    expect(receiver.received).toHaveLength(1);
  });

  it('is remembered for its time, by everything that was asked', async () => {
    const authorizer = make({ authorizedTtlMs: 5000, unauthorizedTtlMs: 1000 });
    const ask = async (attributes: AuthorizationAttributes): Promise<[string, number]> => {
      const { decision } = await authorizer.authorize(attributes);
      return [decision, receiver.received.length];
    };
    receiver.reply({ allowed: true }, { allowed: false }, { allowed: true });
    expect(await ask(PODS)).toEqual(['allow', 1]);
    expect(await ask({ ...PODS, verb: 'watch' })).toEqual(['noOpinion', 2]);
    clock.nowMs += 1000;
    expect(await ask(PODS)).toEqual(['allow', 2]);
    expect(await ask({ ...PODS, verb: 'watch' })).toEqual(['allow', 3]);
    clock.nowMs += 4000;
    expect(await ask(PODS)).toEqual(['allow', 4]);
    expect(await ask({ ...PODS, user: { ...USER, groups: ['dev'] } })).toEqual(['allow', 5]);
    expect(await ask({ ...PODS, name: 'x'.repeat(10_000) })).toEqual(['allow', 6]);
    expect(await ask({ ...PODS, name: 'x'.repeat(10_000) })).toEqual(['allow', 7]);
  });
});

describe('a failure', () => {
  it.each<[string, Parameters<typeof receiver.reply>[0], string, number]>([
    ['no answer in time', () => {}, `${POST}: context deadline exceeded`, 1],
    ['404', say(404, 'x'), 'the server could not find the requested resource', 1],
    ['500', say(500, 'oh', { 'content-type': 'text/plain' }), 'an error on the server ("oh") has prevented the request from succeeding', 5],
    ['no JSON', say(200, 'nope'), 'the answer is no JSON of a SubjectAccessReview', 1],
    ['another kind', say(200, '{"kind":"Pod"}'), 'the answer has kind "Pod", expected "SubjectAccessReview"', 1],
    ['a text where a boolean belongs', { allowed: 'yes' }, "the answer's status.allowed is no boolean", 1],
    ['a hang-up', (response) => response.destroy(), `${POST}: EOF`, 5],
  ])('%s: no opinion, or a refusal, never an allowance', async (_name, reply, error, calls) => {
    receiver.reply(reply);
    expect(await make().authorize(PODS)).toEqual({ decision: 'noOpinion', reason: '', error });
    expect(receiver.received).toHaveLength(calls);
    expect(await make({ failurePolicy: 'Deny' }).authorize(PODS)).toEqual({ decision: 'deny', reason: '', error });
    expect(errors).toEqual([error, error]);
  });

  it('that passes is tried again', async () => {
    receiver.reply(say(500, ''), say(503, '', { 'retry-after': '0' }), say(429, ''), { allowed: true });
    expect(await make().authorize(PODS)).toEqual({ decision: 'allow', reason: '' });
    expect(receiver.received).toHaveLength(4);
  });

  it('is not remembered', async () => {
    const authorizer = make();
    receiver.reply(say(404, ''), { allowed: true });
    expect((await authorizer.authorize(PODS)).decision).toBe('noOpinion');
    expect((await authorizer.authorize(PODS)).decision).toBe('allow');
  });

  it('is a service that is not there, or that nobody vouches for', async () => {
    const { ca: _ca, ...unknown } = receiver.target;
    const other = new ReviewClient({ target: unknown });
    const { error } = await make({ client: other }).authorize(PODS);
    expect(error).toBe(
      `Post "${receiver.target.url}?timeout=30s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    await other.close();
    expect(() => new ReviewClient({ target: { url: 'ftp://x' } })).toThrow('server: "ftp://x" must be an http or https URL');
  });
});

describe('a client that is closed', () => {
  it('ends what is under way, pauses included', async () => {
    const own = new ReviewClient({ target: receiver.target, initialBackoffMs: 60_000 });
    const authorizer = make({ client: own });
    receiver.reply(() => {}, say(500, ''));
    const calls = [authorizer.authorize(PODS), authorizer.authorize({ ...PODS, verb: 'watch' })];
    await expect.poll(() => receiver.received.length).toBe(2);
    await own.close();
    const ended = (await Promise.all(calls)).map(({ decision }) => decision);
    expect(ended).toEqual(['noOpinion', 'noOpinion']);
    expect(errors).toContain(`Post "${receiver.target.url}?timeout=30s": context canceled`);
  });
});

describe('a client that is retired', () => {
  it('answers what it was asked before, and what is asked late', async () => {
    const own = new ReviewClient({ target: receiver.target });
    const authorizer = make({ client: own });
    let held: ServerResponse | undefined;
    receiver.reply(
      (response) => {
        held = response;
      },
      { allowed: true, reason: 'late' },
    );
    const asked = authorizer.authorize(PODS);
    await expect.poll(() => held).toBeDefined();
    await own.retire();
    held?.end('{"status":{"allowed":true}}');
    expect(await asked).toEqual({ decision: 'allow', reason: '' });
    expect(await authorizer.authorize({ ...PODS, verb: 'watch' })).toEqual({ decision: 'allow', reason: 'late' });
  });
});

describe('observers', () => {
  const observed = (options: Partial<WebhookAuthorizerOptions> = {}) => {
    const seen: string[] = [];
    const observer: WebhookAuthorizerObserver = {
      onTry: ({ result, seconds }) => seen.push(`${result} ${seconds > 0 && seconds < 60}`),
      onFailOpen: (result) => seen.push(`fail open: ${result}`),
      onConditions: (outcome, seconds) => seen.push(`conditions: ${outcome} ${seconds >= 0}`),
    };
    return { seen, authorizer: make({ observer, ...options }) };
  };

  it('hear of each try, and of failures that let others decide', async () => {
    const { seen, authorizer } = observed();
    receiver.reply(say(500, ''), { allowed: true }, say(504, ''), { allowed: 'yes' });
    expect((await authorizer.authorize(PODS)).decision).toBe('allow');
    expect((await authorizer.authorize(PODS)).decision).toBe('allow');
    expect(seen.splice(0)).toEqual(['error true', 'success true']);
    expect((await authorizer.authorize({ ...PODS, verb: 'watch' })).decision).toBe('noOpinion');
    expect(seen).toEqual(['timeout true', 'error true', 'fail open: error']);
    const strict = observed({ failurePolicy: 'Deny' });
    expect((await strict.authorizer.authorize(PODS)).decision).toBe('deny');
    expect(strict.seen).toEqual(['error true']);
  });

  it('hear of conditions', async () => {
    const { seen, authorizer } = observed({
      matches({ user }) {
        if (user === 'broken') throw new Error('x');
        return user === 'jane';
      },
    });
    for (const username of ['jane', 'joe', 'broken']) await authorizer.authorize({ ...PODS, user: { username, groups: [] } });
    expect(seen).toEqual(['conditions: matched true', 'success true', 'conditions: excluded true', 'conditions: failed true']);
  });

  it('hear that nobody waits any more, when the call is broken off', async () => {
    const own = new ReviewClient({ target: receiver.target, timeoutMs: 600_000 });
    const { seen, authorizer } = observed({ client: own });
    let leave = (): void => {};
    let held: ServerResponse | undefined;
    receiver.reply((response) => {
      held = response;
    });
    const decision = authorizer.authorize(PODS, {
      onClose(listener) {
        leave = listener;
      },
    });
    await expect.poll(() => held).toBeDefined();
    leave();
    expect(await decision).toEqual({
      decision: 'noOpinion',
      reason: '',
      error: `Post "${receiver.target.url}?timeout=10m0s": context canceled`,
    });
    expect(seen).toEqual(['canceled true']);
    await expect.poll(() => held?.destroyed).toBe(true);
    await own.close();
  });
});

describe('conditions', () => {
  it('keep what is not for the service from it', async () => {
    const seen: AccessReviewSpec[] = [];
    const authorizer = make({
      matches(spec) {
        seen.push(spec);
        if (spec.user === 'broken') throw new Error('cel evaluation error');
        return spec.resourceAttributes !== undefined;
      },
      failurePolicy: 'Deny',
    });
    expect(await authorizer.authorize(PATH)).toEqual({ decision: 'noOpinion', reason: '' });
    expect(receiver.received).toHaveLength(0);
    expect(await authorizer.authorize({ ...PODS, user: { username: 'broken', groups: [] } })).toEqual({
      decision: 'deny',
      reason: '',
      error: 'cel evaluation error',
    });
    expect((await authorizer.authorize(PODS)).decision).toBe('allow');
    expect([seen.length, receiver.received.length]).toEqual([3, 1]);
  });
});
