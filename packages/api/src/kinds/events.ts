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

/** Converts between core/v1 and events.k8s.io/v1; the store holds core/v1. */
export function convertEvent(object: KubeObject, toApiVersion: string): KubeObject {
  if (object.apiVersion === toApiVersion) return object;
  const toCore = toApiVersion === 'v1';
  const names = new Map(RENAMED.map(([core, events]) => (toCore ? [events, core] : [core, events])));
  const out: KubeObject = {};
  for (const key of Object.keys(object)) out[names.get(key) ?? key] = object[key];
  out.apiVersion = toApiVersion;
  return out;
}

/** Events of both groups. */
export const eventStrategy: KindRules = {
  // Always shown, as Go shows a time that is not set.
  applyDefaults: (object) => {
    object['eventTime'] ??= null;
  },
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
