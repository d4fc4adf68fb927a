import { TransformError } from '../errors.js';

/** A provider's own copy of its key, which nothing prints and which is zeroed when the provider is dropped. */
export class SecretKey {
  readonly #bytes: Uint8Array;
  readonly #provider: string;
  readonly #name: string;
  #isDropped = false;

  /** Copies `bytes`: the caller may zero its own. */
  constructor(bytes: Uint8Array, provider: string, name: string) {
    // Not slice(): of a Buffer that is a view, and zeroing it would zero the caller’s key.
    this.#bytes = new Uint8Array(bytes);
    this.#provider = provider;
    this.#name = name;
  }

  /**
   * The key itself; do not keep it.
   *
   * @throws {TransformError} once dropped: a zeroed key would encrypt, and anybody could read the result.
   */
  get bytes(): Uint8Array {
    if (this.#isDropped) throw new TransformError('the transformer was closed, its key is gone', this.#provider, this.#name);
    return this.#bytes;
  }

  /** Zeroes the key. */
  drop(): void {
    this.#isDropped = true;
    this.#bytes.fill(0);
  }
}
