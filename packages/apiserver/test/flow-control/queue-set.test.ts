/** Fair queuing by itself: no server, no time but the one that the test makes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Flow, FlowRequest, type WorkEstimate } from '../../src/flow-control/flow-request.js';
import { FlowSeries } from '../../src/flow-control/flow-series.js';
import type { LimitResponse } from '../../src/flow-control/level-configuration.js';
import { QueueSet } from '../../src/flow-control/queue-set.js';
import { FakeClock } from '../support/fake-clock.js';

let clock: FakeClock;
let set: QueueSet;
let order: string[];
let series: FlowSeries;
const flows = new Map<string, Flow>();

beforeEach(() => {
  clock = new FakeClock();
  set = new QueueSet(clock);
  order = [];
  series = new FlowSeries('level', 'schema');
  flows.clear();
});

const queues = (count: number, handSize = 1, queueLengthLimit = 50): LimitResponse => ({ queues: count, handSize, queueLengthLimit });

/** A request of a user; its name is noted when it is let through. */
function request(name: string, work: Partial<WorkEstimate> = {}): FlowRequest {
  const user = name.replace(/\d+$/, '');
  const flow = flows.get(user) ?? new Flow('schema', user, series);
  flows.set(user, flow);
  const made = new FlowRequest(flow, { initialSeats: 1, finalSeats: 0, lingerMs: 0, ...work }, false, name);
  made.onDispatched = () => order.push(name);
  return made;
}

/** Of 64 queues with hands of one, alice's is the 7th, bob's the 43rd, dave's the 62nd. */
describe('a level that rejects', () => {
  it('lets through what has seats and refuses the rest at once', () => {
    set.configure('reject', 2);
    const first = request('a1');
    expect([first, request('a2'), request('a3')].map((one) => set.start(one))).toEqual(['executing', 'executing', 'concurrency-limit']);
    set.finish(first);
    expect(set.start(request('a4'))).toBe('executing');
    expect([set.seatsInUse, set.isIdle, set.totals]).toEqual([2, false, { dispatched: 3, rejected: 1, timedOut: 0, cancelled: 0 }]);
    expect([...series.rejected]).toEqual([['concurrency-limit', 1]]);
  });

  it('lets one that is wider than the level run alone', () => {
    set.configure('reject', 2);
    const wide = request('a1', { initialSeats: 5 });
    expect(set.start(wide)).toBe('executing');
    expect(set.start(request('a2'))).toBe('concurrency-limit');
    set.finish(wide);
    expect(set.start(request('a3'))).toBe('executing');
    expect(set.start(request('a4', { initialSeats: 5 }))).toBe('concurrency-limit');
  });
});

describe('an exempt level', () => {
  it('lets everything through and counts its seats', () => {
    set.configure('exempt', 0);
    expect(Array.from({ length: 100 }, (_, i) => set.start(request(`a${i}`))).every((admission) => admission === 'executing')).toBe(true);
    expect([set.seatsInUse, set.executing.length, series.waited.count]).toEqual([100, 100, 0]);
  });
});

