/** Admission webhooks against a real HTTPS server: answers, failures, patches, reinvocation, dry runs, services. */
import { afterAll, describe, expect, it } from 'vitest';
import type { AdmissionOutcome } from '../src/index.js';
import { createAuthority } from './support/certificate-authority.js';
import { configMap, createWebhookChain, GROUP } from './support/webhook-chain.js';
import { answerTo, patchOf, startWebhook } from './support/webhook-server.js';

const authority = await createAuthority();
const { caBundle } = authority;
const messages: string[] = [];
const label = (name: string) => patchOf({ op: 'add', path: `/data/${name}`, value: 'x' });
const server = await startWebhook(await authority.issue(['127.0.0.1', 'localhost', 'hook.ns.svc']), {
  '/allow': () => ({ allowed: true }),
  '/deny': () => ({ allowed: false }),
  '/deny-reason': () => ({ allowed: false, status: { reason: 'NoGood' } }),
  '/deny-full': () => ({
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: 'not like this', details: { causes: [{ message: 'm' }] } },
    warnings: ['mind the gap'],
    auditAnnotations: { why: 'because' },
  }),
  '/slow': (_review, _request, response) => void setTimeout(() => response.end(), 3000).unref(),
  '/garbage': (_review, _request, response) => void response.end('garbage'),
  '/broken': (_review, _request, response) => void response.end('{"kind": nope'),
  '/empty': (_review, _request, response) => void response.end(),
  '/no-response': (review, _request, response) => void response.end(JSON.stringify({ ...review, request: undefined })),
  '/no-type': (review, _request, response) => void response.end(JSON.stringify({ response: { uid: review.request.uid, allowed: true } })),
  '/other-uid': (review, _request, response) => void response.end(JSON.stringify(answerTo(review, { uid: 'x', allowed: true }))),
  '/hang-up': (_review, request) => void request.socket.destroy(),
  '/500': (_review, _request, response) => void response.writeHead(500, { 'content-type': 'text/plain' }).end('oh "no"\n'),
  '/404': (_review, _request, response) => void response.writeHead(404).end(),
  '/redirect': (_review, _request, response) => void response.writeHead(302, { location: '/allow' }).end(),
  '/status': (_review, _request, response) =>
    void response.writeHead(500).end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'told so' })),
  '/busy-once': (_review, _request, response) => {
    messages.push('busy');
    if (messages.length > 1) return { allowed: false, status: { message: 'second time' } };
    response.writeHead(503, { 'retry-after': '0' }).end();
    return undefined;
  },
  '/huge': (_review, _request, response) => {
    const chunk = 'x'.repeat(1024 * 1024);
    const more = (): void => {
      if (!response.destroyed) response.write(chunk, () => setImmediate(more));
    };
    more();
    return undefined;
  },
  '/patch-a': () => label('a'),
  '/patch-b': ({ request }) => ('a' in ((request.object?.['data'] ?? {}) as object) ? label('b') : { allowed: true }),
  '/patch-same': () => patchOf({ op: 'replace', path: '/metadata/name', value: 'c' }),
  '/patch-wrong': () => patchOf({ op: 'remove', path: '/nope/at/all' }),
  '/patch-type': () => ({ ...label('a'), patchType: 'Merge' }),
  '/patch-no-type': () => ({ allowed: true, patch: 'W10=' }),
  '/patch-text': () => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from('nope').toString('base64') }),
  '/patch-unknown': () => patchOf({ op: 'add', path: '/unknown', value: 1 }, { op: 'add', path: '/data/z', value: 'z' }),
  '/patch-number': () => patchOf({ op: 'add', path: '/data/n', value: 1 }),
});
afterAll(() => server.close());

const at = (path: string) => ({ clientConfig: { url: `${server.url}${path}`, caBundle } });
const failed = (reason: string) => `Internal error occurred: failed calling webhook "h.example.com": ${reason}`;
const posted = (path: string, reason: string, seconds = 10) =>
  failed(`failed to call webhook: Post "${server.url}${path}?timeout=${seconds}s": ${reason}`);

async function ask(kind: 'mutating' | 'validating', webhook: object, request: object = {}): Promise<AdmissionOutcome> {
  const chain = createWebhookChain();
  chain.configure(kind, 'cfg', [{ name: 'h.example.com', ...webhook }]);
  return chain.run(request);
}

const refusal = (outcome: AdmissionOutcome) => (outcome.allowed ? null : outcome.error.status);

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

const UNMARSHAL =
  'json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

