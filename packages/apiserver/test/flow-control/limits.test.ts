/** Priority and fairness in a real server: requests that hold their seats, others that wait for them or are refused. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestAnswer } from '../../src/testing/test-client.js';
import { startTestServer, type TestServer } from '../../src/testing.js';
import { type HeldRequests, holdRequests } from '../support/held-requests.js';

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const LEVELS = `${GROUP}/prioritylevelconfigurations`;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DUMPS = '/debug/api_priority_and_fairness';
const WAIT = { timeout: 30_000, interval: 10 };
const TOO_MANY = 'Too many requests, please try again later.\n';
/** By the hashes of their names. */
const [ALICE_QUEUE, BOB_QUEUE, CAROL_QUEUE] = ['24', '31', '44'];
const users = ['alice', 'bob', 'carol'].map((username) => ({ token: `${username}-token`, username, groups: ['testers'] }));

let held: HeldRequests;
let server: TestServer;
const open: Promise<unknown>[] = [];

/** One seat of 30, as the built-in levels have 245 shares; alice, bob and carol have queues of their own, for two requests each. */
const queued = { type: 'Queue', queuing: { queues: 64, handSize: 1, queueLengthLimit: 2 } };
const level = (limitResponse: object, more: object = {}): object => ({
  metadata: { name: 'test' },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse, ...more } },
});
const schema = {
  metadata: { name: 'test' },
  spec: {
    matchingPrecedence: 500,
    priorityLevelConfiguration: { name: 'test' },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'testers' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: [''], resources: ['configmaps'], namespaces: ['default'] }],
      },
    ],
  },
};

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const started = await startTestServer({
    // Nobody is refused because the machine is slow.
    requestTimeoutMs: 240_000,
    ...{ users, readOnlyInFlightMax: 20, mutatingInFlightMax: 10, seatAdjustmentMs: 3_600_000, disabledControllers: ['*'] },
    ...options,
  });
  const binding = {
    metadata: { name: 'testers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'testers' }],
  };
  await started.client.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: binding });
  await held.register(started);
  return started;
}

/** Has a user create a config map whose webhook waits to be released. */
function create(user: string, name: string, query = '', client = server.client): Promise<TestAnswer> {
  const answer = client.request('POST', `${CONFIG_MAPS}${query}`, { token: `${user}-token`, body: { metadata: { name: `held-${name}` } } });
  open.push(answer.catch(() => {}));
  return answer;
}

/** Values of metrics by what is inside the braces. */
async function metric(name: string, from = server): Promise<Record<string, number>> {
  const { text } = await from.client.request('GET', '/metrics');
  const found = [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, 'gm'))];
  return Object.fromEntries(
    found.map(([, labels, value]) => [labels, Number(value)]).filter(([labels]) => String(labels).includes('"test"')),
  );
}
const flow = (name: string): Promise<Record<string, number>> => metric(`apiserver_flowcontrol_${name}`);
const LABELS = 'priority_level="test",flow_schema="test"';

/** Resolves when so many requests wait in the test's queues. */
const waiting = (count: number): Promise<void> =>
  expect.poll(async () => (await dump('dump_priority_levels'))[1]?.split(/, */)[4], WAIT).toBe(String(count));
const running = (name: string): Promise<void> => expect.poll(() => held.asked.includes(`held-${name}`), WAIT).toBe(true);
const dump = async (name: string): Promise<string[]> =>
  (await server.client.request('GET', `${DUMPS}/${name}`)).text.split('\n').filter((line) => /^(?:test|PriorityLevelName),/.test(line));
const configure = async (body: object): Promise<void> => {
  expect((await server.client.request('PATCH', `${LEVELS}/test`, { body })).status).toBe(200);
};
const release = async (...list: string[]): Promise<void> => {
  for (const name of list) await held.release(`held-${name}`);
};

