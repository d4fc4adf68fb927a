/** Events as lines of a file or of stdout, with rotation by size, age and count. */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type AuditEvent, formatEvent } from '../event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { legacyLine } from './legacy-format.js';

const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

/** How {@link logBackend} writes. */
export interface LogOptions {
  /** `-` = stdout. Parent folders are made, mode 0700; the file has mode 0600. */
  path: string;
  /** Default `json`. */
  format?: 'json' | 'legacy';
  /** Megabytes before rotation; 0 = never. Default 100. */
  maxSizeMb?: number;
  /** Rotated files kept; 0 = all. Default 100. */
  maxBackups?: number;
  /** Days that rotated files are kept; 0 = for ever. Default 366. */
  maxAgeDays?: number;
  /** Gzips rotated files. Default false. */
  compress?: boolean;
  onError?: AuditErrorHandler;
}

/** A backend that can be told that its file was moved away. */
export interface LogBackend extends AuditBackend {
  /** Opens the path anew (SIGHUP, logrotate). */
  reopen(): void;
}

/** `2006-01-02T15-04-05.000` in UTC. */
function stamp(date: Date): string {
  return date.toISOString().slice(0, 23).replace(/:/g, '-');
}

/** One file that only ever holds whole lines. */
class RotatingFile {
  readonly #options: Required<Omit<LogOptions, 'onError' | 'format'>>;
  #fd: number;
  #bytes: number;
  #work: Promise<void> = Promise.resolve();

  constructor(options: Required<Omit<LogOptions, 'onError' | 'format'>>) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(options.path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  write(lines: Buffer): void {
    const { maxSizeMb } = this.#options;
    const limit = maxSizeMb * MEGABYTE;
    if (maxSizeMb > 0 && lines.length > limit) throw new Error(`write length ${lines.length} exceeds maximum file size ${limit}`);
    if (maxSizeMb > 0 && this.#bytes + lines.length > limit) this.#rotate();
    let written = 0;
    try {
      while (written < lines.length) written += writeSync(this.#fd, lines, written);
    } catch (error) {
      // Half a line must not stay: the next one would be joined to it.
      if (written > 0) this.#endLine();
      throw error;
    } finally {
      this.#bytes += written;
    }
  }

  #endLine(): void {
    try {
      this.#bytes += writeSync(this.#fd, '\n');
    } catch {
      // The disk is full: the next successful write begins after a torn line that readers skip.
    }
  }

  reopen(): void {
    closeSync(this.#fd);
    this.#fd = openSync(this.#options.path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  #rotate(): void {
    const { path } = this.#options;
    const ext = extname(path);
    const stem = path.slice(0, path.length - ext.length);
    let at = Date.now();
    let target = `${stem}-${stamp(new Date(at))}${ext}`;
    for (; exists(target) || exists(`${target}.gz`); at++) target = `${stem}-${stamp(new Date(at + 1))}${ext}`;
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    renameSync(path, target);
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = 0;
    this.#work = this.#work.then(() => this.#tidy(target)).catch(() => {});
  }

  /** Compresses what was rotated and removes what is old; errors are left for the next rotation. */
  async #tidy(rotated: string): Promise<void> {
    const { path, compress, maxBackups, maxAgeDays } = this.#options;
    if (compress) {
      await pipeline(createReadStream(rotated), createGzip(), createWriteStream(`${rotated}.gz`, { mode: 0o600 }));
      unlinkSync(rotated);
    }
    const ext = extname(path);
    const stem = `${basename(path, ext)}-`;
    const dir = dirname(path);
    const backups = readdirSync(dir)
      .filter((name) => name.startsWith(stem) && (name.endsWith(ext) || name.endsWith(`${ext}.gz`)))
      .sort()
      .reverse();
    backups.forEach((name, i) => {
      const file = join(dir, name);
      const isOld = maxAgeDays > 0 && Date.now() - statSync(file).mtimeMs > maxAgeDays * DAY_MS;
      if ((maxBackups > 0 && i >= maxBackups) || isOld) unlinkSync(file);
    });
  }

  async close(): Promise<void> {
    await this.#work;
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Writes each event before `process` returns: an event that was accepted survives the process. */
export function logBackend(options: LogOptions): LogBackend {
  const { path, format = 'json', maxSizeMb = 100, maxBackups = 100, maxAgeDays = 366, compress = false, onError } = options;
  const line = format === 'legacy' ? legacyLine : formatEvent;
  const file = path === '-' ? null : new RotatingFile({ path, maxSizeMb, maxBackups, maxAgeDays, compress });
  return {
    name: 'log',
    process(events: readonly AuditEvent[]) {
      try {
        let text = '';
        for (const event of events) text += `${line(event)}\n`;
        if (file === null) process.stdout.write(text);
        else file.write(Buffer.from(text));
        return true;
      } catch (error) {
        onError?.({ plugin: 'log', events, error });
        return false;
      }
    },
    reopen: () => file?.reopen(),
    close: async () => file?.close(),
  };
}
