import type { AuditEvent } from '../event.js';
import { formatEvent } from '../format-event.js';
import type { AuditBackend, AuditErrorHandler } from './backend.js';
import { requirePositive } from './limits.js';

const TRUNCATED = 'audit.k8s.io/truncated';

/** A request that has annotations keeps this one for its later events, as upstream's do: they share one map. */
function truncatedAnnotations({ annotations }: AuditEvent): Readonly<Record<string, string>> {
  return Object.assign(annotations ?? {}, { [TRUNCATED]: 'true' });
}

/**
 * Drops bodies of events that are too big, and splits batches that are. Sizes in bytes of JSON, with the newline.
 *
 * An event that is too big even so is left out and reported; the request goes on, as upstream, in every mode.
 *
 * @param options.maxEventBytes - Default 102,400.
 * @param options.maxBatchBytes - Default 10,485,760.
 * @throws {RangeError} for sizes that are not positive, or a batch smaller than an event.
 */
export function truncateBackend(
  backend: AuditBackend,
  options: { maxEventBytes?: number; maxBatchBytes?: number; onError?: AuditErrorHandler } = {},
): AuditBackend {
  const { maxEventBytes = 102_400, maxBatchBytes = 10_485_760, onError } = options;
  requirePositive({ maxEventBytes, maxBatchBytes });
  if (maxBatchBytes < maxEventBytes) throw new RangeError(`"maxBatchBytes" expected at least ${maxEventBytes}, got ${maxBatchBytes}`);
  const sizeOf = (event: AuditEvent): number => Buffer.byteLength(formatEvent(event)) + 1;
  return {
    name: `truncate<${backend.name}>`,
    process(events) {
      const batches: AuditEvent[][] = [[]];
      let bytes = 0;
      for (const given of events) {
        let event = given;
        let size = sizeOf(event);
        if (size > maxEventBytes && event.level !== 'Metadata') {
          event = { ...event, requestObject: undefined, responseObject: undefined, annotations: truncatedAnnotations(event) };
          size = sizeOf(event);
        }
        if (size > maxEventBytes) {
          onError?.({ plugin: 'truncate', events: [given], error: new Error('event is too large even after truncating') });
          continue;
        }
        if (bytes + size > maxBatchBytes && bytes > 0) {
          batches.push([]);
          bytes = 0;
        }
        batches.at(-1)?.push(event);
        bytes += size;
      }
      const results = batches.filter((batch) => batch.length > 0).map((batch) => backend.process(batch));
      return results.some((result) => result instanceof Promise)
        ? Promise.all(results).then((all) => all.every(Boolean))
        : results.every((result) => result === true);
    },
    close: () => backend.close(),
  };
}
