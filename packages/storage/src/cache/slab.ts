/** Bytes taken from the system at a time. */
const SLAB_BYTES = 256 * 1024;
/** Larger objects get memory of their own: little is lost at the end of a slab. */
const SHARED_BYTES_MAX = 16 * 1024;

/**
 * Memory for many objects that come together: filling a cache makes tens of thousands of buffers, and each of its own
 * costs a few hundred bytes and two microseconds.
 *
 * A slab lives until the last object in it has gone. It is for the filling only: what changes later has memory of its own, so at
 * most the bytes of one filling can be held in vain.
 */
export class SlabAllocator {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  readonly allocate = (sizeBytes: number): Buffer => {
    if (sizeBytes > SHARED_BYTES_MAX) return Buffer.allocUnsafeSlow(sizeBytes);
    if (this.#used + sizeBytes > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const out = this.#slab.subarray(this.#used, this.#used + sizeBytes);
    this.#used += sizeBytes;
    return out;
  };
}
