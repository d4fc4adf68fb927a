import { stringifyExactJson } from './exact-json.js';
import { goQuote } from './go-quote.js';
import type { StatusCause } from './status.js';

/** The kinds of `field.Error`; the value is the cause's reason. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

/** One validation failure of one field, kube-apiserver's `field.Error`. */
export interface FieldError {
  type: FieldErrorType;
  /** Path from the object's root, e.g. `spec.containers[0].name`. */
  field: string;
  /** The offending value; printed by types that show one. */
  badValue?: unknown;
  detail: string;
}

const TITLES: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

const WITHOUT_VALUE: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
]);

/** A `badValue` that is not printed: the error then shows its type and its detail only. */
export const OMIT_VALUE: unique symbol = Symbol('omitted value');

const HTML_ESCAPES: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

/** The value as upstream prints it: strings quoted, `null`, numbers bare, objects as JSON of Go, which escapes `<`, `>` and `&`. */
function printValue(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return goQuote(value);
  return stringifyExactJson(value).replace(/[<>&]/g, (char) => HTML_ESCAPES[char] as string);
}

/** The text of one error without its field: `Invalid value: "x": must be …`. */
export function fieldErrorBody(error: FieldError): string {
  const title = TITLES[error.type];
  const head = WITHOUT_VALUE.has(error.type) || error.badValue === OMIT_VALUE ? title : `${title}: ${printValue(error.badValue)}`;
  return error.detail === '' ? head : `${head}: ${error.detail}`;
}

/** The text of one error: `metadata.name: Invalid value: "X": must be …`. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** The entry of `status.details.causes` for one error. */
export function fieldErrorCause(error: FieldError): StatusCause {
  return { reason: error.type, message: fieldErrorBody(error), field: error.field };
}

/** Several errors as one text: a single one as it is, more in brackets; repeated texts appear once. */
export function aggregateFieldErrors(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(formatFieldError))];
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`;
}

/** A required field is absent or empty. */
export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail };
}

/** A value is malformed. */
export function invalid(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, badValue, detail };
}

/** A value occurs twice where it must be unique. */
export function duplicate(field: string, badValue: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, badValue, detail: '' };
}

/** A value is outside a closed list: `supported values: "A", "B"` (sorted). */
export function notSupported(field: string, badValue: unknown, supported: readonly string[]): FieldError {
  const list = [...supported].sort().map((value) => JSON.stringify(value));
  return { type: 'FieldValueNotSupported', field, badValue, detail: list.length > 0 ? `supported values: ${list.join(', ')}` : '' };
}

/** A field may not be set or changed here. */
export function forbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail };
}

/** A string is longer than `maxBytes` bytes. */
export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `may not be more than ${maxBytes} bytes` };
}

/** A list or map has more than `maxItems` entries. */
export function tooMany(field: string, actual: number, maxItems: number): FieldError {
  return { type: 'FieldValueTooMany', field, badValue: actual, detail: `must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}` };
}

/** A referenced thing does not exist. */
export function notFound(field: string, badValue: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, badValue, detail: '' };
}

/** A value has the wrong JSON type. */
export function typeInvalid(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field, badValue, detail };
}
