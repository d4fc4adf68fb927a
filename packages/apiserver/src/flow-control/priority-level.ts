import type { FlowClock } from './flow-clock.js';
import type { LevelConfiguration } from './level-configuration.js';
import { QueueSet } from './queue-set.js';
import { RetryAfter } from './retry-after.js';
import { allocateSeats } from './seat-allocation.js';

/** One request of a level that queues takes no more than this part of its seats. */
const REQUEST_SHARE_MAX = 0.15;

/** A priority level: its configuration, its seats and who sits on them. */
export class PriorityLevel {
  readonly name: string;
  readonly queueSet: QueueSet;
  readonly retryAfter: RetryAfter = new RetryAfter();
  configuration: LevelConfiguration;
  /** It has been deleted, and goes when the last of its requests has. */
  isQuiescing = false;
  /** By its share of the server. */
  nominalSeats = 0;
  /** What it never lends. */
  lowerSeats = 0;
  /** With all that it may borrow. */
  upperSeats = 0;
  /** Now. */
  currentSeats = 0;
  /** That one request may take; undefined = what the server allows. */
  requestSeatsMax: number | undefined;

  constructor(configuration: LevelConfiguration, clock: FlowClock) {
    this.name = configuration.name;
    this.configuration = configuration;
    this.queueSet = new QueueSet(clock);
  }

  get isExempt(): boolean {
    return this.configuration.response === 'exempt';
  }

  /** Works out the seats between which the level moves. */
  setShare(serverSeats: number, sharesTotal: number): void {
    const { nominalConcurrencyShares, lendablePercent, borrowingLimitPercent, response } = this.configuration;
    const isNew = this.upperSeats === 0;
    const nominal = Math.ceil((serverSeats * nominalConcurrencyShares) / sharesTotal);
    const lendable = Math.round((nominal * lendablePercent) / 100);
    const borrowable = borrowingLimitPercent === undefined ? serverSeats : Math.round((nominal * borrowingLimitPercent) / 100);
    this.nominalSeats = nominal;
    this.lowerSeats = nominal - lendable;
    this.upperSeats = nominal + borrowable;
    if (isNew) this.currentSeats = nominal - Math.trunc(lendable / 2);
    this.requestSeatsMax =
      typeof response === 'string'
        ? undefined
        : Math.max(1, Math.min(Math.ceil(nominal * REQUEST_SHARE_MAX), Math.floor(nominal / response.handSize)));
  }
}

/**
 * Shares the seats out anew by what the levels could have used since the last time: nobody gets less than what it needs of its
 * own, who needs little lends.
 */
export function adjustSeats(levels: readonly PriorityLevel[], nowMs: number): void {
  const wishes = levels.map(({ queueSet: { demand }, lowerSeats, nominalSeats, upperSeats }) => {
    demand.endPeriod(nowMs);
    const lower = Math.max(lowerSeats, Math.min(nominalSeats, demand.highWatermark));
    return { lower, upper: upperSeats, target: Math.max(lower, demand.smoothed) };
  });
  const total = levels.reduce((sum, { nominalSeats }) => sum + nominalSeats, 0);
  const allocation = allocateSeats(total, wishes);
  for (const [i, level] of levels.entries()) {
    // Bounds that leave no way: everybody keeps what it has.
    if (allocation !== null) level.currentSeats = Math.round(allocation.seats[i] as number);
    level.queueSet.configure(level.configuration.response, level.currentSeats);
  }
}
