/** Events as lines of a file or of stdout. */
import type { AuditEvent } from '../event.js';
import { createMicroTime, formatEvent } from '../format-event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { legacyLine } from './legacy-format.js';
import { requireNotNegative } from './limits.js';
import { LineJoiner } from './line-joiner.js';
import { LineSink } from './line-sink.js';
import { RotatingFile } from './rotating-file.js';

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

/**
 * Events become lines, those of one millisecond one write. An event is accepted once the kernel has its line:
 * it survives the process. On a full disk events are reported and held, and written once there is room.
 *
 * @throws {RangeError} for a negative `maxSizeMb`, `maxBackups` or `maxAgeDays`.
 * @throws {Error} when the file cannot be opened.
 */
export function logBackend(options: LogOptions): LogBackend {
  const { path, format = 'json', maxSizeMb = 100, maxBackups = 100, maxAgeDays = 366, compress = false, onError } = options;
  requireNotNegative({ maxSizeMb, maxBackups, maxAgeDays });
  const time = createMicroTime();
  const line =
    format === 'legacy'
      ? (event: AuditEvent): string => `${legacyLine(event)}\n`
      : (event: AuditEvent): string => `${formatEvent(event, true, time)}\n`;
  const report = (events: readonly AuditEvent[], error: unknown): void => onError?.({ plugin: 'log', events, error });
  const file =
    path === '-'
      ? null
      : RotatingFile.open({
          path,
          maxSizeMb,
          maxBackups,
          maxAgeDays,
          compress,
          onRotationError: (error) => report([], error),
        });
  const target = file ?? new LineSink(1);
  const joiner = new LineJoiner(target, report);
  // A process that ends meanwhile still has its lines.
  process.on('exit', joiner.flush);
  return {
    name: 'log',
    process: (events) => joiner.add(events, line),
    reopen() {
      joiner.flush();
      file?.reopen();
    },
    async close() {
      joiner.flush();
      process.off('exit', joiner.flush);
      try {
        await target.close();
      } catch (error) {
        report([], error);
      }
    },
  };
}

/** The log of a file, under the name by which guides know it. */
export const FileAuditBackend: {
  /**
   * @param path - Made when it is missing.
   * @throws {Error} as {@link logBackend} does.
   */
  open(path: string, options?: Omit<LogOptions, 'path'>): Promise<LogBackend>;
} = {
  open: async (path, options = {}) => logBackend({ ...options, path }),
};