beforeAll(async () => {
  held = await holdRequests();
  server = await start();
  expect((await server.client.request('POST', LEVELS, { body: level(queued) })).status).toBe(201);
  expect((await server.client.request('POST', `${GROUP}/flowschemas`, { body: schema })).status).toBe(201);
});
afterEach(async () => {
  await Promise.all(open.splice(0));
});
afterAll(async () => {
  await server.close();
  await held.close();
});

describe('a level whose seats are taken', () => {
  it('serves those who wait in turn, and tells of it', async () => {
    const answers = [create('carol', 'c0')];
    await running('c0');
    const startMs = performance.now();
    let count = 0;
    for (const name of ['a1', 'a2', 'b1', 'b2']) {
      answers.push(create(name.startsWith('a') ? 'alice' : 'bob', name));
      await waiting(++count);
    }
    let heldMs = performance.now() - startMs;
    expect(await flow('current_executing_requests')).toEqual({ [LABELS]: 1 });
    expect(await flow('current_executing_seats')).toEqual({ [LABELS]: 1 });
    expect(await dump('dump_priority_levels')).toEqual([
      'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
      'test,              2,            false,  false,       4,               1,                 1,                  0,                0,                0',
    ]);
    const queues = (await dump('dump_queues')).map((line) => line.split(/, */));
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
    const { text } = await server.client.request('GET', `${DUMPS}/dump_requests?includeRequestDetails=1`);
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
    await release('c0');
    // Each keeps the seat for longer than the other user is behind, so that it is that one's turn then.
    for (const name of ['a1', 'b1']) {
      await running(name);
      const sinceMs = performance.now();
      await expect.poll(() => performance.now() - sinceMs, WAIT).toBeGreaterThan(heldMs + 100);
      heldMs = performance.now() - sinceMs;
      await release(name);
    }
    await release('a2', 'b2');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(5).fill(201));
    expect(held.asked).toEqual(['c0', 'a1', 'b1', 'a2', 'b2'].map((name) => `held-${name}`));
    await expect.poll(() => flow('current_executing_requests'), WAIT).toEqual({ [LABELS]: 0 });
    expect(await flow('dispatched_requests_total')).toEqual({ [LABELS]: 5 });
    expect(await flow('current_inqueue_requests')).toEqual({ [LABELS]: 0 });
    expect(await flow('current_executing_seats')).toEqual({ [LABELS]: 0 });
    expect(await flow('rejected_requests_total')).toEqual({});
    expect(await flow('request_wait_duration_seconds_count')).toEqual({ [`${LABELS},execute="true"`]: 5 });
    expect((await flow('request_wait_duration_seconds_bucket'))[`${LABELS},execute="true",le="0"`]).toBe(1);
    expect(await flow('request_execution_seconds_count')).toEqual({ [`${LABELS},type="regular"`]: 5 });
    for (const limit of ['nominal', 'lower', 'upper', 'current']) {
      expect([limit, await flow(`${limit}_limit_seats`)]).toEqual([limit, { 'priority_level="test"': 1 }]);
    }
  });

  it('refuses whose queue is full; others may wait, and administrators get through', async () => {
    const answers = [create('alice', 'k0')];
    await running('k0');
    answers.push(create('alice', 'k1'));
    await waiting(1);
    answers.push(create('alice', 'k2'));
    await waiting(2);
    const uid = async (path: string): Promise<string> =>
      (await server.client.request<{ metadata: { uid: string } }>('GET', path)).body.metadata.uid;
    const { status, headers, text } = await create('alice', 'k3');
    expect({ status, text, ...headers }).toMatchObject({
      status: 429,
      text: TOO_MANY,
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'retry-after': '1',
      'x-kubernetes-pf-flowschema-uid': await uid(`${GROUP}/flowschemas/test`),
      'x-kubernetes-pf-prioritylevel-uid': await uid(`${LEVELS}/test`),
    });
    answers.push(create('bob', 'd1'));
    await waiting(3);
    const admin = server.client.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'held-admin' } } });
    await release('admin');
    expect((await admin).status).toBe(201);
    expect((await server.client.request('GET', `${CONFIG_MAPS}?limit=1`)).status).toBe(200);
    await release('k0', 'd1', 'k1', 'k2');
    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([201, 201, 201, 201]);
    expect(await flow('rejected_requests_total')).toEqual({ [`${LABELS},reason="queue-full"`]: 1 });
  });

  it('forgets who leaves, and lets nobody wait for more than a quarter of the time of the request', async () => {
    const answers = [create('alice', 'e0')];
    await running('e0');
    const leaving = createTestClient(server.url, server.ca, 'alice-token');
    const left = expect(create('alice', 'e1', '', leaving)).rejects.toThrow();
    await waiting(1);
    answers.push(create('alice', 'e2'));
    await waiting(2);
    leaving.close();
    await left;
    await waiting(1);
    const late = await create('alice', 'e3', '?timeout=1s');
    expect([late.status, late.text, late.headers['retry-after']]).toEqual([429, TOO_MANY, '1']);
    answers.push(create('alice', 'e4'));
    await waiting(2);
    await release('e0', 'e2', 'e4');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(held.asked.filter((name) => name.startsWith('held-e'))).toEqual(['held-e0', 'held-e2', 'held-e4']);
    const reasons = { 'queue-full': 1, cancelled: 1, 'time-out': 1 };
    expect(await flow('rejected_requests_total')).toEqual(
      Object.fromEntries(Object.entries(reasons).map(([reason, count]) => [`${LABELS},reason="${reason}"`, count])),
    );
    expect((await dump('dump_priority_levels'))[1]?.split(/, */).slice(-4)).toEqual(['12', '3', '1', '1']);
    expect((await flow('request_wait_duration_seconds_count'))[`${LABELS},execute="false"`]).toBe(3);
  });
});

