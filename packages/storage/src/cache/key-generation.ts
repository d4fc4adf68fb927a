import type { StoredObject, ValueTransformer } from '../resource-storage.js';

/** Tells which cached objects may lie under keys that have been replaced since they were read. */
export class KeyGeneration {
  readonly #generation: () => number;
  #seen: number;
  /** Everything written up to this revision may be under an older key. */
  #staleUpTo = 0;

  constructor(transformer: ValueTransformer | undefined) {
    this.#generation = transformer?.generation ?? (() => 0);
    this.#seen = this.#generation();
  }

  /** @param revision - Of the cache: what it holds was written at or below it. */
  isStale(object: StoredObject, revision: number): boolean {
    const generation = this.#generation();
    if (generation !== this.#seen) {
      this.#seen = generation;
      this.#staleUpTo = revision;
    }
    return !object.stale && object.modRevision <= this.#staleUpTo;
  }
}
