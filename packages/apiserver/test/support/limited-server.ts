/** Servers with one priority level for the users of a group, whose requests take as long as a test wants. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TestAnswer } from '../../src/testing/test-client.js';
import { startTestServer, type TestServer, type TestServerOptions } from '../../src/testing.js';
import { type HeldRequests, holdRequests } from './held-requests.js';

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
export const LEVELS: string = `${GROUP}/prioritylevelconfigurations`;
export const SCHEMAS: string = `${GROUP}/flowschemas`;
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
export const DUMPS = '/debug/api_priority_and_fairness';
export const WAIT = { timeout: 30_000, interval: 10 };
export const TOO_MANY = 'Too many requests, please try again later.\n';
/** Labels of the level's metrics. */
export const LABELS = 'priority_level="test",flow_schema="test"';

const users = ['alice', 'bob', 'carol'].map((username) => ({ token: `${username}-token`, username, groups: ['testers'] }));

/** One seat of 30, as the built-in levels have 245 shares; alice, bob and carol have queues of their own, for two requests each. */
export const QUEUED = { type: 'Queue', queuing: { queues: 64, handSize: 1, queueLengthLimit: 2 } };

const level = (limitResponse: object, more: object): object => ({
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
const binding = {
  metadata: { name: 'testers' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'testers' }],
};

export class LimitedServer {
  server!: TestServer;
  held!: HeldRequests;
  readonly #open: Promise<unknown>[] = [];

  async start(options: TestServerOptions = {}): Promise<void> {
    this.held = await holdRequests();
    this.server = await startTestServer({
      // Nobody is refused because the machine is slow.
      requestTimeoutMs: 240_000,
      ...{ users, readOnlyInFlightMax: 20, mutatingInFlightMax: 10, seatAdjustmentMs: 3_600_000, disabledControllers: ['*'] },
      ...options,
    });
    await this.server.client.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: binding });
    await this.held.register(this.server);
  }

  async stop(): Promise<void> {
    await this.server?.close();
    await this.held?.close();
  }

  /** Makes the level and sends the testers to it. */
  async limit(limitResponse: object = QUEUED, more: object = {}): Promise<void> {
    const { client } = this.server;
    expect((await client.request('POST', LEVELS, { body: level(limitResponse, more) })).status).toBe(201);
    expect((await client.request('POST', SCHEMAS, { body: schema })).status).toBe(201);
  }

  async configure(limited: object): Promise<void> {
    expect((await this.server.client.request('PATCH', `${LEVELS}/test`, { body: { spec: { limited } } })).status).toBe(200);
  }

  /** Has a user create a config map whose webhook waits to be released. */
  create(user: string, name: string, query = '', client: TestServer['client'] = this.server.client): Promise<TestAnswer> {
    const answer = client.request('POST', `${CONFIG_MAPS}${query}`, {
      token: `${user}-token`,
      body: { metadata: { name: `held-${name}` } },
    });
    this.#open.push(answer.catch(() => {}));
    return answer;
  }

  /** Resolves when all that was created is answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#open.splice(0));
  }

  async release(...names: string[]): Promise<void> {
    for (const name of names) await this.held.release(`held-${name}`);
  }

  /** Resolves when the webhook was asked. */
  running(name: string): Promise<void> {
    return expect.poll(() => this.held.asked.includes(`held-${name}`), WAIT).toBe(true);
  }

  /** Resolves when so many requests wait in the test's queues. */
  waiting(count: number): Promise<void> {
    return expect.poll(async () => (await this.dump('dump_priority_levels'))[1]?.split(/, */)[4], WAIT).toBe(String(count));
  }

  /** The head of a table and what it says of the level. */
  async dump(name: string): Promise<string[]> {
    const { text } = await this.server.client.request('GET', `${DUMPS}/${name}`);
    return text.split('\n').filter((line) => /^(?:test|PriorityLevelName),/.test(line));
  }

  /** Values of a metric of the level, by what is inside the braces. */
  async flow(name: string): Promise<Record<string, number>> {
    const { text } = await this.server.client.request('GET', '/metrics');
    const found = [...text.matchAll(new RegExp(`^apiserver_flowcontrol_${name}\\{(.*)\\} (\\S+)$`, 'gm'))];
    return Object.fromEntries(
      found.map(([, labels, value]) => [labels, Number(value)]).filter(([labels]) => String(labels).includes('"test"')),
    );
  }
}

/** For the tests of a file: a server with the level, started before them and ended after them. */
export function useLimitedServer(): LimitedServer {
  const limited = new LimitedServer();
  beforeAll(async () => {
    await limited.start();
    await limited.limit();
  });
  afterEach(() => limited.settle());
  afterAll(() => limited.stop());
  return limited;
}
