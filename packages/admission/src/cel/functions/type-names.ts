import { Quantity } from '@k/apimachinery';
import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { CelEvaluationError } from '../errors.js';

/** The name of the type of a value, as runtime errors print it. */
export function typeNameOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
  }
  if (value === null || value === undefined) return 'null_type';
  if (Array.isArray(value)) return 'list';
  if (value instanceof UnsignedInt) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Date) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof Quantity) return 'kubernetes.Quantity';
  const own = (value as { typeName?: unknown }).typeName;
  return typeof own === 'string' ? own : 'map';
}

/** A function was called with values that it does not take. */
export function noSuchOverload(name: string, ...args: unknown[]): CelEvaluationError {
  return new CelEvaluationError(`no such overload: ${name}(${args.map(typeNameOf).join(', ')})`);
}
