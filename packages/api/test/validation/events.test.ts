import { testChanges, testCreations } from '../support/validation-table.js';

const EVENT = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  eventTime: '2026-01-01T00:00:00.000000Z',
  regarding: { namespace: 'ns' },
  reportingController: 'a/b',
  reportingInstance: 'i',
  action: 'a',
  reason: 'r',
  type: 'Normal',
};

testCreations('new events', [
  [
    'an old event beside something else',
    { apiVersion: 'v1', kind: 'Event', involvedObject: { namespace: 'other' } },
    ['involvedObject.namespace Invalid: Invalid value: "other": does not match event.namespace'],
  ],
  ['an old event', { apiVersion: 'v1', kind: 'Event', involvedObject: { namespace: 'ns' } }, []],
  [
    'a new event in the shape of the old',
    {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: { namespace: 'ns' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingComponent: 'a b',
    },
    [
      "reportingComponent Invalid: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'reportingInstance Required: Required value',
      'action Required: Required value',
      'reason Required: Required value',
    ],
  ],
  [
    'an event without anything',
    { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
    [
      'involvedObject.namespace Invalid: Invalid value: "": does not match event.namespace',
      'eventTime Required: Required value',
      'type Invalid: Invalid value: "": has invalid value: ',
    ],
  ],
  ['a complete event', EVENT, []],
  [
    'an event with old fields',
    {
      ...EVENT,
      action: 'a'.repeat(129),
      type: 'Other',
      series: { count: 1 },
      deprecatedCount: 3,
    },
    [
      'action Invalid: Invalid value: "": can have at most 128 characters',
      'series.count Invalid: Invalid value: "": should be at least 2',
      'series.lastObservedTime Required: Required value',
      'type Invalid: Invalid value: "": has invalid value: Other',
      'count Invalid: Invalid value: "": needs to be unset',
    ],
  ],
]);

testChanges('changed events', [
  [
    'what an event says',
    EVENT,
    {
      ...EVENT,
      reason: 's',
      note: 'x',
    },
    '',
    ['reason Invalid: Invalid value: "s": field is immutable', 'message Invalid: Invalid value: "x": field is immutable'],
  ],
  [
    'the series of an event',
    EVENT,
    {
      ...EVENT,
      series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
    },
    '',
    [],
  ],
]);
