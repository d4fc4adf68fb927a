/** How many seats a priority level could have used lately. */

/** How fast an old peak is forgotten; half of it in 30 adjustments. */
const SMOOTHING = 0.977;

/** Integrates a level's demand over the time of one adjustment period, and keeps what the last periods say together. */
export class SeatDemand {
  /** Of the last period, in seats. */
  highWatermark = 0;
  average = 0;
  deviation = 0;
  /** Rises at once, falls slowly. */
  smoothed = 0;
  #now = 0;
  #peak = 0;
  #sinceMs: number;
  #ms = 0;
  #integral = 0;
  #squares = 0;

  /** @param nowMs - Milliseconds of any clock that only goes on; as all times here. */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** The demand from now on, in seats. */
  set(seats: number, nowMs: number): void {
    this.#integrate(nowMs);
    this.#now = seats;
    if (seats > this.#peak) this.#peak = seats;
  }

  /** Ends a period. One without a duration tells of the peak alone. */
  endPeriod(nowMs: number): void {
    this.#integrate(nowMs);
    this.highWatermark = this.#peak;
    this.#peak = this.#now;
    if (this.#ms <= 0) return;
    this.average = this.#integral / this.#ms;
    const variance = this.#squares / this.#ms - this.average * this.average;
    this.deviation = variance > 0 ? Math.sqrt(variance) : 0;
    const envelope = this.average + this.deviation;
    this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope);
    this.#ms = this.#integral = this.#squares = 0;
  }

  #integrate(nowMs: number): void {
    const ms = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#ms += ms;
    this.#integral += this.#now * ms;
    this.#squares += this.#now * this.#now * ms;
  }
}