describe('a level with queues', () => {
  it('serves users in turn, however many requests one of them has waiting', () => {
    set.configure(queues(64), 1);
    const running = request('dave1');
    set.start(running);
    const waiting = ['alice1', 'alice2', 'alice3', 'alice4', 'bob1', 'bob2'].map((name) => request(name));
    expect(waiting.map((one) => set.start(one))).toEqual(Array(6).fill('waiting'));
    expect([set.waiting, set.seatsWaiting, series.inQueue]).toEqual([6, 6, 6]);
    let current = running;
    for (let served = 0; served < 6; served++) {
      clock.advance(3);
      set.finish(current);
      current = waiting.find(({ subject }) => subject === order.at(-1)) as FlowRequest;
    }
    expect(order).toEqual(['alice1', 'bob1', 'alice2', 'bob2', 'alice3', 'alice4']);
  });

  it('refuses when the queue is full, of others there may be room', () => {
    set.configure(queues(64, 1, 2), 1);
    const names = ['alice1', 'alice2', 'alice3', 'alice4', 'bob1'];
    expect(names.map((name) => set.start(request(name)))).toEqual(['executing', 'waiting', 'waiting', 'queue-full', 'waiting']);
    expect([...series.rejected]).toEqual([['queue-full', 1]]);
    expect([series.waited.count, series.waitedInVain.count]).toEqual([1, 1]);
  });

  it('puts a request into the queue of its hand where least work waits', () => {
    set.configure(queues(4, 4), 1);
    set.start(request('a0'));
    for (let i = 1; i <= 8; i++) set.start(request(`a${i}`));
    expect(set.queues.map(({ waiting }) => waiting.length)).toEqual([2, 2, 2, 2]);
    set.start(request('a9', { initialSeats: 3 }));
    for (let i = 10; i <= 12; i++) set.start(request(`a${i}`));
    expect(set.queues.map(({ waitingWork }) => waitingWork).sort((a, b) => a - b)).toEqual([900_000, 900_000, 900_000, 1_500_000]);
  });

  it('goes on from the queue served last when queues are equal', () => {
    set.configure(queues(64), 1);
    const running = request('erin1');
    set.start(running);
    const waiting = ['dave1', 'bob1', 'alice1'].map((name) => request(name));
    for (const one of waiting) set.start(one);
    set.finish(running);
    for (const name of ['bob1', 'dave1']) set.finish(waiting.find(({ subject }) => subject === name) as FlowRequest);
    expect(order).toEqual(['bob1', 'dave1', 'alice1']);
  });

  it('counts virtual time by the queues that are active', () => {
    set.configure(queues(64), 1);
    const first = request('dave1');
    const leaving = request('alice1');
    set.start(first);
    set.start(leaving);
    clock.advance(10);
    set.cancel(leaving, 'time-out');
    clock.advance(10);
    const second = request('bob1');
    set.start(second);
    // Half a seat for ten milliseconds, then a whole one.
    expect(set.queues[42]?.nextDispatchR).toBe(1_500_000);
    set.finish(first);
    clock.advance(10);
    set.start(request('alice2'));
    expect(set.queues[6]?.nextDispatchR).toBe(2_500_000);
    expect(set.totals).toEqual({ dispatched: 2, rejected: 1, timedOut: 1, cancelled: 0 });
  });

  it('gives a queue no credit for the time before its oldest request came', () => {
    set.configure(queues(64), 2);
    set.start(request('alice1'));
    clock.advance(100);
    const second = request('bob1');
    set.start(second);
    // Alice had one seat of two all the time, and still is no further ahead than dave, whose turn it is.
    for (const name of ['alice2', 'dave1']) set.start(request(name));
    set.finish(second);
    expect(order).toEqual(['dave1']);
  });

  it('forgets what a queue has had when it comes back after a pause', () => {
    set.configure(queues(64), 1);
    const all = new Map(['alice1', 'bob1', 'dave1', 'erin1', 'bob2', 'alice2'].map((name) => [name, request(name)]));
    const start = (name: string): unknown => set.start(all.get(name) as FlowRequest);
    const finish = (name: string): void => set.finish(all.get(name) as FlowRequest);
    for (const name of ['alice1', 'bob1', 'dave1', 'erin1']) start(name);
    clock.advance(100);
    start('bob2');
    for (const name of ['alice1', 'erin1']) finish(name);
    clock.advance(60);
    start('alice2');
    for (const name of ['bob1', 'dave1']) finish(name);
    // Alice had 100 milliseconds and bob 60, but that is over.
    expect(order).toEqual(['erin1', 'bob1', 'dave1', 'alice2']);
  });

  it('waits for the seats of one that needs several: nobody overtakes it', () => {
    set.configure(queues(64), 4);
    const running = [request('dave1'), request('dave2'), request('dave3')];
    for (const one of running) set.start(one);
    expect(set.start(request('alice1', { initialSeats: 3 }))).toBe('waiting');
    clock.advance(1);
    expect(set.start(request('bob1', { initialSeats: 3 }))).toBe('waiting');
    set.finish(running[0] as FlowRequest);
    expect([order, set.seatsInUse]).toEqual([[], 2]);
    set.finish(running[1] as FlowRequest);
    expect([order, set.seatsInUse]).toEqual([['alice1'], 4]);
  });

  it('forgets one that leaves', () => {
    set.configure(queues(64), 1);
    const running = request('dave1');
    const leaving = request('alice1');
    for (const one of [running, leaving, request('alice2')]) set.start(one);
    clock.advance(20);
    set.cancel(leaving, 'cancelled');
    set.cancel(leaving, 'time-out');
    expect([set.waiting, set.seatsWaiting, series.inQueue]).toEqual([1, 1, 1]);
    set.finish(running);
    expect([order, set.isIdle]).toEqual([['alice2'], false]);
    expect([[...series.rejected], series.waitedInVain.sumSeconds]).toEqual([[['cancelled', 1]], 0.02]);
    expect(set.totals).toEqual({ dispatched: 2, rejected: 1, timedOut: 0, cancelled: 1 });
  });

  it('keeps the seats of a write while its events go out', () => {
    set.configure(queues(64), 3);
    const write = request('alice1', { finalSeats: 3, lingerMs: 10 });
    set.start(write);
    set.start(request('bob1'));
    clock.advance(2);
    set.finish(write);
    expect([set.executing.length, set.seatsInUse, series.executing, series.executingSeats, order]).toEqual([0, 3, 0, 3, []]);
    clock.advance(9);
    expect(order).toEqual([]);
    clock.advance(1);
    expect([order, set.seatsInUse]).toEqual([['bob1'], 1]);
  });

  it('takes no more seats for that than there are, for longer', () => {
    set.configure(queues(64), 2);
    const write = request('alice1', { finalSeats: 8, lingerMs: 5 });
    set.start(write);
    expect([write.seats, write.finalSeats, write.lingerMs, set.seatsInUse]).toEqual([2, 2, 20, 2]);
    set.finish(write);
    clock.advance(20);
    expect([set.seatsInUse, set.isIdle]).toEqual([0, true]);
  });

  it('gives more seats to those who wait as soon as there are more, and queues that are too many go when they are empty', () => {
    set.configure(queues(64), 1);
    const running = request('dave1');
    set.start(running);
    const waiting = ['alice1', 'bob1'].map((name) => request(name));
    for (const one of waiting) set.start(one);
    set.configure(queues(2), 2);
    expect([order.length, set.queues.length]).toEqual([1, 64]);
    set.finish(running);
    expect([order.length, set.queues.length]).toEqual([2, 63]);
    expect(set.queues.map(({ index }) => index)).toEqual(Array.from({ length: 63 }, (_, i) => i));
    set.configure('reject', 2);
    for (const one of waiting) set.finish(one);
    expect([set.isIdle, set.queues.length, set.seatsInUse]).toEqual([true, 61, 0]);
  });
});

