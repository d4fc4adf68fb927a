import { TransformError } from '../errors.js';

/** Writes under one key with random 96-bit nonces after which a collision gets likelier than 2^-32 (NIST SP 800-38D). */
export const GCM_WRITES_MAX: number = 2 ** 32;
/** Writes after which the operator is asked to rotate the key. */
export const GCM_WRITES_WARN: number = 2 ** 31;

/** How often a key has encrypted in this process, and what happens near the bound. */
export class WriteLimit {
  readonly #keyName: string;
  readonly #warn: (message: string) => void;
  #writes: number;

  /** @param written - Writes made before, when the caller keeps count. */
  constructor(keyName: string, warn: (message: string) => void = () => {}, written = 0) {
    this.#keyName = keyName;
    this.#warn = warn;
    this.#writes = written;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Counts one write; throws when the key must not write any more. */
  count(): void {
    if (this.#writes >= GCM_WRITES_MAX) {
      throw new TransformError(
        `key "${this.#keyName}" has encrypted ${GCM_WRITES_MAX} values and must be rotated: put a new key before it`,
        'aesgcm',
        this.#keyName,
      );
    }
    this.#writes += 1;
    if (this.#writes === GCM_WRITES_WARN) {
      this.#warn(`key "${this.#keyName}" has encrypted ${GCM_WRITES_WARN} values; rotate it before ${GCM_WRITES_MAX}`);
    }
  }
}
