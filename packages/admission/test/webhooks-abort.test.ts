/** Calls of webhooks that nobody waits for any more, and connections after the chain was closed: a real HTTPS server. */
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { createAuthority } from './support/certificate-authority.js';
import { createWebhookChain } from './support/webhook-chain.js';
import { startWebhook } from './support/webhook-server.js';

const authority = await createAuthority();
const { caBundle } = authority;
/** Told of every call that will not be answered, with its connection. */
let onCall: (left: Promise<unknown>) => void = () => {};
const connections = new Set<Promise<unknown>>();
const server = await startWebhook(await authority.issue(['127.0.0.1']), {
  '/allow': (_review, request) => {
    connections.add(once(request.socket, 'close'));
    return { allowed: true };
  },
  '/never': (_review, request) => {
    onCall(once(request.socket, 'close'));
    return undefined;
  },
});
afterAll(() => server.close());

describe.each(['mutating', 'validating'] as const)('a %s webhook', (kind) => {
  it.each([
    [
      'Fail',
      500,
      `failed calling webhook "h.example.com": failed to call webhook: Post "${server.url}/never?timeout=10s": context canceled`,
    ],
    ['Ignore', 504, 'request did not complete within requested timeout'],
  ])('is left when the client goes, and with policy %s the request is refused', async (failurePolicy, code, message) => {
    const chain = createWebhookChain();
    chain.configure(kind, 'cfg', [{ name: 'h.example.com', clientConfig: { url: `${server.url}/never`, caBundle }, failurePolicy }]);
    const client = new AbortController();
    const called = new Promise<Promise<unknown>>((resolve) => {
      onCall = (left) => {
        client.abort();
        resolve(left);
      };
    });
    const outcome = await chain.run({ abortSignal: client.signal });
    expect(outcome.allowed ? null : [outcome.error.status.code, outcome.error.status.message]).toEqual([
      code,
      code === 500 ? `Internal error occurred: ${message}` : `Timeout: ${message}`,
    ]);
    await called.then((left) => left);
  });

  it('keeps its connection until the chain is closed', async () => {
    connections.clear();
    const { chain, configure, run } = createWebhookChain();
    configure(kind, 'cfg', [{ name: 'h.example.com', clientConfig: { url: `${server.url}/allow`, caBundle } }]);
    expect((await run()).allowed).toBe(true);
    const [closed] = connections;
    expect(await Promise.race([closed?.then(() => 'closed'), new Promise((resolve) => setTimeout(resolve, 100, 'open'))])).toBe('open');
    await chain.close();
    await closed;
  });
});
