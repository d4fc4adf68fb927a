import { type KubeObject, newInternalError, StatusError } from '@k/apimachinery';
import jsonPatch from 'fast-json-patch';
import type { AdmissionRequest, PatchOperation } from './interface.js';
import { forbiddenFor } from './response.js';

/** How a request came through a chain. */
export type AdmissionOutcome = AdmissionAllowed | AdmissionDenied;

interface OutcomeBase {
  /** Texts for the client, in order. */
  readonly warnings: readonly string[];
  /** For the audit event: `prefix/name` to value. */
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The request may go on with this object. */
export interface AdmissionAllowed extends OutcomeBase {
  readonly allowed: true;
  /** The object after all mutations; null for DELETE. */
  readonly object: KubeObject | null;
  /** What all mutations together did to the object that was given; empty when nothing changed. */
  readonly patch: readonly PatchOperation[];
}

/** The request is refused. */
export interface AdmissionDenied extends OutcomeBase {
  readonly allowed: false;
  /** Why, without the `pods "x" is forbidden: ` before it. */
  readonly reason: string;
  /** HTTP status. */
  readonly code: number;
  /** What a server sends. */
  readonly error: StatusError;
}

interface Runner {
  runMutating(request: AdmissionRequest): Promise<void>;
  runValidating(request: AdmissionRequest): Promise<void>;
}

/** Runs both phases on a copy of the request's object, so that the caller's stays as it is. */
export async function admitCopy(chain: Runner, request: AdmissionRequest): Promise<AdmissionOutcome> {
  const warnings: string[] = [];
  const auditAnnotations: Record<string, string> = {};
  const copy: AdmissionRequest = {
    ...request,
    object: structuredClone(request.object),
    addWarning(text) {
      warnings.push(text);
      request.addWarning(text);
    },
    addAuditAnnotation(key, value, level) {
      auditAnnotations[key] ??= value;
      request.addAuditAnnotation(key, value, level);
    },
  };
  try {
    await chain.runMutating(copy);
    await chain.runValidating(copy);
  } catch (caught) {
    const error = StatusError.is(caught) ? caught : newInternalError('admission failed', caught);
    const prefix = forbiddenFor(copy, '').message;
    const reason = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
    return { allowed: false, reason, code: error.code, error, warnings, auditAnnotations };
  }
  const patch = (request.object === null ? [] : jsonPatch.compare(request.object, copy.object ?? {})) as PatchOperation[];
  return { allowed: true, object: copy.object, patch, warnings, auditAnnotations };
}
