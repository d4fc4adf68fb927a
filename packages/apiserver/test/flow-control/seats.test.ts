/** How seats are shared out among levels, and what they go by. */
import { describe, expect, it } from 'vitest';
import { allocateSeats } from '../../src/flow-control/seat-allocation.js';
import { SeatDemand } from '../../src/flow-control/seat-demand.js';

describe('seats', () => {
  const rows: [what: string, sum: number, wishes: [lower: number, upper: number, target: number][], seats: number[] | null][] = [
    [
      'go by the targets where no bound is met',
      30,
      [
        [0, 30, 10],
        [0, 30, 20],
      ],
      [10, 20],
    ],
    [
      'are spread when there are more than is asked for',
      60,
      [
        [0, 60, 10],
        [0, 60, 20],
      ],
      [20, 40],
    ],
    [
      'stop at an upper bound, the rest goes to the others',
      60,
      [
        [0, 12, 10],
        [0, 60, 20],
      ],
      [12, 48],
    ],
    [
      'stop at a lower bound, the others pay for it',
      30,
      [
        [20, 30, 20],
        [0, 30, 20],
        [0, 30, 20],
      ],
      [20, 5, 5],
    ],
    [
      'are shared even where nobody asks',
      30,
      [
        [0, 30, 0],
        [0, 30, 0],
      ],
      [15, 15],
    ],
    [
      'are the lower bounds when there is nothing else',
      15,
      [
        [10, 20, 15],
        [5, 20, 15],
      ],
      [10, 5],
    ],
    [
      'are the upper bounds when everything may be had',
      40,
      [
        [10, 20, 15],
        [5, 20, 15],
      ],
      [20, 20],
    ],
    [
      'cannot be less than the lower bounds',
      14,
      [
        [10, 20, 15],
        [5, 20, 15],
      ],
      null,
    ],
    [
      'cannot be more than the upper bounds',
      41,
      [
        [10, 20, 15],
        [5, 20, 15],
      ],
      null,
    ],
    ['are none for nobody', 0, [], []],
  ];
  it.each(rows)('%s', (_, sum, wishes, seats) => {
    const allocation = allocateSeats(
      sum,
      wishes.map(([lower, upper, target]) => ({ lower, upper, target })),
    );
    expect(allocation?.seats.map((value) => Number(value.toFixed(6))) ?? null).toEqual(seats);
  });
});

describe('the demand for seats', () => {
  it('is averaged over time', () => {
    const demand = new SeatDemand(0);
    demand.set(4, 500);
    demand.set(0, 1000);
    demand.endPeriod(1000);
    // Half of the time none, half of it four.
    expect([demand.highWatermark, demand.average, demand.deviation, demand.smoothed]).toEqual([4, 2, 2, 4]);
  });

  it('rises at once and is forgotten slowly', () => {
    const demand = new SeatDemand(0);
    demand.set(10, 0);
    demand.endPeriod(10_000);
    demand.set(0, 10_000);
    demand.endPeriod(20_000);
    // At the start of the second period there were still ten.
    expect([demand.highWatermark, demand.average, demand.deviation]).toEqual([10, 0, 0]);
    expect(demand.smoothed).toBeCloseTo(9.77, 10);
    for (let period = 2; period < 31; period++) demand.endPeriod(period * 10_000 + 10_000);
    expect([demand.highWatermark, Number(demand.smoothed.toFixed(2))]).toEqual([0, 4.98]);
    demand.set(3, 310_000);
    demand.endPeriod(310_000);
    // No time has passed: the peak alone is known.
    expect([demand.highWatermark, Number(demand.smoothed.toFixed(2))]).toEqual([3, 4.98]);
  });
});
