/** What becomes of requests that wait and that run when their priority level changes or goes. */
import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, LABELS, LEVELS, QUEUED, SCHEMAS, useLimitedServer, WAIT } from '../support/limited-server.js';

const limited = useLimitedServer();

describe('a change of the level', () => {
  it('lets those who wait go on when there are more seats', async () => {
    const answers = [limited.create('alice', 'f0')];
    await limited.running('f0');
    answers.push(limited.create('alice', 'f1'));
    await limited.waiting(1);
    await limited.configure({ nominalConcurrencyShares: 10 });
    await limited.running('f1');
    expect(await limited.flow('nominal_limit_seats')).toEqual({ 'priority_level="test"': 2 });
    await limited.configure({ nominalConcurrencyShares: 1 });
    answers.push(limited.create('alice', 'f2'));
    await limited.waiting(1);
    await limited.release('f0');
    expect((await answers[0])?.status).toBe(201);
    await limited.waiting(1);
    await limited.release('f1', 'f2');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('refuses at once when it rejects', async () => {
    await limited.configure({ limitResponse: { type: 'Reject', queuing: null } });
    const first = limited.create('alice', 'g0');
    await limited.running('g0');
    expect((await limited.create('bob', 'g1')).status).toBe(429);
    expect((await limited.flow('rejected_requests_total'))[`${LABELS},reason="concurrency-limit"`]).toBe(1);
    await limited.release('g0');
    expect((await first).status).toBe(201);
    await limited.configure({ limitResponse: QUEUED });
  });

  it('keeps a seat for a watch until it is established, and no longer', async () => {
    const watches = [];
    for (let i = 0; i < 3; i++) {
      watches.push(await limited.server.client.watch(`${CONFIG_MAPS}?watch=1`, { token: 'alice-token' }));
      await expect.poll(async () => (await limited.flow('current_executing_requests'))[LABELS], WAIT).toBe(0);
    }
    expect(watches.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await limited.flow('request_execution_seconds_count'))[`${LABELS},type="watch"`]).toBe(3);
    const first = limited.create('alice', 'h0');
    await limited.running('h0');
    const late = limited.server.client.watch(`${CONFIG_MAPS}?watch=1`, { token: 'alice-token' });
    await limited.waiting(1);
    await limited.release('h0');
    expect((await first).status).toBe(201);
    for (const watch of [...watches, await late]) watch.close();
  });

  it('lets a level that is deleted run empty', async () => {
    const answers = [limited.create('alice', 'i0')];
    await limited.running('i0');
    answers.push(limited.create('alice', 'i1'));
    await limited.waiting(1);
    await limited.server.client.request('DELETE', `${SCHEMAS}/test`);
    await limited.server.client.request('DELETE', `${LEVELS}/test`);
    const quiescing = async (): Promise<unknown> => (await limited.dump('dump_priority_levels'))[1]?.split(/, */).slice(0, 6);
    await expect.poll(quiescing, WAIT).toEqual(['test', '1', 'false', 'true', '1', '1']);
    const other = limited.create('alice', 'i2');
    await limited.release('i2');
    expect((await other).status).toBe(201);
    await limited.release('i0', 'i1');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201]);
    await expect.poll(quiescing, WAIT).toBeUndefined();
    expect(await limited.flow('current_limit_seats')).toEqual({});
  });
});
