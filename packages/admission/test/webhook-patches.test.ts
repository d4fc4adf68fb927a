/** Patches of admission webhooks: one after the other, wrong ones, and who is asked again. */
import { afterAll, describe, expect, it } from 'vitest';
import { ask, failed, refusal, startAskedServer } from './support/asked-webhook.js';
import { configMap, createWebhookChain } from './support/webhook-chain.js';
import { patchOf } from './support/webhook-server.js';

const label = (name: string) => patchOf({ op: 'add', path: `/data/${name}`, value: 'x' });
const { server, at } = await startAskedServer({
  '/allow': () => ({ allowed: true }),
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
