/**
 * Refuses options that would keep events from being written, or make a loop without end.
 *
 * @throws {RangeError} naming the option and its value.
 */
export function requirePositive(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value > 0)) throw new RangeError(`"${name}" expected a positive number, got ${value}`);
  }
}

/**
 * Refuses options that count things and are no counts.
 *
 * @throws {RangeError} naming the option and its value.
 */
export function requireCount(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isInteger(value) || value <= 0) throw new RangeError(`"${name}" expected a positive whole number, got ${value}`);
  }
}

/**
 * Refuses options that are less than nothing.
 *
 * @throws {RangeError} naming the option and its value.
 */
export function requireNotNegative(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 0)) throw new RangeError(`"${name}" expected 0 or more, got ${value}`);
  }
}
