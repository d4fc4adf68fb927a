import type { FlowSeries } from './flow-series.js';
import { type Dealer, flowHash } from './shuffle-sharding.js';

/**
 * Work is counted in seat-seconds, in whole hundred-millionths: sums that are equal compare as equal.
 *
 * @param ms - May be negative.
 */
export const seatSeconds = (seats: number, ms: number): number => Math.round(seats * ms * 1e5);

/** The requests of one FlowSchema that are told apart from its others by user or namespace. */
export class Flow {
  /** Name of the FlowSchema. */
  readonly schema: string;
  /** The user's name or the namespace; '' = all requests of the schema are one flow. */
  readonly distinguisher: string;
  readonly series: FlowSeries;
  #dealer: Dealer | null = null;
  #hand: readonly number[] = [];

  constructor(schema: string, distinguisher: string, series: FlowSeries) {
    this.schema = schema;
    this.distinguisher = distinguisher;
    this.series = series;
  }

  /** Indexes of the queues that its requests may wait in; dealt once per dealer. */
  hand(dealer: Dealer): readonly number[] {
    if (this.#dealer !== dealer) {
      this.#dealer = dealer;
      this.#hand = dealer.deal(flowHash(this.schema, this.distinguisher));
    }
    return this.#hand;
  }
}

/** How much of the server a request takes. */
export interface WorkEstimate {
  /** While it is served. */
  initialSeats: number;
  /** After it, for `lingerMs`: its events go to watchers then. */
  finalSeats: number;
  lingerMs: number;
}

/** One request on its way through a {@link QueueSet}, which alone changes it. */
export class FlowRequest {
  readonly flow: Flow;
  readonly isWatch: boolean;
  /** What the caller knows it by; for dumps. */
  readonly subject: unknown;
  readonly initialSeats: number;
  finalSeats: number;
  lingerMs: number;
  state: 'new' | 'waiting' | 'executing' | 'over' = 'new';
  /** Seats it takes from the start. */
  seats: number;
  /** Seat-seconds expected. */
  work = 0;
  /** Null when it went through no queue. */
  queue: RequestQueue | null = null;
  arrivalMs = 0;
  arrivalR = 0;
  startMs = 0;
  /** Among those that are served. */
  place = -1;
  /** Called when a request that has waited may go on. */
  onDispatched: (() => void) | null = null;

  constructor(flow: Flow, { initialSeats, finalSeats, lingerMs }: WorkEstimate, isWatch: boolean, subject: unknown) {
    this.flow = flow;
    this.isWatch = isWatch;
    this.subject = subject;
    this.initialSeats = initialSeats;
    this.finalSeats = finalSeats;
    this.lingerMs = lingerMs;
    this.seats = Math.max(initialSeats, finalSeats);
  }
}

/** One queue of a priority level. */
export class RequestQueue {
  /** Its place among the level's queues. */
  index: number;
  /** Oldest first. */
  readonly waiting: FlowRequest[] = [];
  executing = 0;
  /** Of its requests that are served or whose seats linger. */
  seatsInUse = 0;
  /** Seat-seconds of the waiting. */
  waitingWork = 0;
  /** The virtual time at which its next request is served. */
  nextDispatchR = 0;

  constructor(index: number) {
    this.index = index;
  }

  get isActive(): boolean {
    return this.waiting.length > 0 || this.executing > 0;
  }
}
