/**
 * The seats and queues of one priority level: fair queuing of requests that take several seats for times nobody knows before.
 *
 * Every active queue would be served at the same rate if seats could be split; R is how much each would have got by now, in
 * seat-seconds. A request is expected to take some milliseconds of its seats, and the queue whose oldest request would be done
 * first at that rate goes next. When a request ends, its queue's account is put right by the time it really took.
 */
import type { FlowClock } from './flow-clock.js';
import { type Flow, type FlowRequest, RequestQueue, seatSeconds } from './flow-request.js';
import type { LimitResponse } from './level-configuration.js';
import { SeatDemand } from './seat-demand.js';
import { Dealer } from './shuffle-sharding.js';

/** What a request is expected to take before it is known. */
const EXPECTED_MS = 3;

/** What became of a request that came in. */
export type Admission = 'executing' | 'waiting' | 'queue-full' | 'concurrency-limit';

/** Hands seats out; knows nothing of HTTP and keeps no timers but for seats that linger. */
export class QueueSet {
  readonly demand: SeatDemand;
  /** Requests waiting. */
  waiting = 0;
  /** In no order. */
  readonly executing: FlowRequest[] = [];
  seatsInUse = 0;
  seatsWaiting = 0;
  /** Since the start. */
  readonly totals = { dispatched: 0, rejected: 0, timedOut: 0, cancelled: 0 };
  readonly queues: RequestQueue[] = [];
  readonly #clock: FlowClock;
  #isExempt = false;
  /** Null = nothing waits. */
  #dealer: Dealer | null = null;
  #queueLengthLimit = 0;
  #limit = 0;
  #r = 0;
  #syncedMs: number;
  #activeQueues = 0;
  /** Seats in use by requests that came through queues. */
  #queuedSeats = 0;
  #robin = 0;
  #enqueued = 0;

  constructor(clock: FlowClock) {
    this.#clock = clock;
    this.#syncedMs = clock.now();
    this.demand = new SeatDemand(this.#syncedMs);
  }

  /** Seats at present. */
  get limit(): number {
    return this.#limit;
  }

  get isIdle(): boolean {
    return this.waiting === 0 && this.executing.length === 0;
  }

  /**
   * Sets how many seats there are and what happens when they are taken. Queues that are too many go when they are empty.
   *
   * @throws {RangeError} for a hand that cannot be dealt; nothing changes then.
   */
  configure(response: LimitResponse, limit: number): void {
    const queuing = typeof response === 'string' ? null : response;
    if (queuing === null) this.#dealer = null;
    else if (this.#dealer?.deckSize !== queuing.queues || this.#dealer.handSize !== queuing.handSize) {
      this.#dealer = new Dealer(queuing.queues, queuing.handSize);
    }
    this.#sync(this.#clock.now());
    if (queuing !== null) {
      this.#queueLengthLimit = queuing.queueLengthLimit;
      while (this.queues.length < queuing.queues) this.queues.push(new RequestQueue(this.queues.length));
    }
    this.#isExempt = response === 'exempt';
    this.#limit = limit;
    this.#dispatchAll();
  }

  /** A request comes in. `waiting`: its `onDispatched` is called when it may go on, unless it is cancelled before. */
  start(request: FlowRequest): Admission {
    const now = this.#clock.now();
    this.#sync(now);
    request.arrivalMs = now;
    request.work = seatSeconds(request.initialSeats, EXPECTED_MS) + seatSeconds(request.finalSeats, request.lingerMs);
    const { series } = request.flow;
    if (this.#dealer === null) {
      if (this.#isExempt || this.#canTake(request.seats)) {
        this.#execute(request);
        return 'executing';
      }
      this.totals.rejected++;
      series.reject('concurrency-limit');
      series.waitedInVain.add(0);
      return 'concurrency-limit';
    }
    const queue = this.#choose(request.flow, this.#dealer);
    if (this.seatsInUse >= this.#limit && queue.waiting.length >= this.#queueLengthLimit) {
      this.totals.rejected++;
      series.reject('queue-full');
      series.waitedInVain.add(0);
      return 'queue-full';
    }
    request.queue = queue;
    request.arrivalR = this.#r;
    if (!queue.isActive) {
      this.#activeQueues++;
      queue.nextDispatchR = this.#r;
    }
    if (this.waiting === 0 && this.seatsInUse < this.#limit && this.#canTake(request.seats)) {
      // It would be the only one to wait, and the first to go.
      if (queue.nextDispatchR < this.#r) queue.nextDispatchR = this.#r;
      this.#robin = queue.index;
      this.#execute(request);
      return 'executing';
    }
    queue.waiting.push(request);
    queue.waitingWork += request.work;
    request.state = 'waiting';
    this.waiting++;
    this.seatsWaiting += request.seats;
    series.inQueue++;
    this.demand.set(this.seatsInUse + this.seatsWaiting, now);
    this.#bound(queue);
    this.#dispatchAll();
    return stateOf(request) === 'executing' ? 'executing' : 'waiting';
  }

  /** Takes a request out of its queue; of one that does not wait it does nothing. */
  cancel(request: FlowRequest, reason: 'time-out' | 'cancelled'): void {
    const { queue } = request;
    if (request.state !== 'waiting' || queue === null) return;
    const now = this.#clock.now();
    this.#sync(now);
    this.#leaveQueue(request, queue);
    request.state = 'over';
    if (!queue.isActive) this.#activeQueues--;
    this.totals.rejected++;
    this.totals[reason === 'cancelled' ? 'cancelled' : 'timedOut']++;
    const { series } = request.flow;
    series.reject(reason);
    series.waitedInVain.add(now - request.arrivalMs);
    this.demand.set(this.seatsInUse + this.seatsWaiting, now);
    this.#bound(queue);
  }

  /** A request has been served: its seats go to others, now or after the time that they linger. */
  finish(request: FlowRequest): void {
    if (request.state !== 'executing') return;
    const now = this.#clock.now();
    this.#sync(now);
    request.state = 'over';
    const tookMs = now - request.startMs;
    const { flow, queue } = request;
    const { series } = flow;
    const last = this.executing.pop() as FlowRequest;
    if (last !== request) {
      last.place = request.place;
      this.executing[request.place] = last;
    }
    series.executing--;
    (request.isWatch ? series.watchesStarted : series.served).add(tookMs);
    if (queue !== null) {
      queue.executing--;
      queue.nextDispatchR -= seatSeconds(request.initialSeats, EXPECTED_MS - tookMs);
      this.#bound(queue);
      if (!queue.isActive) this.#activeQueues--;
    }
    if (request.lingerMs > 0) {
      this.#clock.after(request.lingerMs, () => {
        const later = this.#clock.now();
        this.#sync(later);
        this.#release(request, later);
        this.#dispatchAll();
      });
    } else this.#release(request, now);
    this.#dispatchAll();
  }

