/** What one priority level may get of the server's seats, and what it would like. */
export interface SeatWish {
  lower: number;
  /** At least `lower`. */
  upper: number;
  /** At least `lower`. */
  target: number;
}

/** A lower target counts as this, so that everybody has a share in what is left over. */
const TARGET_MIN = 0.001;
const EPSILON = 1e-7;

/**
 * Shares `sum` seats out: everybody gets the same fraction of its target, except those whom a bound stops.
 *
 * @returns The seats of each wish, not rounded, and the fraction; `null` when the bounds do not allow the sum.
 */
export function allocateSeats(sum: number, wishes: readonly SeatWish[]): { seats: number[]; fraction: number } | null {
  const items = wishes.map(({ lower, upper, target }) => ({ lower, upper, target: Math.max(target, TARGET_MIN) }));
  const total = (pick: 'lower' | 'upper'): number => items.reduce((total, item) => total + item[pick], 0);
  if (total('lower') - sum > EPSILON || sum - total('upper') > EPSILON) return null;
  const at = (fraction: number): number[] => items.map(({ lower, upper, target }) => Math.max(lower, Math.min(upper, fraction * target)));
  const sumAt = (fraction: number): number => at(fraction).reduce((total, seats) => total + seats, 0);
  // The sum grows with the fraction, in a line from one bound to the next.
  const bounds = items.flatMap(({ lower, upper, target }) => [lower / target, upper / target]).sort((a, b) => a - b);
  let before = bounds[0] ?? 0;
  for (const bound of bounds) {
    const reached = sumAt(bound);
    if (reached < sum) {
      before = bound;
      continue;
    }
    const start = sumAt(before);
    const fraction = reached > start ? before + ((sum - start) / (reached - start)) * (bound - before) : bound;
    return { seats: at(fraction), fraction };
  }
  return { seats: at(before), fraction: before };
}
