import type { KubeObject } from '@k/apimachinery';
import { convertEvent } from '../kinds/events.js';
import { deepEqual, type FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1123Subdomain, isPathSegment, isQualifiedName } from './names.js';

interface Event {
  involvedObject?: { namespace?: string };
  related?: object;
  eventTime?: string | null;
  reportingComponent?: string;
  reportingInstance?: string;
  action?: string;
  reason?: string;
  type?: string;
  series?: { count?: number; lastObservedTime?: string | null };
  source?: object;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  count?: number;
  message?: string;
}

const SHORT_MAX = 128;
const NOTE_MAX = 1024;

/** The event with the names of the core version. */
function coreFields(object: KubeObject): Event {
  return convertEvent(object, 'v1') as Event;
}

/** An event without a time of its own is of the old kind: it lives beside what it is about, or in `default`. */
function validateOld(event: Event, namespace: string, errors: FieldErrors): void {
  const involved = event.involvedObject?.namespace ?? '';
  const matches = involved === '' ? namespace === '' || namespace === 'default' : involved === namespace;
  if (!matches) errors.invalid('involvedObject.namespace', involved, 'does not match event.namespace');
}

function validateText(value: string | undefined, field: string, errors: FieldErrors): void {
  if ((value ?? '') === '') errors.required(field);
  if (Buffer.byteLength(value ?? '') > SHORT_MAX) errors.invalid(field, '', `can have at most ${SHORT_MAX} characters`);
}

function validateNew(event: Event, namespace: string, controllerField: string, errors: FieldErrors): void {
  const involved = event.involvedObject?.namespace ?? '';
  if (involved === '' && namespace !== 'default' && namespace !== 'kube-system') {
    errors.invalid('involvedObject.namespace', involved, 'does not match event.namespace');
  }
  const { reportingComponent: controller = '' } = event;
  if (controller === '') errors.required(controllerField);
  errors.invalidEach(controllerField, controller, isQualifiedName(controller));
  for (const field of ['reportingInstance', 'action', 'reason'] as const) validateText(event[field], field, errors);
  if (Buffer.byteLength(event.message ?? '') > NOTE_MAX) errors.invalid('message', '', `can have at most ${NOTE_MAX} characters`);
}

/** Rules of both versions. */
function validateEvent(object: KubeObject, controllerField: string, errors: FieldErrors): Event {
  const event = coreFields(object);
  const namespace = object.metadata?.namespace ?? '';
  if ((event.eventTime ?? null) === null) validateOld(event, namespace, errors);
  else validateNew(event, namespace, controllerField, errors);
  return event;
}

function validateSeries({ series }: Event, errors: FieldErrors): void {
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) errors.invalid('series.count', '', 'should be at least 2');
  if ((series.lastObservedTime ?? null) === null) errors.required('series.lastObservedTime');
}

/** Events of the core version. */
export const coreEventValidation: KindValidation = {
  nameRule: isPathSegment,
  metadataOnUpdate: 'none',
  create: (object, errors) => {
    validateEvent(object, 'reportingComponent', errors);
  },
};

const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
] as const;

/** Events of `events.k8s.io`: complete from the start, and only their series changes. */
export const eventValidation: KindValidation = {
  nameRule: (name, prefix) => isDns1123Subdomain(prefix ? name.replace(/-$/, 'a') : name),
  create: (object, errors) => {
    const event = validateEvent(object, 'reportingController', errors);
    validateSeries(event, errors);
    if ((event.eventTime ?? null) === null) errors.required('eventTime');
    if (event.type !== 'Normal' && event.type !== 'Warning') errors.invalid('type', '', `has invalid value: ${event.type ?? ''}`);
    for (const field of ['firstTimestamp', 'lastTimestamp', 'count', 'source'] as const) {
      if (!deepEqual(event[field] ?? undefined, undefined) && event[field] !== 0) errors.invalid(field, '', 'needs to be unset');
    }
  },
  update: (object, old, errors) => {
    const event = validateEvent(object, 'reportingController', errors);
    const before = coreFields(old);
    if (!deepEqual(event.series, before.series)) validateSeries(event, errors);
    for (const field of FIXED) errors.immutable(field, event[field], before[field]);
    errors.immutable('reportingController', event.reportingComponent, before.reportingComponent);
    errors.immutable('reportingInstance', event.reportingInstance, before.reportingInstance);
  },
};
