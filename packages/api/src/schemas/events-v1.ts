import type { SchemaTable } from './notation.js';

/** Shapes of `events.v1`, release 1.36, in the notation of `notation.ts`. */
export const eventsV1Schemas = (): SchemaTable => ({
  Event: {
    action: 'string',
    apiVersion: 'string',
    deprecatedCount: 'int32',
    deprecatedFirstTimestamp: 'time',
    deprecatedLastTimestamp: 'time',
    deprecatedSource: 'core.v1/EventSource default({})',
    eventTime: 'micro-time required',
    kind: 'string',
    metadata: 'meta.v1/ObjectMeta default({})',
    note: 'string',
    reason: 'string',
    regarding: 'core.v1/ObjectReference default({})',
    related: 'core.v1/ObjectReference',
    reportingController: 'string',
    reportingInstance: 'string',
    series: 'EventSeries',
    type: 'string',
  },
  EventList: {
    apiVersion: 'string',
    items: '[]Event required',
    kind: 'string',
    metadata: 'meta.v1/ListMeta default({})',
  },
  EventSeries: {
    count: 'int32 required default(0)',
    lastObservedTime: 'micro-time required',
  },
});
