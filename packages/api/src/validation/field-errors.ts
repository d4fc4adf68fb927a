import { type FieldError, OMIT_VALUE } from '@k/apimachinery';

/** Details that many rules share. */
export const MUST_NOT_BE_NEGATIVE = 'must be greater than or equal to 0';
export const MUST_BE_POSITIVE = 'must be greater than zero';
export const IMMUTABLE = 'field is immutable';

/**
 * Collects the errors of one object in the order in which they are found.
 *
 * Paths are plain strings that callers build by concatenation: V8 keeps such a string as two pointers until it is
 * read, so a path that no error uses costs next to nothing.
 */
export class FieldErrors {
  readonly list: FieldError[] = [];

  /** A required field is absent or empty. */
  required(field: string, detail = ''): void {
    this.list.push({ type: 'FieldValueRequired', field, detail });
  }

  /** A value is malformed. */
  invalid(field: string, badValue: unknown, detail: string): void {
    this.list.push({ type: 'FieldValueInvalid', field, badValue, detail });
  }

  /** A structure whose parts contradict each other; its value is not printed. */
  invalidWhole(field: string, detail: string): void {
    this.invalid(field, OMIT_VALUE, detail);
  }

  /** One error for each message about one value. */
  invalidEach(field: string, badValue: unknown, messages: readonly string[]): void {
    for (const detail of messages) this.invalid(field, badValue, detail);
  }

  /** A field may not be set or changed here. */
  forbidden(field: string, detail: string): void {
    this.list.push({ type: 'FieldValueForbidden', field, detail });
  }

  /** A value occurs twice. */
  duplicate(field: string, badValue: unknown, detail = ''): void {
    this.list.push({ type: 'FieldValueDuplicate', field, badValue, detail });
  }

  /** A referenced thing does not exist. */
  notFound(field: string, badValue: unknown, detail = ''): void {
    this.list.push({ type: 'FieldValueNotFound', field, badValue, detail });
  }

  /** A value is outside a closed list, which is named in the given order (upstream sorts most, not all). */
  notSupported(field: string, badValue: unknown, supported: readonly string[]): void {
    const detail = supported.length === 0 ? '' : `supported values: ${supported.map((value) => JSON.stringify(value)).join(', ')}`;
    this.list.push({ type: 'FieldValueNotSupported', field, badValue, detail });
  }

  /** A string or a whole map is longer than `maxBytes` bytes. */
  tooLong(field: string, maxBytes: number): void {
    this.list.push({ type: 'FieldValueTooLong', field, detail: `may not be more than ${maxBytes} bytes` });
  }

  /** A list has more than `maxItems` entries. */
  tooMany(field: string, actual: number, maxItems: number): void {
    const detail = `must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}`;
    this.list.push({ type: 'FieldValueTooMany', field, badValue: actual, detail });
  }

  /** A number below zero; absent counts as zero. */
  nonNegative(field: string, value: number | bigint | undefined): void {
    if (value !== undefined && value < 0) this.invalid(field, value, MUST_NOT_BE_NEGATIVE);
  }

  /** A value that is not in `supported`; an absent one is fine when `optional`. */
  oneOf(field: string, value: string | undefined, supported: readonly string[]): void {
    if (!supported.includes(value ?? '')) this.notSupported(field, value ?? '', supported);
  }

  /** A value that changed though it may not. */
  immutable(field: string, now: unknown, before: unknown): void {
    if (!deepEqual(now, before)) this.invalid(field, now ?? null, IMMUTABLE);
  }
}

/** Whether an object, array or string holds nothing; absent values are empty. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object') return Object.keys(value).length === 0;
  return false;
}

/** Equality of JSON values in which empty lists and maps equal absent ones, as Go's semantic equality has it. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return isEmpty(a) && isEmpty(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => deepEqual(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!deepEqual(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}
