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

/**
 * The same text for values that {@link celEquals} finds equal, and for no others; null for values of types that only know
 * themselves what is equal.
 */
export function equalityKey(value: unknown): string | null {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  const number = numberOf(value);
  if (number !== null) return Number.isInteger(number) ? String(BigInt(number)) : String(number);
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('base64')}`;
  if (value instanceof Date) return `t${value.getTime()}`;
  if (value instanceof Duration) return `d${value.seconds}.${value.nanos}`;
  if (Array.isArray(value)) return joined(value.map(equalityKey), '[]');
  if (typeof value !== 'object' || isComparable(value) || !isPlain(value)) return null;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return joined(
    entries.map(([name, item]) => {
      const key = equalityKey(item);
      return key === null ? null : `${JSON.stringify(name)}:${key}`;
    }),
    '{}',
  );
}

function joined(parts: readonly (string | null)[], brackets: string): string | null {
  return parts.includes(null) ? null : `${brackets[0]}${parts.join(',')}${brackets[1]}`;
}

/** Distinct values, found without a comparison with each of them where that can be. */
export class CelValues {
  readonly #keys = new Set<string>();
  readonly #others: unknown[] = [];

  constructor(values: readonly unknown[] = []) {
    for (const value of values) this.add(value);
  }

  has(value: unknown): boolean {
    const key = equalityKey(value);
    return key === null ? this.#others.some((other) => celEquals(other, value)) : this.#keys.has(key);
  }

  /** False when it was there already. */
  add(value: unknown): boolean {
    if (this.has(value)) return false;
    const key = equalityKey(value);
    if (key === null) this.#others.push(value);
    else this.#keys.add(key);
    return true;
  }
}
