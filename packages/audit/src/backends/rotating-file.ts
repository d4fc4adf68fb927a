/** A file of whole lines that is put aside when it is full. */
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { LineTarget, WriteFailure } from './line-joiner.js';
import { LineSink } from './line-sink.js';

const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

/** When {@link RotatingFile} rotates, and what it keeps. */
export interface RotationOptions {
  path: string;
  maxSizeMb: number;
  maxBackups: number;
  maxAgeDays: number;
  compress: boolean;
  /** Hears of rotations that failed; lines go on into the old file. */
  onRotationError(error: unknown): void;
}

/** `2006-01-02T15-04-05.000` in UTC. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace(/:/g, '-');
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Removes the half line that a full disk and a crash together leave: the next line would be joined to it. */
function cutTornTail(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const fd = openSync(path, 'r+');
  try {
    const chunk = Buffer.alloc(64 * 1024);
    const { size } = fstatSync(fd);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - chunk.length);
      const read = readSync(fd, chunk, 0, end - start, start);
      const newline = chunk.subarray(0, read).lastIndexOf(0x0a);
      if (newline >= 0 || start === 0) {
        const keep = newline < 0 ? 0 : start + newline + 1;
        if (keep < size) ftruncateSync(fd, keep);
        return;
      }
      end = start;
    }
  } finally {
    closeSync(fd);
  }
}

/** Who may read a log may read its next file; a change of owner that the process may not make is left. */
function keepAccess(fd: number, { mode, uid, gid }: Stats): void {
  const given = fstatSync(fd);
  if (given.uid !== uid || given.gid !== gid) {
    try {
      fchownSync(fd, uid, gid);
    } catch {}
  }
  if (given.mode !== mode) fchmodSync(fd, mode & 0o777);
}

/** A file called `.gz` is always whole. */
async function gzipInPlace(file: string): Promise<void> {
  const part = `${file}.gz.part`;
  const { mode } = statSync(file);
  await pipeline(createReadStream(file), createGzip(), createWriteStream(part, { mode: 0o600 }));
  chmodSync(part, mode & 0o777);
  renameSync(part, `${file}.gz`);
  unlinkSync(file);
}

/** One file that only ever holds whole lines. */
export class RotatingFile implements LineTarget {
  readonly #options: RotationOptions;
  #sink: LineSink;
  #bytes: number;
  #isRotationBroken = false;
  #work: Promise<unknown> = Promise.resolve();

  /** @throws when the file or its folder cannot be made. */
  static open(options: RotationOptions): RotatingFile {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    cutTornTail(options.path);
    const sink = new LineSink(options.path);
    return new RotatingFile(options, sink, fstatSync(sink.fd).size);
  }

  private constructor(options: RotationOptions, sink: LineSink, bytes: number) {
    this.#options = options;
    this.#sink = sink;
    this.#bytes = bytes;
  }

  write(lines: Buffer): WriteFailure | null {
    const { maxSizeMb } = this.#options;
    const limit = maxSizeMb * MEGABYTE;
    if (maxSizeMb > 0) {
      if (lines.length > limit) {
        return { error: new Error(`write length ${lines.length} exceeds maximum file size ${limit}`), keptBytes: 0 };
      }
      // The rest of a line that waits for room belongs into the file that has its beginning.
      if (this.#bytes + lines.length > limit && this.#sink.heldBytes === 0) this.#rotate();
    }
    this.#bytes += lines.length;
    return this.#sink.write(lines);
  }

  /** Opens the path anew, after something else moved the file. */
  reopen(): void {
    this.#replace(new LineSink(this.#options.path));
  }

  #replace(sink: LineSink): void {
    const old = this.#sink;
    this.#sink = sink;
    this.#bytes = fstatSync(sink.fd).size;
    const closed = old.close().catch(this.#options.onRotationError);
    this.#work = this.#work.then(() => closed);
  }

  #rotate(): void {
    const { path } = this.#options;
    const ext = extname(path);
    const stem = path.slice(0, path.length - ext.length);
    let at = Date.now();
    let target = `${stem}-${stamp(at)}${ext}`;
    while (exists(target) || exists(`${target}.gz`)) target = `${stem}-${stamp(++at)}${ext}`;
    try {
      renameSync(path, target);
      try {
        const before = fstatSync(this.#sink.fd);
        const next = new LineSink(path);
        keepAccess(next.fd, before);
        this.#replace(next);
      } catch (error) {
        // No new file, so the old one stays where lines are looked for.
        renameSync(target, path);
        throw error;
      }
    } catch (error) {
      if (!this.#isRotationBroken) this.#options.onRotationError(error);
      this.#isRotationBroken = true;
      return;
    }
    this.#isRotationBroken = false;
    this.#work = this.#work.then(() => this.#tidy()).catch(this.#options.onRotationError);
  }

  /** Files that were put aside, newest first. */
  #backups(): string[] {
    const { path } = this.#options;
    const ext = extname(path);
    const stem = `${basename(path, ext)}-`;
    const dir = dirname(path);
    return readdirSync(dir)
      .filter((name) => name.startsWith(stem) && (name.endsWith(ext) || name.endsWith(`${ext}.gz`)))
      .filter((name) => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}/.test(name.slice(stem.length)))
      .sort()
      .reverse()
      .map((name) => join(dir, name));
  }

  /** Compresses what was rotated, also what a crash left as it was, and removes what is old. */
  async #tidy(): Promise<void> {
    const { compress, maxBackups, maxAgeDays } = this.#options;
    if (compress) for (const file of this.#backups()) if (!file.endsWith('.gz')) await gzipInPlace(file);
    this.#backups().forEach((file, i) => {
      const isOld = maxAgeDays > 0 && Date.now() - statSync(file).mtimeMs > maxAgeDays * DAY_MS;
      if ((maxBackups > 0 && i >= maxBackups) || isOld) unlinkSync(file);
    });
  }

  /** Waits for rotated files to be tidied. */
  async close(): Promise<void> {
    await this.#work;
    await this.#sink.close();
  }
}
