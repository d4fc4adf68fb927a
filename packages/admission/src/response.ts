import { newForbidden, type StatusError } from '@k/apimachinery';
import type { AdmissionRequest, AdmissionResponse } from './interface.js';

/** Lets a request pass. */
export function allow(): AdmissionResponse {
  return { allowed: true };
}

/** Refuses a request; `reason` stands after `pods "x" is forbidden: `. */
export function deny(reason: string): AdmissionResponse {
  return { allowed: false, reason };
}

/** The 403 of a refusal. */
export function forbiddenFor(request: AdmissionRequest, reason: string): StatusError {
  const metadata = request.object?.metadata;
  const name = request.name || metadata?.name || metadata?.generateName || '';
  return newForbidden({ group: request.resource.group, resource: request.resource.resource }, name === '' ? 'Unknown' : name, reason);
}
