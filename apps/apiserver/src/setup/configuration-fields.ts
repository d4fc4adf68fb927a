/** Reads the fields of a configuration file; what is wrong is gathered with its path. */
import { type FieldError, notSupported, typeInvalid } from '@k/apimachinery';

/** Fields of an object. */
export type Fields = Record<string, unknown>;

/** The fields of an object; others than those that are known are faults. */
export function fieldsOf(value: unknown, at: string, errors: FieldError[], known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    errors.push(typeInvalid(at === '' ? '<root>' : at, value ?? null, 'must be an object'));
    return {};
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) errors.push(notSupported(at === '' ? '<root>' : at, name, known));
  }
  return value as Fields;
}

/** A list; empty when it is absent. */
export function listOf(value: unknown, at: string, errors: FieldError[]): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  errors.push(typeInvalid(at, value, 'must be a list'));
  return [];
}

/** Text; '' when it is absent. */
export function textOf(value: unknown, at: string, errors: FieldError[]): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  errors.push(typeInvalid(at, value, 'must be a string'));
  return '';
}
