import type { KubeObject } from '@k/apimachinery';
import type { TableDefinition } from '../definition.js';
import { age } from './age.js';
import { column, wide } from './columns.js';
import { at, type Fields, integer, nameOf, text } from './fields.js';

/** Events of the core group and of events.k8s.io name the same things differently. */
function inCoreWords(event: KubeObject): Fields {
  if (!event.apiVersion?.startsWith('events.k8s.io/')) return event;
  return {
    ...event,
    involvedObject: event['regarding'],
    message: event['note'],
    source: event['deprecatedSource'],
    firstTimestamp: event['deprecatedFirstTimestamp'],
    lastTimestamp: event['deprecatedLastTimestamp'],
    count: event['deprecatedCount'],
    reportingComponent: event['reportingController'],
  };
}

function subject(event: Fields): string {
  const kind = text(event, 'involvedObject.kind').toLowerCase();
  const name = text(event, 'involvedObject.name');
  return name === '' ? kind : `${kind}/${name}`;
}

function source(event: Fields): string {
  const component = text(event, 'source.component') || text(event, 'reportingComponent');
  const instance = text(event, 'source.host') || text(event, 'reportingInstance');
  return instance === '' ? component : `${component}, ${instance}`;
}

/** Events of both groups. */
export const eventTable: TableDefinition = {
  columns: [
    column('Last Seen'),
    column('Type'),
    column('Reason'),
    column('Object'),
    wide('Subobject'),
    wide('Source'),
    column('Message'),
    wide('First Seen'),
    wide('Count'),
    wide('Name', 'name'),
  ],
  cells: (object, now) => {
    const event = inCoreWords(object);
    const first = age(at(event, 'firstTimestamp') ?? at(event, 'eventTime'), now);
    const last = at(event, 'lastTimestamp');
    const series = at(event, 'series');
    return [
      series !== undefined ? age(at(series, 'lastObservedTime'), now) : last === undefined ? first : age(last, now),
      text(event, 'type'),
      text(event, 'reason'),
      subject(event),
      text(event, 'involvedObject.fieldPath'),
      source(event),
      text(event, 'message').trim(),
      first,
      series === undefined ? integer(event, 'count') || 1 : integer(series, 'count'),
      nameOf(object),
    ];
  },
};
