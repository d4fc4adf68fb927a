import type { FieldNumbers } from '../notation.js';

/** Numbers of the protobuf fields of `events.v1`, release 1.36, in the notation of `notation.ts`. */
export const eventsV1Fields: FieldNumbers = {
  Event:
    'metadata eventTime series reportingController reportingInstance action reason regarding related note type deprecatedSource deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedCount~',
  EventList: 'metadata items',
  EventSeries: 'count~ lastObservedTime',
};
