import type { FieldErrors } from './field-errors.js';

/** A path without `..` elements. */
export function validateNoBacksteps(path: string, at: string, errors: FieldErrors): void {
  if (path.includes('..') && path.split('/').includes('..')) errors.invalid(at, path, "must not contain '..'");
}

/** A path below some directory: relative, without `..`. */
export function validateLocalPath(path: string, at: string, errors: FieldErrors): void {
  if (path.startsWith('/')) errors.invalid(at, path, 'must be a relative path');
  validateNoBacksteps(path, at, errors);
}

/** A local path that does not begin with the names that atomic writers use (`..data`). */
export function validateLocalNonReservedPath(path: string, at: string, errors: FieldErrors): void {
  validateLocalPath(path, at, errors);
  if (path.startsWith('..') && !path.startsWith('../')) errors.invalid(at, path, "must not start with '..'");
}
