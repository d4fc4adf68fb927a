/**
 * Large answers, put together while they are sent.
 *
 * One buffer for a list of some megabytes costs more than the list: its pages come fresh from the system and wait,
 * whole, for the client. Here a few chunks are filled again and again, no faster than the client takes them.
 */
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';

/** Bytes of one chunk; bodies up to here are sent in one piece. */
export const CHUNK_BYTES: number = 128 * 1024;
/** Chunks of one answer on their way: one is encrypted while the next is filled. */
const CHUNKS_AHEAD = 2;
/** Chunks that are kept for the next answer. */
const CHUNKS_KEPT_MAX = 16;

/** A body whose length is known and whose bytes are asked for piece by piece. */
export interface PartedBody {
  readonly sizeBytes: number;
  /** Puts the next bytes into `target`: as many as fit, fewer only at the end. @returns How many. */
  fill(target: Buffer): number;
}

/** Buffers that follow each other. */
export class JoinedBody implements PartedBody {
  readonly sizeBytes: number;
  readonly #parts: readonly Buffer[];
  #part = 0;
  /** Bytes of the present part that have been sent. */
  #offset = 0;

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
    this.sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
  }

  fill(target: Buffer): number {
    let at = 0;
    while (at < target.length && this.#part < this.#parts.length) {
      const part = this.#parts[this.#part] as Buffer;
      const copied = part.copy(target, at, this.#offset);
      at += copied;
      this.#offset += copied;
      if (this.#offset < part.length) break;
      this.#part++;
      this.#offset = 0;
    }
    return at;
  }
}

/** Chunks that are used again. */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  /** Gives a chunk back that nobody reads any more. */
  give(chunk: Buffer): void {
    if (this.#free.length < CHUNKS_KEPT_MAX) this.#free.push(chunk);
  }
}

/** Sends a body and ends the stream; stops when the stream is closed before. */
export function sendParts(out: Writable, body: PartedBody, pool: ChunkPool): void {
  let left = body.sizeBytes;
  let underWay = 0;
  const send = (): void => {
    while (left > 0 && underWay < CHUNKS_AHEAD && !out.destroyed) {
      const chunk = pool.take();
      const filled = body.fill(chunk);
      left -= filled;
      underWay++;
      out.write(filled === chunk.length ? chunk : chunk.subarray(0, filled), (error) => {
        // After an error something may still read from the chunk: it is left to the garbage collector.
        if (error) return;
        underWay--;
        pool.give(chunk);
        send();
      });
      if (left === 0) out.end();
    }
  };
  if (left === 0) out.end();
  send();
}

/** Sends a body compressed, as fast as the client takes it. */
export function sendPartsGzipped(out: Writable, body: PartedBody, pool: ChunkPool): void {
  const gzip = createGzip({ level: 1, chunkSize: CHUNK_BYTES });
  out.once('close', () => gzip.destroy());
  gzip.once('error', () => out.destroy());
  gzip.pipe(out);
  sendParts(gzip, body, pool);
}