describe('failures', () => {
  it.each([
    ['/garbage', failed(`failed to call webhook: couldn't get version/kind; json parse error: ${UNMARSHAL}`)],
    [
      '/broken',
      failed(`failed to call webhook: couldn't get version/kind; json parse error: invalid character 'o' in literal null (expecting 'u')`),
    ],
    ['/empty', failed('failed to call webhook: 0-length response with status code: 200 and content type: ')],
    ['/500', failed('failed to call webhook: an error on the server ("oh \\"no\\"") has prevented the request from succeeding')],
    ['/404', failed('failed to call webhook: the server could not find the requested resource')],
    ['/redirect', failed('failed to call webhook: the server responded with the status code 302 but did not return more information')],
    ['/status', failed('failed to call webhook: told so')],
    ['/hang-up', posted('/hang-up', 'EOF')],
    ['/huge', failed('failed to call webhook: the response is larger than 16777216 bytes')],
    ['/no-response', failed('received invalid webhook response: webhook response was absent')],
    [
      '/no-type',
      failed('received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind='),
    ],
  ])('%s', async (path, message) => {
    for (const kind of ['mutating', 'validating'] as const) {
      expect(refusal(await ask(kind, at(path)))).toMatchObject({ code: 500, reason: 'InternalError', message });
      const open = await ask(kind, { ...at(path), failurePolicy: 'Ignore' });
      expect(open.allowed).toBe(true);
      const key = `failed-open.${kind === 'mutating' ? 'mutation' : 'validating'}.webhook.admission.k8s.io/round_0_index_0`;
      expect(open.auditAnnotations[key]).toBe('h.example.com');
    }
  });

  it('refuses the answer to another review', async () => {
    const status = refusal(await ask('validating', at('/other-uid')));
    const { uid } = server.received.at(-1)?.review.request ?? {};
    expect(status?.message).toBe(failed(`received invalid webhook response: expected response.uid="${uid}", got "x"`));
  });

  it('does not wait longer than it may', async () => {
    const started = performance.now();
    const status = refusal(await ask('validating', { ...at('/slow'), timeoutSeconds: 1 }));
    expect(status?.message).toBe(posted('/slow', 'context deadline exceeded', 1));
    expect(performance.now() - started).toBeLessThan(2900);
  });

  it('tries again when the webhook asks for it', async () => {
    const status = refusal(await ask('validating', at('/busy-once')));
    expect(status?.message).toBe('admission webhook "h.example.com" denied the request: second time');
  });

  it('says that nobody listens', async () => {
    const down = await startWebhook(await authority.issue(['127.0.0.1']), {});
    await down.close();
    const status = refusal(await ask('validating', { clientConfig: { url: `${down.url}/x`, caBundle } }));
    const text = `failed to call webhook: Post "${down.url}/x?timeout=10s": dial tcp 127.0.0.1:${down.port}: connect: connection refused`;
    expect(status?.message).toBe(failed(text));
  });

  it('trusts nobody but the authority of the configuration', async () => {
    const stranger = (await createAuthority()).caBundle;
    for (const bundle of [stranger, undefined]) {
      const clientConfig = { url: `${server.url}/allow`, ...(bundle === undefined ? {} : { caBundle: bundle }) };
      const status = refusal(await ask('validating', { clientConfig }));
      expect(status?.message).toBe(posted('/allow', 'tls: failed to verify certificate: x509: certificate signed by unknown authority'));
    }
  });

  it('refuses certificates for other names, and those that have expired', async () => {
    const other = await startWebhook(await authority.issue(['a.example.com', 'b.example.com']), {});
    const expired = await startWebhook(await authority.issue(['localhost'], -60_000), {});
    const call = async (url: string) => refusal(await ask('validating', { clientConfig: { url, caBundle } }))?.message;
    const prefix = (url: string) => failed(`failed to call webhook: Post "${url}/?timeout=10s": tls: failed to verify certificate: x509: `);
    const byName = other.url.replace('127.0.0.1', 'localhost');
    expect(await call(byName)).toBe(`${prefix(byName)}certificate is valid for a.example.com, b.example.com, not localhost`);
    expect(await call(other.url)).toBe(
      `${prefix(other.url)}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
    );
    const late = expired.url.replace('127.0.0.1', 'localhost');
    expect(await call(late)).toBe(`${prefix(late)}certificate has expired or is not yet valid`);
    await Promise.all([other.close(), expired.close()]);
  });

  it('hears all validating webhooks at once, and none of them about configurations', async () => {
    const chain = createWebhookChain();
    chain.configure('validating', 'b', [{ name: 'late.example.com', ...at('/slow'), timeoutSeconds: 2, failurePolicy: 'Ignore' }]);
    chain.configure('validating', 'a', [{ name: 'h.example.com', ...at('/slow'), timeoutSeconds: 1 }]);
    const started = performance.now();
    expect(refusal(await chain.run())?.message).toBe(posted('/slow', 'context deadline exceeded', 1));
    expect(performance.now() - started).toBeLessThan(2800);
    const resource = { group: GROUP, version: 'v1', resource: 'validatingwebhookconfigurations' };
    expect((await chain.run({ resource, object: { apiVersion: `${GROUP}/v1`, metadata: { name: 'a' } } })).allowed).toBe(true);
  });
});

describe('mutation', () => {
  it('applies patches one after the other, with defaults and without unknown fields', async () => {
    const chain = createWebhookChain();
    chain.configure('mutating', 'b', [{ name: 'b.example.com', ...at('/patch-b') }]);
    chain.configure('mutating', 'a', [
      { name: 'u.example.com', ...at('/patch-unknown') },
      { name: 'a.example.com', ...at('/patch-a') },
    ]);
    const outcome = await chain.run();
    expect(outcome.allowed && outcome.object).toEqual(configMap({ z: 'z', a: 'x', b: 'x' }));
    const patch = [{ op: 'add', path: '/data/b', value: 'x' }];
    expect(outcome.auditAnnotations).toMatchObject({
      'mutation.webhook.admission.k8s.io/round_0_index_2': '{"configuration":"b","webhook":"b.example.com","mutated":true}',
      'patch.webhook.admission.k8s.io/round_0_index_2': JSON.stringify({
        configuration: 'b',
        webhook: 'b.example.com',
        patch,
        patchType: 'JSONPatch',
      }),
    });
  });

  it.each([
    ['/patch-wrong', 'Internal error occurred: '],
    ['/patch-number', 'Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    ['/patch-type', failed('unsupported patch type "Merge"')],
    ['/patch-no-type', failed('received invalid webhook response: webhook returned response.patch but not response.patchType')],
    ['/patch-text', failed(`received undecodable patch in webhook response: invalid character 'o' in literal null (expecting 'u')`)],
  ])('%s', async (path, message) => {
    const status = refusal(await ask('mutating', at(path)));
    expect(status?.code).toBe(500);
    expect(status?.message?.slice(0, path === '/patch-wrong' ? message.length : undefined)).toBe(message);
  });

  it('takes no patch from validating webhooks, nor for what is being deleted', async () => {
    expect(refusal(await ask('validating', at('/patch-a')))?.message).toBe(
      failed('received invalid webhook response: validating webhook may not return response.patch'),
    );
    const gone = { operation: 'DELETE', object: null, oldObject: configMap() };
    const text = 'admission webhook "h.example.com" attempted to modify the object, which is not supported for this operation';
    expect(refusal(await ask('mutating', { ...at('/patch-a'), failurePolicy: 'Ignore' }, gone))?.message).toBe(
      `Internal error occurred: ${text}`,
    );
  });

  it('asks those again that wish it when others changed the object after them', async () => {
    const chain = createWebhookChain();
    chain.configure('mutating', 'cfg', [
      { name: 'b.example.com', ...at('/patch-b'), reinvocationPolicy: 'IfNeeded' },
      { name: 'n.example.com', ...at('/allow'), reinvocationPolicy: 'Never' },
      { name: 'a.example.com', ...at('/patch-a') },
    ]);
    const before = server.received.length;
    const outcome = await chain.run();
    expect(server.received.slice(before).map(({ path }) => path)).toEqual(['/patch-b', '/allow', '/patch-a', '/patch-b']);
    expect(outcome.allowed && outcome.object?.['data']).toEqual({ a: 'x', b: 'x' });
    expect(outcome.auditAnnotations['mutation.webhook.admission.k8s.io/round_1_index_0']).toBe(
      '{"configuration":"cfg","webhook":"b.example.com","mutated":true}',
    );
  });

  it('asks nobody again after a patch that changed nothing', async () => {
    const chain = createWebhookChain();
    chain.configure('mutating', 'cfg', [
      { name: 'n.example.com', ...at('/allow'), reinvocationPolicy: 'IfNeeded' },
      { name: 's.example.com', ...at('/patch-same') },
    ]);
    const before = server.received.length;
    expect((await chain.run()).allowed).toBe(true);
    expect(server.received.length - before).toBe(2);
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
