import { randomUUID } from 'node:crypto';
import { type GroupVersionKind, type GroupVersionResource, type KubeObject, parseGroupVersion } from '@k/apimachinery';
import type { AdmissionRequest, AdmissionUser, Operation } from './interface.js';

/** What a request is made of; everything else has a default. */
export interface AdmissionRequestOptions {
  operation: Operation;
  resource: GroupVersionResource;
  /** Default: of the object. */
  kind?: GroupVersionKind;
  subresource?: string;
  /** Default: of the object, or of the old one. */
  namespace?: string;
  name?: string;
  /** Default: `system:anonymous`. */
  user?: AdmissionUser;
  dryRun?: boolean;
  object?: KubeObject | null;
  oldObject?: KubeObject | null;
  options?: KubeObject | null;
  /** Aborted when nobody waits for the answer any more. */
  abortSignal?: AbortSignal;
  addWarning?: (text: string) => void;
  addAuditAnnotation?: (key: string, value: string) => void;
}

/** Makes the request that a chain admits. */
export function createAdmissionRequest(given: AdmissionRequestOptions): AdmissionRequest {
  const { object = null, oldObject = null } = given;
  const known = object ?? oldObject;
  const { abortSignal } = given;
  const version = parseGroupVersion(known?.apiVersion ?? '') ?? { group: '', version: '' };
  return {
    uid: randomUUID(),
    operation: given.operation,
    kind: given.kind ?? { ...version, kind: known?.kind ?? '' },
    resource: given.resource,
    subresource: given.subresource ?? '',
    namespace: given.namespace ?? known?.metadata?.namespace ?? '',
    name: given.name ?? known?.metadata?.name ?? '',
    user: given.user ?? { username: 'system:anonymous', groups: ['system:unauthenticated'] },
    dryRun: given.dryRun ?? false,
    object,
    oldObject,
    options: given.options ?? null,
    ...(abortSignal === undefined ? {} : { abortSignal: () => abortSignal }),
    addWarning: given.addWarning ?? (() => {}),
    addAuditAnnotation: given.addAuditAnnotation ?? (() => {}),
  };
}