  #canTake(seats: number): boolean {
    // One that is too wide for the level runs alone.
    if (seats > this.#limit) return this.executing.length === 0;
    return this.seatsInUse + seats <= this.#limit;
  }

  /** The queue of the flow's hand with the least work waiting; looked at from another card each time. */
  #choose(flow: Flow, dealer: Dealer): RequestQueue {
    const hand = flow.hand(dealer);
    const size = hand.length;
    let at = this.#enqueued++ % size;
    let best = this.queues[hand[at] as number] as RequestQueue;
    for (let looked = 1; looked < size; looked++) {
      if (++at === size) at = 0;
      const queue = this.queues[hand[at] as number] as RequestQueue;
      if (queue.waitingWork < best.waitingWork) best = queue;
    }
    return best;
  }

  #sync(nowMs: number): void {
    const ms = nowMs - this.#syncedMs;
    this.#syncedMs = nowMs;
    if (this.#activeQueues === 0) return;
    this.#r += seatSeconds(Math.min(this.#queuedSeats + this.seatsWaiting, this.#limit) / this.#activeQueues, ms);
  }

  #dispatchAll(): void {
    while (this.waiting > 0 && this.seatsInUse < this.#limit) {
      const queue = this.#next();
      const request = queue.waiting[0] as FlowRequest;
      // It is its turn: nobody overtakes it while seats come together.
      if (!this.#canTake(request.seats)) return;
      this.#leaveQueue(request, queue);
      this.#robin = queue.index;
      this.#execute(request);
      this.#bound(queue);
      request.onDispatched?.();
    }
  }

  /** The queue whose oldest request would be done first; the one served last comes last among equals. */
  #next(): RequestQueue {
    let best: RequestQueue | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    const { queues } = this;
    for (let step = 1; step <= queues.length; step++) {
      const queue = queues[(this.#robin + step) % queues.length] as RequestQueue;
      const [oldest] = queue.waiting;
      if (oldest === undefined || queue.nextDispatchR + oldest.work >= earliest) continue;
      earliest = queue.nextDispatchR + oldest.work;
      best = queue;
    }
    return best as RequestQueue;
  }

  #leaveQueue(request: FlowRequest, queue: RequestQueue): void {
    queue.waiting.splice(queue.waiting.indexOf(request), 1);
    queue.waitingWork -= request.work;
    this.waiting--;
    this.seatsWaiting -= request.seats;
    request.flow.series.inQueue--;
  }

  #execute(request: FlowRequest): void {
    const { queue } = request;
    if (queue !== null && request.finalSeats > this.#limit) {
      // The same work on as many seats as there are.
      request.lingerMs *= request.finalSeats / this.#limit;
      request.finalSeats = this.#limit;
      request.seats = Math.max(request.initialSeats, request.finalSeats);
    }
    const { seats } = request;
    const { series } = request.flow;
    const now = this.#syncedMs;
    request.state = 'executing';
    request.startMs = now;
    request.place = this.executing.length;
    this.executing.push(request);
    this.seatsInUse += seats;
    this.totals.dispatched++;
    series.dispatched++;
    series.executing++;
    series.executingSeats += seats;
    if (!this.#isExempt) series.waited.add(now - request.arrivalMs);
    if (queue !== null) {
      queue.executing++;
      queue.seatsInUse += seats;
      queue.nextDispatchR += request.work;
      this.#queuedSeats += seats;
    }
    this.demand.set(this.seatsInUse + this.seatsWaiting, now);
  }

  #release(request: FlowRequest, nowMs: number): void {
    const { queue, seats } = request;
    this.seatsInUse -= seats;
    request.flow.series.executingSeats -= seats;
    this.demand.set(this.seatsInUse + this.seatsWaiting, nowMs);
    if (queue === null) return;
    queue.seatsInUse -= seats;
    this.#queuedSeats -= seats;
    if (this.queues.length <= (this.#dealer?.deckSize ?? 0) || queue.isActive) return;
    const { index } = queue;
    if (this.queues[index] !== queue) return;
    this.queues.splice(index, 1);
    for (let i = index; i < this.queues.length; i++) (this.queues[i] as RequestQueue).index = i;
    if (this.#robin >= index) this.#robin--;
  }

  /** A queue that is served slower than the others keeps no claim from before its oldest request came. */
  #bound(queue: RequestQueue): void {
    const [oldest] = queue.waiting;
    if (oldest !== undefined && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR;
  }
}

/** Read anew: a call in between may have changed it. */
const stateOf = (request: FlowRequest): FlowRequest['state'] => request.state;
