import { newForbidden, type StatusError } from '@k/apimachinery';
import type { AdmissionRequest, AdmissionResponse, PatchOperation } from './interface.js';

/** What {@link allow} may carry. */
export interface AllowOptions {
  /** Changes to the object; only in the mutating phase. */
  patch?: readonly PatchOperation[];
  /** Shown to the client as `Warning` headers. */
  warnings?: readonly string[];
  /** Written to the audit event; a key without `/` gets the controller's name before it. */
  auditAnnotations?: Readonly<Record<string, string>>;
}

/** Lets a request pass, optionally changed or with remarks. */
export function allow(options: AllowOptions = {}): AdmissionResponse {
  return { allowed: true, ...options };
}

/**
 * Refuses a request.
 *
 * @param reason - Stands after `pods "x" is forbidden: `.
 * @param options.code - HTTP status. Default 403.
 */
export function deny(reason: string, options: { code?: number; warnings?: readonly string[] } = {}): AdmissionResponse {
  return { allowed: false, reason, ...options };
}

/** The 403 of a refusal. */
export function forbiddenFor(request: AdmissionRequest, reason: string): StatusError {
  const metadata = request.object?.metadata;
  const name = request.name || metadata?.name || metadata?.generateName || 'Unknown';
  return newForbidden({ group: request.resource.group, resource: request.resource.resource }, name, reason);
}
