import type { AuditEvent } from '../event.js';

/** Where events go. Decorators (batch, truncate, union) are backends too. */
export interface AuditBackend {
  /** `log`, `webhook`, `buffered<webhook>`, …; names the backend in messages and metrics. */
  readonly name: string;
  /**
   * Takes events that will not be changed any more.
   *
   * @returns false when they could not be kept; a promise when that takes a wait. Never throws.
   */
  process(events: readonly AuditEvent[]): boolean | Promise<boolean>;
  /** Writes out what is held; later events are refused. */
  close(): Promise<void>;
}

/** Hears of events that were lost. */
export type AuditErrorHandler = (failure: { plugin: string; events: readonly AuditEvent[]; error: unknown }) => void;
