/** Admission webhooks that fail, and what is said of them. */
import { afterAll, describe, expect, it } from 'vitest';
import { ask, failed, refusal, startAskedServer } from './support/asked-webhook.js';
import { createAuthority } from './support/certificate-authority.js';
import { createWebhookChain, GROUP } from './support/webhook-chain.js';
import { answerTo, startWebhook } from './support/webhook-server.js';

const messages: string[] = [];
let waiting = 0;
let waitingMost = 0;
const { server, authority, caBundle, at, posted } = await startAskedServer({
  '/allow': () => ({ allowed: true }),
  // Answers nobody, and notes how many wait at once.
  '/slow': (_review, _request, response) => {
    waiting++;
    waitingMost = Math.max(waitingMost, waiting);
    response.once('close', () => waiting--);
    return undefined;
  },
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
});
afterAll(() => server.close());

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
    // Without a time of its own it would be ten seconds.
    expect(performance.now() - started).toBeLessThan(9_000);
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
    waitingMost = 0;
    expect(refusal(await chain.run())?.message).toBe(posted('/slow', 'context deadline exceeded', 1));
    expect(waitingMost).toBe(2);
    const resource = { group: GROUP, version: 'v1', resource: 'validatingwebhookconfigurations' };
    expect((await chain.run({ resource, object: { apiVersion: `${GROUP}/v1`, metadata: { name: 'a' } } })).allowed).toBe(true);
  });
});
