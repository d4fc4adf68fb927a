import { primitives } from '#primitives';
import { TransformError } from '../errors.js';

/** Writes under one key with random 96-bit nonces after which a collision gets likelier than 2^-32 (NIST SP 800-38D). */
export const GCM_WRITES_MAX: number = 2 ** 32;
/** Writes that are announced together, and so the most that a crash adds to the count. */
export const WRITES_RESERVED: number = 2 ** 16;
/** Writes after which the operator is asked to rotate the key. */
export const GCM_WRITES_WARN: number = 2 ** 31;

const LABEL = new TextEncoder().encode('write counter of an AES-GCM key');

/** How often one key has encrypted. */
export interface WriteCounter {
  readonly writes: number;
  /**
   * Counts one write, before it is made.
   *
   * @param keyName - For the messages.
   * @throws {TransformError} when the key must not write any more.
   */
  count(keyName: string): void;
}

/** What {@link WriteCounters} starts with. */
export interface WriteCountersOptions {
  /** Hears once per key, half-way to the bound, that it should be rotated. */
  warn?: (message: string) => void;
  /** Writes made before by fingerprint, as {@link WriteCounters.snapshot} gave them. */
  written?: Readonly<Record<string, number>>;
  /**
   * Hears, before a key writes on, that it may come to write `writes` values in all; called once for each
   * {@link WRITES_RESERVED} writes. What was heard last is a count that a crash cannot fall below.
   */
  reserve?: (fingerprint: string, writes: number) => void;
}

/**
 * Counts the writes of each AES-GCM key. The key's bytes are what counts: the same key under two names, for two
 * resources or in two generations of a configuration has one counter. Hand one object to every configuration of a
 * process, and keep it across restarts (`openWriteCounts` of `@k/encryption/reload` does, in a file): 2^31 writes are
 * 24 days at 1,000 per second.
 */
export class WriteCounters {
  readonly #counters = new Map<string, WriteCounter>();
  readonly #warn: (message: string) => void;
  readonly #written: Readonly<Record<string, number>>;
  readonly #reserve: NonNullable<WriteCountersOptions['reserve']>;

  constructor(options: WriteCountersOptions = {}) {
    this.#warn = options.warn ?? (() => {});
    this.#written = options.written ?? {};
    this.#reserve = options.reserve ?? (() => {});
  }

  /** The counter of a key. */
  of(key: Uint8Array): WriteCounter {
    const fingerprint = Array.from(primitives.hmacSha256(key, LABEL).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    );
    const known = this.#counters.get(fingerprint);
    if (known !== undefined) return known;
    const made = createCounter(this.#written[fingerprint] ?? 0, this.#warn, (writes) => this.#reserve(fingerprint, writes));
    this.#counters.set(fingerprint, made);
    return made;
  }

  /** Writes by fingerprint (a keyed hash, from which the key cannot be learnt). */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counters].map(([fingerprint, { writes }]) => [fingerprint, writes]));
  }
}

function createCounter(written: number, warn: (message: string) => void, reserve: (writes: number) => void): WriteCounter {
  let writes = written;
  let reserved = written;
  let isWarned = false;
  return {
    get writes() {
      return writes;
    },
    count(keyName) {
      if (writes >= GCM_WRITES_MAX) {
        throw new TransformError(
          `key "${keyName}" has encrypted ${GCM_WRITES_MAX} values and must be rotated: put a new key before it`,
          'aesgcm',
          keyName,
        );
      }
      if (writes >= reserved) {
        reserved = Math.min(writes + WRITES_RESERVED, GCM_WRITES_MAX);
        reserve(reserved);
      }
      writes += 1;
      if (writes < GCM_WRITES_WARN || isWarned) return;
      isWarned = true;
      warn(`key "${keyName}" has encrypted ${writes} values; rotate it before ${GCM_WRITES_MAX}`);
    },
  };
}
