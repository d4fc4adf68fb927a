/** Admission webhooks against a real HTTPS server: answers, dry runs, services. */
import { afterAll, describe, expect, it } from 'vitest';
import { ask, failed, refusal, startAskedServer } from './support/asked-webhook.js';
import { configMap, createWebhookChain } from './support/webhook-chain.js';

const { server, caBundle, at } = await startAskedServer({
  '/allow': () => ({ allowed: true }),
  '/deny': () => ({ allowed: false }),
  '/deny-reason': () => ({ allowed: false, status: { reason: 'NoGood' } }),
  '/deny-full': () => ({
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: 'not like this', details: { causes: [{ message: 'm' }] } },
    warnings: ['mind the gap'],
    auditAnnotations: { why: 'because' },
  }),
});
afterAll(() => server.close());

describe('answers', () => {
  it.each(['mutating', 'validating'] as const)('%s: a webhook that allows', async (kind) => {
    expect(await ask(kind, at('/allow'))).toMatchObject({ allowed: true, patch: [], warnings: [] });
  });

  it.each([
    ['/deny', 400, undefined, 'without explanation'],
    ['/deny-reason', 400, 'NoGood', ': NoGood'],
    ['/deny-full', 403, 'Forbidden', ': not like this'],
  ])('%s', async (path, code, reason, text) => {
    for (const kind of ['mutating', 'validating'] as const) {
      const status = refusal(await ask(kind, at(path)));
      const message = `admission webhook "h.example.com" denied the request${text.startsWith(':') ? '' : ' '}${text}`;
      expect(status).toMatchObject({ code, message, status: 'Failure' });
      expect(status?.reason).toBe(reason);
    }
  });

  it('passes details, warnings and audit annotations of a refusal on', async () => {
    const outcome = await ask('validating', at('/deny-full'));
    expect(refusal(outcome)?.details).toEqual({ causes: [{ message: 'm' }] });
    expect(outcome.warnings).toEqual(['mind the gap']);
    expect(outcome.auditAnnotations).toEqual({ 'h.example.com/why': 'because' });
  });

  it('sends a whole AdmissionReview', async () => {
    const user = { username: 'jane', uid: 'u1', groups: ['g'], extra: { k: ['v'] } };
    const object = configMap({ a: 'b' });
    await ask('validating', at('/allow'), { user, object, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' } });
    const { review } = server.received.at(-1) ?? {};
    expect(review).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: review?.request.uid,
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        requestResource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'c',
        namespace: 'ns',
        operation: 'CREATE',
        userInfo: user,
        object,
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      },
    });
    expect(review?.request.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('speaks v1beta1 to webhooks that ask for it first, and leaves out what it does not know', async () => {
    await ask('validating', { ...at('/allow'), admissionReviewVersions: ['v7', 'v1beta1', 'v1'] });
    expect(server.received.at(-1)?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
    expect(refusal(await ask('validating', { ...at('/allow'), admissionReviewVersions: ['v7'] }))?.message).toBe(
      failed('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)'),
    );
  });

  it('keeps connections open', async () => {
    const chain = createWebhookChain();
    chain.configure('validating', 'cfg', [{ name: 'h.example.com', ...at('/allow') }]);
    await chain.run();
    const before = server.connections();
    for (let i = 0; i < 20; i++) expect((await chain.run()).allowed).toBe(true);
    // A second one may be opened while the first still finishes its answer.
    expect(server.connections() - before).toBeLessThanOrEqual(1);
  });
});

describe('dry run', () => {
  it.each(['Some', 'Unknown'])('refuses webhooks with side effects "%s", whatever their failure policy', async (sideEffects) => {
    const status = refusal(await ask('validating', { ...at('/allow'), sideEffects, failurePolicy: 'Ignore' }, { dryRun: true }));
    expect(status).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: 'admission webhook "h.example.com" does not support dry run',
    });
  });

  it('tells the others', async () => {
    expect((await ask('mutating', { ...at('/allow'), sideEffects: 'NoneOnDryRun' }, { dryRun: true })).allowed).toBe(true);
    expect(server.received.at(-1)?.review.request['dryRun']).toBe(true);
  });
});

describe('services', () => {
  const service = (ports: object[], spec: object = {}) => ({ metadata: { name: 'hook', namespace: 'ns' }, spec: { ports, ...spec } });
  const slice = (port: number, ready = true) => ({
    metadata: { name: `s${port}`, namespace: 'ns', labels: { 'kubernetes.io/service-name': 'hook' } },
    ports: [{ name: 'web', port }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready } }],
  });
  const config = { clientConfig: { service: { namespace: 'ns', name: 'hook', path: '/deny', port: 8443 }, caBundle } };
  const url = 'https://hook.ns.svc:8443/deny?timeout=10s';

  it.each([
    ['endpoint slices', 'discovery.k8s.io', 'endpointslices', slice(server.port)],
    [
      'endpoints',
      '',
      'endpoints',
      {
        metadata: { name: 'hook', namespace: 'ns' },
        subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'web', port: server.port }] }],
      },
    ],
  ])('are reached through their %s', async (_name, group, resource, object) => {
    const chain = createWebhookChain();
    chain.configure('validating', 'cfg', [{ name: 'h.example.com', ...config }]);
    chain.objects.set('', 'services', service([{ name: 'web', port: 8443 }]));
    chain.objects.set(group, resource, object);
    expect(refusal(await chain.run())?.message).toBe('admission webhook "h.example.com" denied the request without explanation');
  });

  it('are reported when they lead nowhere', async () => {
    const chain = createWebhookChain();
    chain.configure('validating', 'cfg', [{ name: 'h.example.com', ...config }]);
    const message = async () => refusal(await chain.run())?.message;
    const prefix = failed(`failed to call webhook: Post "${url}": `);
    expect(await message()).toBe(`${prefix}service "hook" not found`);
    chain.objects.set('', 'services', service([{ name: 'web', port: 1 }]));
    expect(await message()).toBe(`${prefix}no service port 8443 found for service "hook"`);
    chain.objects.set('', 'services', service([{ name: 'web', port: 8443 }]));
    chain.objects.set('discovery.k8s.io', 'endpointslices', slice(server.port, false));
    expect(await message()).toBe(`${prefix}no endpoints available for service "hook"`);
  });
});
