/** The lines of files and streams, wherever their pieces end. */
import { createReadStream } from 'node:fs';
import { addAbortSignal, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** Bytes of a line that is looked at; no event is larger, and a file without newlines must not fill the memory. */
const LINE_BYTES_MAX = 128 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Cuts pieces of bytes into lines. What is longer than any event comes as null. */
export class LineSplitter {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The lines that end in this piece. */
  *add(piece: Buffer): Generator<string | null> {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
  }

  /** What stands behind the last newline. */
  *rest(): Generator<string | null> {
    if (this.#bytes > 0) yield this.#take();
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > LINE_BYTES_MAX) this.#parts.length = 0;
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): string | null {
    const line = this.#bytes > LINE_BYTES_MAX ? null : Buffer.concat(this.#parts).toString('utf8');
    this.#parts.length = 0;
    this.#bytes = 0;
    return line;
  }
}

/** What is wrong with a file, by its name: `audit.log: no such file or directory`. */
export function fileFault(file: string, error: unknown): Error {
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  // `ENOENT: no such file or directory, open 'audit.log'`
  const reason = message.startsWith(`${code}: `) ? message.slice(code.length + 2).replace(/, \w+(?: '.*')?$/s, '') : message;
  return new Error(`${file === '-' ? 'standard input' : file}: ${reason}`);
}

/** Gzipped bytes are told by how they begin: rotated logs come under many names, and through pipes. */
async function* plainBytes(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const all = async function* (): AsyncGenerator<Buffer> {
    yield first.value;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  };
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* all();
    return;
  }
  const gunzip = createGunzip();
  // Its faults reach whoever reads from the last stream.
  pipeline(Readable.from(all()), gunzip).catch(() => {});
  yield* gunzip;
}

/**
 * The lines of a file, plain or gzipped; `-` is standard input. Null stands for a line that is longer than any event.
 *
 * @param signal - Ends the reading with an error.
 * @throws {Error} naming the file, when it cannot be read.
 */
export async function* readLines(file: string, signal: AbortSignal): AsyncGenerator<string | null> {
  const lines = new LineSplitter();
  const source = addAbortSignal(signal, file === '-' ? process.stdin : createReadStream(file));
  try {
    for await (const piece of plainBytes(source)) yield* lines.add(piece);
    yield* lines.rest();
  } catch (error) {
    throw fileFault(file, error);
  }
}