describe('over thousands of requests', () => {
  interface Client {
    user: string;
    seats: number;
    /** Milliseconds that its requests take. */
    tookMs: number;
    /** How many it keeps under way. */
    parallel: number;
  }
  const served = new Map<string, { count: number; seatMs: number; waitMsMax: number }>();

  /** Lets clients send their next request as soon as one is answered. */
  function simulate(clients: Client[], ms: number): void {
    served.clear();
    for (const { user, seats, tookMs, parallel } of clients) {
      const total = { count: 0, seatMs: 0, waitMsMax: 0 };
      served.set(user, total);
      let number = 0;
      const send = (): void => {
        const one = request(`${user}${number++}`, { initialSeats: seats });
        const sentMs = clock.now();
        let isRunning = false;
        const run = (): void => {
          isRunning = true;
          total.waitMsMax = Math.max(total.waitMsMax, clock.now() - sentMs);
          clock.after(tookMs, () => {
            total.count++;
            total.seatMs += seats * tookMs;
            set.finish(one);
            send();
          });
        };
        one.onDispatched = run;
        const admission = set.start(one);
        if (admission === 'executing' && !isRunning) run();
        if (admission !== 'executing' && admission !== 'waiting') throw new Error(admission);
      };
      for (let i = 0; i < parallel; i++) send();
    }
    clock.advance(ms);
  }

  it('users get the same time of the seats, whether they ask for much or little, in wide or long requests', () => {
    set.configure(queues(512, 1, 1000), 10);
    simulate(
      [
        { user: 'flood', seats: 1, tookMs: 5, parallel: 200 },
        { user: 'wide', seats: 3, tookMs: 5, parallel: 50 },
        { user: 'long', seats: 1, tookMs: 40, parallel: 50 },
        { user: 'light', seats: 1, tookMs: 5, parallel: 1 },
      ],
      20_000,
    );
    const seatMs = (user: string): number => served.get(user)?.seatMs ?? 0;
    const heavy = ['flood', 'wide', 'long'].map(seatMs);
    const mean = heavy.reduce((sum, value) => sum + value, 0) / 3;
    for (const value of heavy) expect(Math.abs(value - mean) / mean).toBeLessThan(0.03);
    expect(served.get('flood')?.count).toBeGreaterThan(9_000);
    // One at a time is less than its share: it hardly waits, while the others do for long.
    expect(served.get('light')?.waitMsMax).toBeLessThan(41);
    expect(served.get('flood')?.waitMsMax).toBeGreaterThan(250);
    expect(set.seatsInUse).toBeLessThanOrEqual(10);
  });
});
