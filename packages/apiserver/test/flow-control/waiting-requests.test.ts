/** Priority and fairness in a real server: requests that hold their seats, others that wait for them or are refused. */
import { describe, expect, it } from 'vitest';
import { createTestClient } from '../../src/testing/test-client.js';
import { CONFIG_MAPS, DUMPS, LABELS, LEVELS, SCHEMAS, TOO_MANY, useLimitedServer, WAIT } from '../support/limited-server.js';

/** By the hashes of their names. */
const [ALICE_QUEUE, BOB_QUEUE, CAROL_QUEUE] = ['24', '31', '44'];
const limited = useLimitedServer();

describe('a level whose seats are taken', () => {
  it('serves those who wait in turn, and tells of it', async () => {
    const answers = [limited.create('carol', 'c0')];
    await limited.running('c0');
    const startMs = performance.now();
    let count = 0;
    for (const name of ['a1', 'a2', 'b1', 'b2']) {
      answers.push(limited.create(name.startsWith('a') ? 'alice' : 'bob', name));
      await limited.waiting(++count);
    }
    let heldMs = performance.now() - startMs;
    expect(await limited.flow('current_executing_requests')).toEqual({ [LABELS]: 1 });
    expect(await limited.flow('current_executing_seats')).toEqual({ [LABELS]: 1 });
    expect(await limited.dump('dump_priority_levels')).toEqual([
      'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
      'test,              2,            false,  false,       4,               1,                 1,                  0,                0,                0',
    ]);
    const queues = (await limited.dump('dump_queues')).map((line) => line.split(/, */));
    expect(queues.length).toBe(65);
    const busy = queues.filter((row) => row[2] !== '0' || row[3] !== '0');
    expect(busy.map((row) => row.map((cell, i) => (i === 5 ? cell.replace(/^\d+\.\d{8}ss$/, 'R') : cell)))).toEqual([
      ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'].concat([
        'InitialSeatsSum',
        'MaxSeatsSum',
        'TotalWorkSum',
      ]),
      ['test', ALICE_QUEUE, '2', '0', '0', 'R', '2', '2', '0.00600000ss'],
      ['test', BOB_QUEUE, '2', '0', '0', 'R', '2', '2', '0.00600000ss'],
      ['test', CAROL_QUEUE, '0', '1', '1', 'R', '0', '0', '0.00000000ss'],
    ]);
    const { text } = await limited.server.client.request('GET', `${DUMPS}/dump_requests?includeRequestDetails=1`);
    const requests = text.split('\n').filter((line) => line.startsWith('test,'));
    const untimed = (line: string): string => line.replace(/2\d{3}-\d\d-\d\dT[\d:.]+Z/g, 'T');
    const row = (user: string, queue: string, index: string, started: string): string[] => [
      ...['test', 'test', queue, index, user, 'T', '1', '0', '0s', started],
      ...[user, 'create', CONFIG_MAPS, 'default', '', 'v1', 'configmaps', ''],
    ];
    const never = '0001-01-01T00:00:00Z';
    expect(requests.map((line) => untimed(line).split(/, */))).toEqual([
      row('alice', ALICE_QUEUE, '0', never),
      row('alice', ALICE_QUEUE, '1', never),
      row('bob', BOB_QUEUE, '0', never),
      row('bob', BOB_QUEUE, '1', never),
      row('carol', CAROL_QUEUE, '-1', 'T'),
    ]);
    await limited.release('c0');
    // Each keeps the seat for longer than the other user is behind, so that it is that one's turn then.
    for (const name of ['a1', 'b1']) {
      await limited.running(name);
      const sinceMs = performance.now();
      await expect.poll(() => performance.now() - sinceMs, WAIT).toBeGreaterThan(heldMs + 100);
      heldMs = performance.now() - sinceMs;
      await limited.release(name);
    }
    await limited.release('a2', 'b2');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(5).fill(201));
    expect(limited.held.asked).toEqual(['c0', 'a1', 'b1', 'a2', 'b2'].map((name) => `held-${name}`));
    await expect.poll(() => limited.flow('current_executing_requests'), WAIT).toEqual({ [LABELS]: 0 });
    expect(await limited.flow('dispatched_requests_total')).toEqual({ [LABELS]: 5 });
    expect(await limited.flow('current_inqueue_requests')).toEqual({ [LABELS]: 0 });
    expect(await limited.flow('current_executing_seats')).toEqual({ [LABELS]: 0 });
    expect(await limited.flow('rejected_requests_total')).toEqual({});
    expect(await limited.flow('request_wait_duration_seconds_count')).toEqual({ [`${LABELS},execute="true"`]: 5 });
    expect((await limited.flow('request_wait_duration_seconds_bucket'))[`${LABELS},execute="true",le="0"`]).toBe(1);
    expect(await limited.flow('request_execution_seconds_count')).toEqual({ [`${LABELS},type="regular"`]: 5 });
    for (const limit of ['nominal', 'lower', 'upper', 'current']) {
      expect([limit, await limited.flow(`${limit}_limit_seats`)]).toEqual([limit, { 'priority_level="test"': 1 }]);
    }
  });

  it('refuses whose queue is full; others may wait, and administrators get through', async () => {
    const answers = [limited.create('alice', 'k0')];
    await limited.running('k0');
    answers.push(limited.create('alice', 'k1'));
    await limited.waiting(1);
    answers.push(limited.create('alice', 'k2'));
    await limited.waiting(2);
    const uid = async (path: string): Promise<string> =>
      (await limited.server.client.request<{ metadata: { uid: string } }>('GET', path)).body.metadata.uid;
    const { status, headers, text } = await limited.create('alice', 'k3');
    expect({ status, text, ...headers }).toMatchObject({
      status: 429,
      text: TOO_MANY,
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'retry-after': '1',
      'x-kubernetes-pf-flowschema-uid': await uid(`${SCHEMAS}/test`),
      'x-kubernetes-pf-prioritylevel-uid': await uid(`${LEVELS}/test`),
    });
    answers.push(limited.create('bob', 'd1'));
    await limited.waiting(3);
    const admin = limited.server.client.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'held-admin' } } });
    await limited.release('admin');
    expect((await admin).status).toBe(201);
    expect((await limited.server.client.request('GET', `${CONFIG_MAPS}?limit=1`)).status).toBe(200);
    await limited.release('k0', 'd1', 'k1', 'k2');
    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([201, 201, 201, 201]);
    expect(await limited.flow('rejected_requests_total')).toEqual({ [`${LABELS},reason="queue-full"`]: 1 });
  });

  it('forgets who leaves, and lets nobody wait for more than a quarter of the time of the request', async () => {
    const answers = [limited.create('alice', 'e0')];
    await limited.running('e0');
    const leaving = createTestClient(limited.server.url, limited.server.ca, 'alice-token');
    const left = expect(limited.create('alice', 'e1', '', leaving)).rejects.toThrow();
    await limited.waiting(1);
    answers.push(limited.create('alice', 'e2'));
    await limited.waiting(2);
    leaving.close();
    await left;
    await limited.waiting(1);
    const late = await limited.create('alice', 'e3', '?timeout=1s');
    expect([late.status, late.text, late.headers['retry-after']]).toEqual([429, TOO_MANY, '1']);
    answers.push(limited.create('alice', 'e4'));
    await limited.waiting(2);
    await limited.release('e0', 'e2', 'e4');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(limited.held.asked.filter((name) => name.startsWith('held-e'))).toEqual(['held-e0', 'held-e2', 'held-e4']);
    const reasons = { 'queue-full': 1, cancelled: 1, 'time-out': 1 };
    expect(await limited.flow('rejected_requests_total')).toEqual(
      Object.fromEntries(Object.entries(reasons).map(([reason, count]) => [`${LABELS},reason="${reason}"`, count])),
    );
    expect((await limited.dump('dump_priority_levels'))[1]?.split(/, */).slice(-4)).toEqual(['12', '3', '1', '1']);
    expect((await limited.flow('request_wait_duration_seconds_count'))[`${LABELS},execute="false"`]).toBe(3);
  });
});
