import type { AuditErrorHandler } from './backend.js';
import { legacyLine } from './legacy-format.js';

/** What upstream's log says of events that were lost: by whom, why, and a line for each of them. */
export function failureText({ plugin, events, error }: Parameters<AuditErrorHandler>[0]): string {
  const why = error instanceof Error ? error.message : String(error);
  const head = `Error in audit plugin '${plugin}' affecting ${events.length} audit events: ${why}\nImpacted events:\n`;
  return head + events.map((event) => `${legacyLine(event)}\n`).join('');
}
