/** How many seats requests take, and how long the refused are told to wait. */
import { resolveRequestInfo } from '@k/apimachinery';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RequestContext } from '../../src/context.js';
import { waitEndMs } from '../../src/filters/flow-control.js';
import { levelConfiguration } from '../../src/flow-control/level-configuration.js';
import { PriorityLevel } from '../../src/flow-control/priority-level.js';
import { RetryAfter } from '../../src/flow-control/retry-after.js';
import { WatchTracker } from '../../src/flow-control/watch-tracker.js';
import { WorkEstimator } from '../../src/flow-control/work-estimate.js';
import type { ResourceRegistry } from '../../src/registry.js';
import { FakeClock } from '../support/fake-clock.js';

let watches: WatchTracker;
let estimator: WorkEstimator;
const stored: Record<string, number> = {};
const registry = {
  find: (_group: string, resource: string) => ({ storage: { count: () => stored[resource] ?? 0 } }),
} as unknown as ResourceRegistry;

beforeEach(() => {
  watches = new WatchTracker();
  estimator = new WorkEstimator(registry, watches);
});

function contextOf(method: string, url: string): RequestContext {
  const [path = '', search] = url.split('?');
  const query = search === undefined ? null : new URLSearchParams(search);
  return { info: resolveRequestInfo(method, path, query), query } as RequestContext;
}
const watch = (url: string): (() => void) => {
  const { info, query } = contextOf('GET', url);
  return watches.add(info, query?.get('fieldSelector') ?? '');
};

describe('a read takes seats', () => {
  it.each([
    ['/api/v1/pods', 250, 3],
    ['/api/v1/namespaces/default/pods', 250, 3],
    ['/api/v1/pods', 100, 1],
    ['/api/v1/pods', 5000, 10],
    ['/api/v1/pods?limit=50', 250, 3],
    ['/api/v1/pods?limit=50&continue=x', 250, 1],
    ['/api/v1/pods?limit=120&continue=x', 250, 3],
    ['/api/v1/pods?limit=50&continue=x&labelSelector=a%3Db', 250, 3],
    ['/api/v1/pods?limit=60&continue=x&labelSelector=a%3Db', 250, 4],
    ['/api/v1/pods?resourceVersion=5&resourceVersionMatch=Exact', 250, 5],
    ['/api/v1/pods?resourceVersion=5&limit=10', 5000, 1],
    ['/api/v1/pods?resourceVersion=0&limit=10', 250, 3],
    ['/api/v1/pods?fieldSelector=metadata.name%3Da', 5000, 1],
    ['/api/v1/namespaces/default/pods/a', 5000, 1],
    ['/api/v1/pods?watch=1', 5000, 1],
    ['/api/v1/pods?watch=1&sendInitialEvents=false', 5000, 1],
    ['/api/v1/pods?watch=1&sendInitialEvents=true', 250, 3],
    ['/version', 5000, 1],
  ])('%s of %d objects: %d', (url, count, seats) => {
    stored['pods'] = count;
    expect(estimator.estimate(contextOf('GET', url))).toEqual({ initialSeats: seats, finalSeats: 0, lingerMs: 0 });
  });

  it('up to what its level allows', () => {
    stored['pods'] = 5000;
    expect(estimator.estimate(contextOf('GET', '/api/v1/pods'), 4).initialSeats).toBe(4);
    expect(estimator.estimate(contextOf('GET', '/api/v1/pods'), 40).initialSeats).toBe(10);
  });
});

describe('a write keeps seats', () => {
  const pod = '/api/v1/namespaces/default/pods/a';

  it('for the watches that will hear of it', () => {
    for (let i = 0; i < 999; i++) watch('/api/v1/pods?watch=1');
    expect(estimator.estimate(contextOf('PUT', pod))).toEqual({ initialSeats: 1, finalSeats: 0, lingerMs: 0 });
    const end = watch('/api/v1/namespaces/default/pods?watch=1');
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      expect(estimator.estimate(contextOf(method, pod))).toEqual({ initialSeats: 1, finalSeats: 1, lingerMs: 5 });
    }
    watch(`/api/v1/namespaces/default/pods?watch=1&fieldSelector=metadata.name%3Da`);
    expect(estimator.estimate(contextOf('PUT', `${pod}/status`))).toEqual({ initialSeats: 1, finalSeats: 2, lingerMs: 5 });
    end();
    expect(estimator.estimate(contextOf('PUT', pod)).finalSeats).toBe(1);
    expect(estimator.estimate(contextOf('POST', '/api/v1/namespaces/default/pods')).finalSeats).toBe(0);
  });

  it('on ten seats at most, for longer then', () => {
    for (let i = 0; i < 39_500; i++) watch('/api/v1/pods?watch=1');
    expect(estimator.estimate(contextOf('PUT', pod))).toEqual({ initialSeats: 1, finalSeats: 10, lingerMs: 20 });
    expect(estimator.estimate(contextOf('PUT', pod), 5)).toEqual({ initialSeats: 1, finalSeats: 5, lingerMs: 40 });
  });

  it('not for watches of something else, nor of single nodes, nor for tokens', () => {
    for (let i = 0; i < 1_000; i++) {
      watch('/api/v1/namespaces/other/pods?watch=1');
      watch('/api/v1/namespaces/default/pods?watch=1&fieldSelector=metadata.name%3Db');
      watch('/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1');
      watch('/api/v1/secrets?watch=1');
      watch('/apis/apps/v1/deployments?watch=1');
      watch('/api/v1/serviceaccounts?watch=1');
    }
    expect(estimator.estimate(contextOf('PUT', pod)).finalSeats).toBe(0);
    expect(estimator.estimate(contextOf('POST', '/api/v1/namespaces/default/serviceaccounts/a/token')).finalSeats).toBe(0);
    expect(estimator.estimate(contextOf('PUT', '/api/v1/namespaces/default/serviceaccounts/a')).finalSeats).toBe(1);
    expect(estimator.estimate(contextOf('DELETE', '/api/v1/namespaces/default/secrets')).finalSeats).toBe(0);
    for (let i = 0; i < 1_000; i++) watch('/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3D');
    expect(estimator.estimate(contextOf('PUT', pod)).finalSeats).toBe(1);
  });
});

