import type { FieldErrors } from './field-errors.js';
import { isPercent } from './names.js';

/** A number, or a share such as `25%`. */
export type IntOrPercent = number | string;

/** Not negative, and a percentage where it is a text. */
export function validateIntOrPercent(value: IntOrPercent, at: string, errors: FieldErrors): void {
  if (typeof value === 'string') errors.invalidEach(at, value, isPercent(value));
  else errors.nonNegative(at, value);
}

/** At most `100%`; plain numbers pass. */
export function validateNotAbove100Percent(value: IntOrPercent, at: string, errors: FieldErrors): void {
  if (typeof value === 'string' && isPercent(value).length === 0 && Number(value.slice(0, -1)) > 100) {
    errors.invalid(at, value, 'must not be greater than 100%');
  }
}

/** The bare number, with or without a percent sign; 0 for other texts. */
export function intOrPercentValue(value: IntOrPercent): number {
  if (typeof value === 'number') return value;
  if (isPercent(value).length === 0) return Number(value.slice(0, -1));
  return /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}
