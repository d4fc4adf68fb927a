import type { FlowClock } from '../../src/flow-control/flow-clock.js';

/** A clock that goes on when it is told to; what is due happens in order, each at its own time. */
export class FakeClock implements FlowClock {
  #nowMs = 0;
  #due: { atMs: number; run: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): void {
    const atMs = this.#nowMs + ms;
    const index = this.#due.findIndex((other) => other.atMs > atMs);
    this.#due.splice(index < 0 ? this.#due.length : index, 0, { atMs, run });
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#due[0]; next !== undefined && next.atMs <= endMs; next = this.#due[0]) {
      this.#due.shift();
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}
