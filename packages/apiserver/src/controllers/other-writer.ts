import type { KubeObject, ManagedFieldsEntry } from '@k/apimachinery';
import { timestamp } from '../rest/write-object.js';

/** The field manager of kube-controller-manager's writes. */
const MANAGER = 'kube-controller-manager';

/**
 * True when kube-controller-manager wrote an object's data last.
 *
 * With one beside this server two controllers keep the same objects; where they were given different root CAs each would
 * overwrite the other's without end.
 */
export function isKeptByControllerManager(object: KubeObject): boolean {
  return object.metadata?.managedFields?.some(({ manager, fieldsV1 }) => manager === MANAGER && hasData(fieldsV1)) === true;
}

function hasData(fields: unknown): boolean {
  return typeof fields === 'object' && fields !== null && 'f:data' in fields;
}

/** Records that this server wrote the data: later writers are only recorded where somebody has been. */
export function ownData(): ManagedFieldsEntry {
  const entry = {
    manager: 'k-apiserver',
    operation: 'Update',
    apiVersion: 'v1',
    time: timestamp(Date.now()),
    fieldsType: 'FieldsV1',
  } as const;
  return { ...entry, fieldsV1: { 'f:data': { '.': {} } } };
}