describe('a change of the level', () => {
  it('lets those who wait go on when there are more seats', async () => {
    const answers = [create('alice', 'f0')];
    await running('f0');
    answers.push(create('alice', 'f1'));
    await waiting(1);
    await configure({ spec: { limited: { nominalConcurrencyShares: 10 } } });
    await running('f1');
    expect(await flow('nominal_limit_seats')).toEqual({ 'priority_level="test"': 2 });
    await configure({ spec: { limited: { nominalConcurrencyShares: 1 } } });
    answers.push(create('alice', 'f2'));
    await waiting(1);
    await release('f0');
    expect((await answers[0])?.status).toBe(201);
    await waiting(1);
    await release('f1', 'f2');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('refuses at once when it rejects', async () => {
    await configure({ spec: { limited: { limitResponse: { type: 'Reject', queuing: null } } } });
    const first = create('alice', 'g0');
    await running('g0');
    expect((await create('bob', 'g1')).status).toBe(429);
    expect((await flow('rejected_requests_total'))[`${LABELS},reason="concurrency-limit"`]).toBe(1);
    await release('g0');
    expect((await first).status).toBe(201);
    await configure({ spec: { limited: { limitResponse: queued } } });
  });

  it('keeps a seat for a watch until it is established, and no longer', async () => {
    const watches = [];
    for (let i = 0; i < 3; i++) {
      watches.push(await server.client.watch(`${CONFIG_MAPS}?watch=1`, { token: 'alice-token' }));
      await expect.poll(async () => (await flow('current_executing_requests'))[LABELS], WAIT).toBe(0);
    }
    expect(watches.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await flow('request_execution_seconds_count'))[`${LABELS},type="watch"`]).toBe(3);
    const first = create('alice', 'h0');
    await running('h0');
    const late = server.client.watch(`${CONFIG_MAPS}?watch=1`, { token: 'alice-token' });
    await waiting(1);
    await release('h0');
    expect((await first).status).toBe(201);
    for (const watch of [...watches, await late]) watch.close();
  });

  it('lets a level that is deleted run empty', async () => {
    const answers = [create('alice', 'i0')];
    await running('i0');
    answers.push(create('alice', 'i1'));
    await waiting(1);
    await server.client.request('DELETE', `${GROUP}/flowschemas/test`);
    await server.client.request('DELETE', `${LEVELS}/test`);
    const quiescing = async (): Promise<unknown> => (await dump('dump_priority_levels'))[1]?.split(/, */).slice(0, 6);
    await expect.poll(quiescing, WAIT).toEqual(['test', '1', 'false', 'true', '1', '1']);
    const other = create('alice', 'i2');
    await release('i2');
    expect((await other).status).toBe(201);
    await release('i0', 'i1');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201]);
    await expect.poll(quiescing, WAIT).toBeUndefined();
    expect(await flow('current_limit_seats')).toEqual({});
  });
});

