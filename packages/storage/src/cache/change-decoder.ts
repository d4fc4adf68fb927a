import type { KeyValue, WatchBatch } from '../key-value-store.js';
import type { Decoded, ResourceCodec } from './resource-codec.js';
import type { Allocate } from './splice-resource-version.js';

/** A change of the store with its values decoded. */
export interface DecodedChange {
  kv: KeyValue;
  /** `null` for a deletion. */
  object: Decoded | null;
  /** What the key held before, where the watch asked for it. */
  previous: Decoded | null;
}

/** All changes up to `revision`. */
export interface DecodedBatch {
  changes: DecodedChange[];
  revision: number;
}

/** Decodes batches and hands them on in their order, at once where nothing has to be waited for. */
export class ChangeDecoder {
  readonly #codec: ResourceCodec;
  readonly #apply: (batch: DecodedBatch) => void;
  readonly #onFault: (error: Error) => void;
  readonly #allocate: Allocate | undefined;
  #tail: Promise<void> | null = null;
  #stopped = false;

  /**
   * @param onFault - Called once if `apply` throws; nothing is handed on after.
   * @param allocate - Memory for the new objects' bytes; default: a buffer of its own for each.
   */
  constructor(codec: ResourceCodec, apply: (batch: DecodedBatch) => void, onFault: (error: Error) => void, allocate?: Allocate) {
    this.#codec = codec;
    this.#apply = apply;
    this.#onFault = onFault;
    this.#allocate = allocate;
  }

  push(batch: WatchBatch): void {
    if (this.#stopped) return;
    const decoded = batch.changes.map((change) => {
      const object = change.type === 'put' ? this.#codec.decode(change.kv, this.#allocate) : null;
      const previous = change.prev === undefined ? null : this.#codec.decode(change.prev);
      return { kv: change.kv, object, previous };
    });
    const waits = decoded.some(({ object, previous }) => object instanceof Promise || previous instanceof Promise);
    if (!waits && this.#tail === null) {
      this.#hand({ changes: decoded as DecodedChange[], revision: batch.revision });
      return;
    }
    const changes = Promise.all(
      decoded.map(async ({ kv, object, previous }) => ({ kv, object: await object, previous: await previous }) satisfies DecodedChange),
    );
    const tail = (this.#tail ?? Promise.resolve()).then(async () => {
      this.#hand({ changes: await changes, revision: batch.revision });
      if (this.#tail === tail) this.#tail = null;
    });
    this.#tail = tail;
  }

  /** Nothing is handed on after this. */
  stop(): void {
    this.#stopped = true;
  }

  #hand(batch: DecodedBatch): void {
    if (this.#stopped) return;
    try {
      this.#apply(batch);
    } catch (error) {
      this.#stopped = true;
      this.#onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
