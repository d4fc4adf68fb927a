/** Doubling ends here. */
const SECONDS_MAX = 32;

/** How long clients are told to wait before they come again: longer while many are refused, shorter when it gets quiet. */
export class RetryAfter {
  /** At present. */
  seconds = 1;
  #raisedAt = 0;
  #second = 0;
  #count = 0;
  /** Refusals of past seconds. */
  #history: { second: number; count: number }[] = [];

  /** A request is refused in this second of the epoch. */
  refused(second: number): void {
    if (second === this.#second) {
      this.#count++;
      return;
    }
    if (this.#count > 0) this.#history.push({ second: this.#second, count: this.#count });
    const kept = Math.min(2 * this.seconds, SECONDS_MAX);
    this.#history = this.#history.filter((entry) => second - entry.second <= kept);
    this.#second = second;
    this.#count = 1;
    let lately = 0;
    for (const entry of this.#history) if (second - entry.second <= this.seconds) lately += entry.count;
    if (second - this.#raisedAt >= this.seconds && lately >= 3 * this.seconds) {
      this.seconds = Math.min(2 * this.seconds, SECONDS_MAX);
      this.#raisedAt = second;
    } else if (lately < this.seconds && this.seconds > 1) this.seconds--;
  }
}