describe('levels that are idle', () => {
  it('lend their seats to one that needs more than its own', async () => {
    const lending = await start({ seatAdjustmentMs: 50 });
    try {
      const body = level({ type: 'Queue', queuing: { queues: 64, handSize: 1, queueLengthLimit: 10 } }, { borrowingLimitPercent: 400 });
      await lending.client.request('POST', LEVELS, { body });
      await lending.client.request('POST', `${GROUP}/flowschemas`, { body: schema });
      const status = async (): Promise<string | undefined> => {
        const { body } = await lending.client.request<{ status?: { conditions?: { status: string }[] } }>(
          'GET',
          `${GROUP}/flowschemas/test`,
        );
        return body.status?.conditions?.[0]?.status;
      };
      // From here on nothing but time makes the seats be shared out anew.
      await expect.poll(status, WAIT).toBe('False');
      const names = Array.from({ length: 6 }, (_, i) => `l${i}`);
      const answers = names.map((name) => create('alice', name, '', lending.client));
      const asked = (): number => held.asked.filter((name) => name.startsWith('held-l')).length;
      // One seat of its own, and four times as many from others.
      await expect.poll(asked, WAIT).toBe(5);
      expect(await metric('apiserver_flowcontrol_nominal_limit_seats', lending)).toEqual({ 'priority_level="test"': 1 });
      expect(await metric('apiserver_flowcontrol_upper_limit_seats', lending)).toEqual({ 'priority_level="test"': 5 });
      expect(await metric('apiserver_flowcontrol_current_limit_seats', lending)).toEqual({ 'priority_level="test"': 5 });
      expect(asked()).toBe(5);
      for (const name of held.asked.filter((asked) => asked.startsWith('held-l'))) await held.release(name);
      await expect.poll(asked, WAIT).toBe(6);
      await held.release(held.asked.at(-1) as string);
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(6).fill(201));
    } finally {
      await lending.close();
    }
  });
});

describe('a server without priority and fairness', () => {
  it('has two plain limits', async () => {
    const plain = await start({ priorityAndFairness: false, mutatingInFlightMax: 1 });
    try {
      const first = create('alice', 'p0', '', plain.client);
      await running('p0');
      const { status, text, headers } = await create('bob', 'p1', '', plain.client);
      expect([status, text, headers['retry-after'], headers['x-kubernetes-pf-flowschema-uid']]).toEqual([429, TOO_MANY, '1', undefined]);
      expect((await plain.client.request('GET', CONFIG_MAPS, { token: 'bob-token' })).status).toBe(200);
      expect((await plain.client.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'admin' } } })).status).toBe(201);
      expect((await plain.client.request('GET', `${DUMPS}/dump_queues`)).status).toBe(404);
      await held.release('held-p0');
      expect((await first).status).toBe(201);
    } finally {
      await plain.close();
    }
  });

  it('needs something to share otherwise', async () => {
    const message =
      'invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive';
    await expect(startTestServer({ readOnlyInFlightMax: 0, mutatingInFlightMax: 0 })).rejects.toThrow(message);
  });
});
