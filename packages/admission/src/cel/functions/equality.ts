import { Quantity } from '@k/apimachinery';
import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';

/** A value of a type of ours that can tell whether another one is the same. */
export interface Comparable {
  equals(other: unknown): boolean;
}

const isComparable = (value: object): value is Comparable => 'equals' in value && typeof value.equals === 'function';
const isPlain = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** A number of any kind for comparison across kinds; null for everything else. */
function numberOf(value: unknown): bigint | number | null {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof UnsignedInt ? value.valueOf() : null;
}

/** CEL's `==`: deep, numbers across their kinds, false for values of different types. */
export function celEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const left = numberOf(a);
  if (left !== null) {
    const right = numberOf(b);
    // biome-ignore lint/suspicious/noDoubleEquals: compares a bigint with a number by value
    return right !== null && left == right;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => celEquals(item, b[i]));
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Duration) return b instanceof Duration && a.seconds === b.seconds && a.nanos === b.nanos;
  if (a instanceof Quantity) return b instanceof Quantity && a.compare(b) === 0;
  if (a instanceof Optional) {
    if (!(b instanceof Optional) || a.hasValue() !== b.hasValue()) return false;
    return !a.hasValue() || celEquals(a.value(), b.value());
  }
  if (isComparable(a)) return a.equals(b);
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && celEquals(a[key], b[key]));
}
