/** Whole lines on a file descriptor, through a full disk too. */
import sonicBoom, { type SonicBoom } from 'sonic-boom';
import type { LineTarget, WriteFailure } from './line-joiner.js';

/** Bytes that wait for room on a full disk; lines above are lost. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Hands lines to the kernel before it returns.
 *
 * What a full disk does not take (the rest of a line, too) is held and written first once there is room: no line is
 * torn or doubled, and only lines above the limit of what is held are lost.
 */
export class LineSink implements LineTarget {
  readonly #stream: SonicBoom;
  #error: unknown = null;
  #isClosed = false;

  constructor(destination: number | string) {
    // Synchronous, without a buffer: what was accepted survives a kill -9.
    this.#stream = new sonicBoom.SonicBoom({
      dest: destination,
      sync: true,
      append: true,
      mode: 0o600,
      minLength: 0,
      maxLength: 0,
      contentMode: 'buffer',
    });
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
  }

  get fd(): number {
    return (this.#stream as unknown as { fd: number }).fd;
  }

  /** Bytes that wait for room. */
  get heldBytes(): number {
    return (this.#stream as unknown as { _len: number })._len;
  }

  write(lines: Buffer): WriteFailure | null {
    // One more try for what waits; an empty write sends it.
    const waiting = this.heldBytes > HELD_BYTES_MAX ? this.#try(Buffer.alloc(0)) : null;
    if (waiting !== null) return { error: waiting, keptBytes: 0 };
    const error = this.#try(lines);
    // The last bytes are the ones that wait.
    return error === null ? null : { error, keptBytes: this.#isClosed ? 0 : Math.max(0, lines.length - this.heldBytes) };
  }

  /** @returns what the kernel said, or null. */
  #try(lines: Buffer): unknown {
    this.#error = null;
    try {
      this.#stream.write(lines as unknown as string);
    } catch (error) {
      return error;
    }
    return this.#error;
  }

  /** Flushes to the disk and closes; what is still held is lost, and said so. */
  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve, reject) => {
      this.#error = null;
      this.#stream.once('close', () => resolve());
      this.#stream.end();
      if (this.#error !== null) {
        this.#stream.destroy();
        reject(this.#error);
      }
    });
  }
}
