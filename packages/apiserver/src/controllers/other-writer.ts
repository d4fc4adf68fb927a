import type { KubeObject, ManagedFieldsEntry } from '@k/apimachinery';
import { timestamp } from '../rest/write-object.js';

/** The field manager of kube-controller-manager's writes. */
const MANAGER = 'kube-controller-manager';
/** That of this server's. */
const OWN = 'k-apiserver';

/**
 * True when kube-controller-manager wrote an object's data last.
 *
 * With one beside this server two controllers keep the same objects; where they were given different root CAs each would
 * overwrite the other's without end.
 */
export function isKeptByControllerManager(object: KubeObject): boolean {
  return writersOf(object).includes(MANAGER);
}

/** True when nobody but this server, or another one on the same store, wrote an object's data. */
export function isKeptByServers(object: KubeObject): boolean {
  const writers = writersOf(object);
  return writers.length > 0 && writers.every((name) => name === OWN);
}

function writersOf(object: KubeObject): string[] {
  return (object.metadata?.managedFields ?? []).filter(({ fieldsV1 }) => hasData(fieldsV1)).map(({ manager = '' }) => manager);
}

function hasData(fields: unknown): boolean {
  return typeof fields === 'object' && fields !== null && 'f:data' in fields;
}

/** Records that this server wrote the data: later writers are only recorded where somebody has been. */
export function ownData(): ManagedFieldsEntry {
  const entry = {
    manager: OWN,
    operation: 'Update',
    apiVersion: 'v1',
    time: timestamp(Date.now()),
    fieldsType: 'FieldsV1',
  } as const;
  return { ...entry, fieldsV1: { 'f:data': { '.': {} } } };
}
