/** How many requests may run: seats that idle levels lend, and the two limits of a server without priority and fairness. */
import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../src/testing.js';
import { CONFIG_MAPS, DUMPS, LimitedServer, SCHEMAS, TOO_MANY, WAIT } from '../support/limited-server.js';

describe('levels that are idle', () => {
  it('lend their seats to one that needs more than its own', async () => {
    const lending = new LimitedServer();
    try {
      await lending.start({ seatAdjustmentMs: 50 });
      await lending.limit({ type: 'Queue', queuing: { queues: 64, handSize: 1, queueLengthLimit: 10 } }, { borrowingLimitPercent: 400 });
      const status = async (): Promise<string | undefined> => {
        const { body } = await lending.server.client.request<{ status?: { conditions?: { status: string }[] } }>('GET', `${SCHEMAS}/test`);
        return body.status?.conditions?.[0]?.status;
      };
      // From here on nothing but time makes the seats be shared out anew.
      await expect.poll(status, WAIT).toBe('False');
      const names = Array.from({ length: 6 }, (_, i) => `l${i}`);
      const answers = names.map((name) => lending.create('alice', name));
      const asked = (): number => lending.held.asked.filter((name) => name.startsWith('held-l')).length;
      // One seat of its own, and four times as many from others.
      await expect.poll(asked, WAIT).toBe(5);
      expect(await lending.flow('nominal_limit_seats')).toEqual({ 'priority_level="test"': 1 });
      expect(await lending.flow('upper_limit_seats')).toEqual({ 'priority_level="test"': 5 });
      expect(await lending.flow('current_limit_seats')).toEqual({ 'priority_level="test"': 5 });
      expect(asked()).toBe(5);
      for (const name of lending.held.asked.filter((asked) => asked.startsWith('held-l'))) await lending.held.release(name);
      await expect.poll(asked, WAIT).toBe(6);
      await lending.held.release(lending.held.asked.at(-1) as string);
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(6).fill(201));
    } finally {
      await lending.stop();
    }
  });
});

describe('a server without priority and fairness', () => {
  it('has two plain limits', async () => {
    const plain = new LimitedServer();
    try {
      await plain.start({ priorityAndFairness: false, mutatingInFlightMax: 1 });
      const { client } = plain.server;
      const first = plain.create('alice', 'p0');
      await plain.running('p0');
      const { status, text, headers } = await plain.create('bob', 'p1');
      expect([status, text, headers['retry-after'], headers['x-kubernetes-pf-flowschema-uid']]).toEqual([429, TOO_MANY, '1', undefined]);
      expect((await client.request('GET', CONFIG_MAPS, { token: 'bob-token' })).status).toBe(200);
      expect((await client.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'admin' } } })).status).toBe(201);
      expect((await client.request('GET', `${DUMPS}/dump_queues`)).status).toBe(404);
      await plain.release('p0');
      expect((await first).status).toBe(201);
    } finally {
      await plain.stop();
    }
  });

  it('needs something to share otherwise', async () => {
    const message =
      'invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive';
    await expect(startTestServer({ readOnlyInFlightMax: 0, mutatingInFlightMax: 0 })).rejects.toThrow(message);
  });
});
