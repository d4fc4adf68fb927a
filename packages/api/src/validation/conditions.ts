import type { FieldErrors } from './field-errors.js';
import { isQualifiedName } from './names.js';

/** A condition of `meta.k8s.io`: what API conventions ask of every status. */
export interface Condition {
  type?: string;
  status?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const REASON_TEXT =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;
const STATUSES: readonly string[] = ['False', 'True', 'Unknown'];

/** Conditions with all fields that `metav1.Condition` requires, each type once. */
export function validateConditions(conditions: Condition[] | undefined, at: string, errors: FieldErrors): void {
  const seen = new Map<string, number>();
  conditions?.forEach((condition, i) => {
    const path = `${at}[${i}]`;
    const { type = '', status = '', reason = '', message = '', lastTransitionTime } = condition;
    const first = seen.get(type);
    if (first !== undefined) errors.duplicate(`${path}.type`, type);
    else seen.set(type, i);
    if (type === '') errors.required(`${path}.type`, 'must be set');
    else errors.invalidEach(`${path}.type`, type, isQualifiedName(type));
    errors.oneOf(`${path}.status`, status, STATUSES);
    errors.nonNegative(`${path}.observedGeneration`, condition.observedGeneration);
    if ((lastTransitionTime ?? '') === '') errors.required(`${path}.lastTransitionTime`, 'must be set');
    if (reason === '') errors.required(`${path}.reason`, 'must be set');
    else {
      if (!REASON.test(reason)) errors.invalid(`${path}.reason`, reason, REASON_TEXT);
      if (Buffer.byteLength(reason) > REASON_BYTES_MAX) errors.tooLong(`${path}.reason`, REASON_BYTES_MAX);
    }
    if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) errors.tooLong(`${path}.message`, MESSAGE_BYTES_MAX);
  });
}
