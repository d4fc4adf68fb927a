import type { StoredObject } from '../resource-storage.js';

/** Bytes taken from the system at a time. */
const SLAB_BYTES = 256 * 1024;
/** Larger objects get memory of their own: little is lost at the end of a slab. */
const SHARED_BYTES_MAX = 16 * 1024;
/** Bytes that may be held in vain before anything is moved. */
const WASTE_BYTES_MIN = 4 * 2 ** 20;

/**
 * Memory for many small buffers: each of its own costs a few hundred bytes and two microseconds.
 *
 * A slab lives until the last object in it has gone. Where objects change, slabs empty unevenly: {@link tidy} moves what
 * is left of the mostly empty ones, so that what is held stays in proportion to what lives.
 */
export class SlabAllocator {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  #slabs: WeakRef<ArrayBufferLike>[] = [];
  #madeSinceTidy = 0;

  readonly allocate = (sizeBytes: number): Buffer => {
    if (sizeBytes > SHARED_BYTES_MAX) return Buffer.allocUnsafeSlow(sizeBytes);
    if (this.#used + sizeBytes > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
      this.#slabs.push(new WeakRef(this.#slab.buffer));
      this.#madeSinceTidy++;
    }
    const out = this.#slab.subarray(this.#used, this.#used + sizeBytes);
    this.#used += sizeBytes;
    return out;
  };

  /** Bytes of the slabs that have not been given back. */
  heldBytes(): number {
    this.#slabs = this.#slabs.filter((slab) => slab.deref() !== undefined);
    return this.#slabs.length * SLAB_BYTES;
  }

  /**
   * Moves objects out of sparse slabs when more is held in vain than `objects` hold; cheap to call after each change.
   *
   * @param liveBytes - What the objects hold. Asked for only when there may be something to do.
   * @param otherBytes - What others may hold of older objects (the history).
   * @returns How many objects were moved.
   */
  tidy(objects: Iterable<StoredObject>, liveBytes: number, otherBytes: number): number {
    // As much has to be written between two looks as one costs.
    if (this.#madeSinceTidy * SLAB_BYTES < Math.max(WASTE_BYTES_MIN, liveBytes)) return 0;
    this.#madeSinceTidy = 0;
    if (this.heldBytes() < 2 * liveBytes + otherBytes + WASTE_BYTES_MIN) return 0;
    const live = new Map<ArrayBufferLike, number>();
    for (const { json } of objects) {
      if (json.buffer.byteLength === SLAB_BYTES) live.set(json.buffer, (live.get(json.buffer) ?? 0) + json.length);
    }
    let moved = 0;
    for (const object of objects) {
      const { json } = object;
      if (json.buffer === this.#slab.buffer || (live.get(json.buffer) ?? SLAB_BYTES) * 2 > SLAB_BYTES) continue;
      const copy = this.allocate(json.length);
      copy.set(json);
      // Whoever has the old buffer goes on with it: the bytes are the same.
      object.json = copy;
      moved++;
    }
    return moved;
  }
}
