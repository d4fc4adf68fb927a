import type { KubeObject } from '@k/apimachinery';
import type { KindRules } from './index.js';

type Fields = Record<string, unknown>;

/** Field of core Event ↔ field of events.k8s.io Event. */
const RENAMED: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

const EVENTS_VERSION = 'events.k8s.io/v1';

/** Fields that Go always shows, per version. */
const ALWAYS_SHOWN: Readonly<Record<string, () => Fields>> = {
  v1: () => ({
    involvedObject: {},
    eventTime: null,
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    reportingComponent: '',
    reportingInstance: '',
  }),
  [EVENTS_VERSION]: () => ({
    regarding: {},
    eventTime: null,
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  }),
};
/** Fields that Go shows in one version though they are empty, and not in the other. */
const SHOWN_EMPTY_IN_CORE = ['reportingController', 'reportingInstance'] as const;

function showAlways(object: KubeObject): void {
  for (const [field, value] of Object.entries(ALWAYS_SHOWN[object.apiVersion ?? '']?.() ?? {})) object[field] ??= value;
}

/** Converts between core/v1 and events.k8s.io/v1; objects lie in the store as they were written. Never mutates. */
export function convertEvent(object: KubeObject, toApiVersion: string): KubeObject {
  if (object.apiVersion === toApiVersion) return object;
  const toCore = toApiVersion === 'v1';
  const names = new Map(RENAMED.map(([core, events]) => (toCore ? [events, core] : [core, events])));
  const out: KubeObject = {};
  for (const key of Object.keys(object)) out[names.get(key) ?? key] = object[key];
  out.apiVersion = toApiVersion;
  if (!toCore) for (const field of SHOWN_EMPTY_IN_CORE) if (out[field] === '') delete out[field];
  showAlways(out);
  return out;
}

const rules: KindRules = {
  // Both groups keep their events in one place, each in its own shape.
  coerceStored: true,
  applyDefaults: showAlways,
  allowCreateOnUpdate: true,
  fieldSelectorErrors: 'label',
  selectFields: (object) => {
    const core = convertEvent(object, 'v1');
    const involved = (core['involvedObject'] ?? {}) as Fields;
    const source = (core['source'] ?? {}) as Fields;
    const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
    const fields: Record<string, string> = {
      reason: text(core['reason']),
      type: text(core['type']),
      reportingComponent: text(core['reportingComponent']),
      reportingController: text(core['reportingComponent']),
      source: text(source['component'] ?? core['reportingComponent']),
    };
    for (const name of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']) {
      fields[`involvedObject.${name}`] = text(involved[name]);
      fields[`regarding.${name}`] = text(involved[name]);
    }
    return fields;
  },
};

/** Core events. */
export const coreEventStrategy: KindRules = { ...rules, convert: (object) => convertEvent(object, 'v1') };
/** Events of events.k8s.io, the same objects in another shape. */
export const eventStrategy: KindRules = { ...rules, convert: (object) => convertEvent(object, EVENTS_VERSION) };