describe('a request waits', () => {
  it.each([
    ['/api/v1/pods', 60_000, 15_000],
    ['/api/v1/pods?timeout=8s', 60_000, 2000],
    ['/api/v1/pods?timeout=2m', 60_000, 15_000],
    ['/api/v1/pods?watch=1&timeout=8s', 60_000, 15_000],
    ['/api/v1/pods', 1_000_000, 60_000],
  ])('for %s of a server that gives %d ms: %d ms', (url, serverMs, ms) => {
    expect(waitEndMs({ ...contextOf('GET', url), receivedAtMs: 5000 } as RequestContext, serverMs)).toBe(5000 + ms);
  });
});

describe('a level has', () => {
  const spec = (limited: object): object => ({ type: 'Limited', limited: { limitResponse: { type: 'Reject' }, ...limited } });
  const made = (name: string, spec: object): PriorityLevel | null => {
    const configuration = levelConfiguration({ metadata: { name }, spec } as never);
    return configuration && new PriorityLevel(configuration, new FakeClock());
  };

  it('its share of the server, of which it lends, and to which it borrows', () => {
    const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 };
    const rows: [object, (number | undefined)[]][] = [
      [{ nominalConcurrencyShares: 20, lendablePercent: 50 }, [49, 24, 649, 37, undefined]],
      [{ nominalConcurrencyShares: 5, borrowingLimitPercent: 50 }, [13, 13, 20, 13, undefined]],
      [{ nominalConcurrencyShares: 100, lendablePercent: 90, limitResponse: { type: 'Queue', queuing } }, [245, 24, 845, 135, 37]],
      [{ nominalConcurrencyShares: 1, limitResponse: { type: 'Queue', queuing } }, [3, 3, 603, 3, 1]],
      [{ nominalConcurrencyShares: 0 }, [0, 0, 600, 0, undefined]],
    ];
    for (const [limited, seats] of rows) {
      const level = made('a', spec(limited)) as PriorityLevel;
      level.setShare(600, 245);
      const { nominalSeats, lowerSeats, upperSeats, currentSeats, requestSeatsMax } = level;
      expect([nominalSeats, lowerSeats, upperSeats, currentSeats, requestSeatsMax]).toEqual(seats);
    }
  });

  it('no effect when it cannot be followed', () => {
    const queuing = { queues: 4, handSize: 5, queueLengthLimit: 50 };
    expect(made('a', spec({ limitResponse: { type: 'Queue', queuing } }))).toBeNull();
    expect(made('a', spec({ limitResponse: { type: 'Queue' } }))).toBeNull();
    expect(made('a', spec({ limitResponse: { type: 'Reject', queuing } }))).toBeNull();
    expect(made('exempt', spec({}))).toBeNull();
    expect(made('a', { type: 'Exempt', exempt: {} })).toBeNull();
    expect(made('exempt', { type: 'Exempt', exempt: {} })?.isExempt).toBe(true);
  });
});

it('the refused wait longer while many are refused, and less long when it gets quiet', () => {
  const retryAfter = new RetryAfter();
  const told: number[] = [];
  let second = 1000;
  const refuse = (times: number, afterSeconds: number): void => {
    second += afterSeconds;
    for (let i = 0; i < times; i++) retryAfter.refused(second);
    told.push(retryAfter.seconds);
  };
  refuse(100, 0);
  for (let i = 0; i < 8; i++) refuse(100, 1);
  expect(told).toEqual([1, 2, 2, 4, 4, 4, 4, 8, 8]);
  for (let i = 0; i < 100; i++) refuse(100, 1);
  expect(retryAfter.seconds).toBe(32);
  told.length = 0;
  for (let i = 0; i < 3; i++) refuse(1, 100);
  expect(told).toEqual([31, 30, 29]);
});
