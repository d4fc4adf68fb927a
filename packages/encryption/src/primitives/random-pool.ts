/**
 * Random bytes drawn from the system in blocks: a draw costs as much as encrypting a small value, however few bytes it
 * asks for. Bytes are handed out once and erased here.
 */
export class RandomPool {
  readonly #fill: (block: Uint8Array) => void;
  readonly #block: Uint8Array;
  #used: number;

  /** @param fill - Fills a block from a cryptographic source. */
  constructor(fill: (block: Uint8Array) => void, blockBytes = 4096) {
    this.#fill = fill;
    this.#block = new Uint8Array(blockBytes);
    this.#used = blockBytes;
  }

  /** `count` bytes in an array of their own. */
  take(count: number): Uint8Array {
    const block = this.#block;
    if (count > block.length / 4) {
      const own = new Uint8Array(count);
      this.#fill(own);
      return own;
    }
    if (block.length - this.#used < count) {
      this.#fill(block);
      this.#used = 0;
    }
    const bytes = block.slice(this.#used, this.#used + count);
    block.fill(0, this.#used, this.#used + count);
    this.#used += count;
    return bytes;
  }
}
