/** Events as lines of a file or of stdout. */
import type { AuditEvent } from '../event.js';
import { formatEvent } from '../format-event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { legacyLine } from './legacy-format.js';
import { LineSink, RotatingFile } from './rotating-file.js';

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
 * Hands each event to the kernel before `process` returns: an event that was accepted survives the process. On a full
 * disk events are reported and held, and written once there is room.
 *
 * @throws when the file cannot be opened.
 */
export function logBackend(options: LogOptions): LogBackend {
  const { path, format = 'json', maxSizeMb = 100, maxBackups = 100, maxAgeDays = 366, compress = false, onError } = options;
  const line = format === 'legacy' ? legacyLine : formatEvent;
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
  const sink = file ?? new LineSink(1);
  return {
    name: 'log',
    process(events) {
      try {
        let text = '';
        for (const event of events) text += `${line(event)}\n`;
        sink.write(text);
        return true;
      } catch (error) {
        report(events, error);
        return false;
      }
    },
    reopen: () => file?.reopen(),
    async close() {
      try {
        await sink.close();
      } catch (error) {
        report([], error);
      }
    },
  };
}

/** The log of a file, under the name by which guides know it. */
export const FileAuditBackend: {
  /** @param path - Made when it is missing. */
  open(path: string, options?: Omit<LogOptions, 'path'>): Promise<LogBackend>;
} = {
  open: async (path, options = {}) => logBackend({ ...options, path }),
};
