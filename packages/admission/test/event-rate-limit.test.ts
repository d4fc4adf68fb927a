/** Event limits over time: buckets per key, all limits charged, keys forgotten. */
import { expect, it } from 'vitest';
import { type EventLimit, eventRateLimit } from '../src/controllers/event-rate-limit.js';
import { AdmissionChain, createAdmissionRequest, MemoryObjects, memoryDependencies } from '../src/index.js';

function limiter(limits: (Partial<EventLimit> & Pick<EventLimit, 'type'>)[]) {
  const clock = { ms: 0 };
  const dependencies = memoryDependencies(new MemoryObjects(), { now: () => clock.ms });
  const full = limits.map((limit) => ({ qps: 1, burst: 2, cacheSize: 10, ...limit }));
  const chain = new AdmissionChain().withController(eventRateLimit(dependencies, full));
  const send = async (namespace: string, username = 'alice', more: object = {}): Promise<string> => {
    const outcome = await chain.admit(
      createAdmissionRequest({
        operation: 'CREATE',
        resource: { group: '', version: 'v1', resource: 'events' },
        object: { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace } },
        user: { username, groups: [] },
        ...more,
      }),
    );
    return outcome.allowed ? '' : `${outcome.code} ${outcome.error.message}`;
  };
  return { clock, send };
}

const NAMESPACE = '429 Too many requests: limit reached on type Namespace for key a';

it('lets a burst pass and then as many as time allows', async () => {
  const { clock, send } = limiter([{ type: 'Namespace' }]);
  expect([await send('a'), await send('a'), await send('a'), await send('b')]).toEqual(['', '', NAMESPACE, '']);
  clock.ms = 1000;
  expect([await send('a'), await send('a')]).toEqual(['', NAMESPACE]);
});

it('names every limit that is reached', async () => {
  const { send } = limiter([
    { type: 'Server', burst: 1 },
    { type: 'User', burst: 1 },
  ]);
  await send('a');
  expect(await send('a')).toBe('429 Too many requests: [limit reached on type Server for key , limit reached on type User for key alice]');
});

it('does not look at dry runs and at events.k8s.io', async () => {
  const { send } = limiter([{ type: 'Server', burst: 1 }]);
  await send('a');
  expect(await send('a', 'alice', { dryRun: true })).toBe('');
  expect(await send('a', 'alice', { kind: { group: 'events.k8s.io', version: 'v1', kind: 'Event' } })).toBe('');
});

it('forgets the key that was not used for longest', async () => {
  const { send } = limiter([{ type: 'Namespace', burst: 1, cacheSize: 1 }]);
  expect([await send('a'), await send('b'), await send('a')]).toEqual(['', '', '']);
});
